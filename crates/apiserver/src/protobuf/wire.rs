//! The wire format: numbered fields in a row of bytes. What they mean is left to the table.

use super::error::Flaw;

/// A field's value, as far as the wire says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes, which no field of the table has.
    Fixed,
}

/// The fields of a message with their numbers, in the order sent; nothing follows an error.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<(u32, Wire<'_>), Flaw>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let field = field(&mut rest);
            if field.is_err() {
                rest = &[];
            }
            field
        })
    })
}

/// The numbers in a packed list.
pub(super) fn varints(packed: &[u8]) -> impl Iterator<Item = Result<u64, Flaw>> {
    let mut rest = packed;
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let number = varint(&mut rest);
            if number.is_err() {
                rest = &[];
            }
            number
        })
    })
}

/// The text that bytes are.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Flaw> {
    std::str::from_utf8(bytes).map_err(|_| Flaw::NotUtf8)
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Wire<'a>), Flaw> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3).map_err(|_| Flaw::FieldNumber)?;
    if !(1..1 << 29).contains(&number) {
        return Err(Flaw::FieldNumber);
    }
    let value = match tag & 7 {
        0 => Wire::Varint(varint(rest)?),
        1 => take(rest, 8).map(|_| Wire::Fixed)?,
        2 => {
            let length = varint(rest)?;
            Wire::Bytes(take(
                rest,
                usize::try_from(length).map_err(|_| Flaw::CutShort)?,
            )?)
        }
        5 => take(rest, 4).map(|_| Wire::Fixed)?,
        _ => return Err(Flaw::WireType),
    };
    Ok((number, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Flaw> {
    rest.split_off(..length).ok_or(Flaw::CutShort)
}

/// Seven bits a byte, the lowest first; all but the last byte have the highest bit.
fn varint(rest: &mut &[u8]) -> Result<u64, Flaw> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first().ok_or(Flaw::CutShort)?;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return Err(Flaw::LongNumber);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Flaw::LongNumber)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::number(&[0x08, 0x96, 0x01], Ok((1, Wire::Varint(150))))]
    #[case::largest_number(&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], Ok((1, Wire::Varint(u64::MAX))))]
    #[case::bytes(&[0x12, 2, b'h', b'i'], Ok((2, Wire::Bytes(b"hi"))))]
    #[case::eight_bytes(&[0x09, 1, 2, 3, 4, 5, 6, 7, 8], Ok((1, Wire::Fixed)))]
    #[case::four_bytes(&[0x0d, 1, 2, 3, 4], Ok((1, Wire::Fixed)))]
    #[case::number_over_64_bits(&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2], Err(Flaw::LongNumber))]
    #[case::endless_number(&[0xff; 12], Err(Flaw::LongNumber))]
    #[case::no_value(&[0x08], Err(Flaw::CutShort))]
    #[case::long_bytes(&[0x12, 3, b'h', b'i'], Err(Flaw::CutShort))]
    #[case::bytes_over_memory(&[0x12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], Err(Flaw::CutShort))]
    #[case::field_zero(&[0x00, 0x00], Err(Flaw::FieldNumber))]
    #[case::field_over_29_bits(&[0x80, 0x80, 0x80, 0x80, 0x10, 0], Err(Flaw::FieldNumber))]
    #[case::group(&[0x0b, 0x0c], Err(Flaw::WireType))]
    fn the_first_field_is_read(
        #[case] bytes: &[u8],
        #[case] expected: Result<(u32, Wire<'_>), Flaw>,
    ) {
        assert_eq!(fields(bytes).next(), Some(expected));
    }

    #[test]
    fn nothing_follows_an_error() {
        let read: Vec<_> = fields(&[0x08, 1, 0x0b, 0x08, 1]).collect();
        assert_eq!(read, [Ok((1, Wire::Varint(1))), Err(Flaw::WireType)]);
    }
}

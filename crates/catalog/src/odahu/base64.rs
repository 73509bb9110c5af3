//! Base64 as Go reads it, for the byte that it complains about. The rules are those of
//! `encoding/base64` with the standard alphabet: line ends count nowhere, all else does.

use bowline_core::Sensitive;

/// The text is not base64; the place is counted in bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("illegal base64 data at input byte {0}")]
pub(super) struct Corrupt(pub(super) usize);

/// Reads a text.
pub(super) fn decode(text: &str) -> Result<Sensitive, Corrupt> {
    let source = text.as_bytes();
    let mut bytes = Vec::with_capacity(source.len() / 4 * 3);
    let mut at = 0;
    while at < source.len() {
        at = quantum(source, at, &mut bytes)?;
    }
    Ok(Sensitive::new(bytes))
}

/// Reads up to four characters from `at` on, and returns where the next ones begin.
fn quantum(source: &[u8], mut at: usize, bytes: &mut Vec<u8>) -> Result<usize, Corrupt> {
    let mut bits: u32 = 0;
    let mut count = 0;
    while count < 4 {
        let Some(&byte) = source.get(at) else {
            // Where only line ends are left there is nothing to complain about. Else the place is
            // as many bytes back as characters were read, whatever stood in between.
            return if count == 0 {
                Ok(at)
            } else {
                Err(Corrupt(at - count))
            };
        };
        at += 1;
        if let Some(value) = value(byte) {
            bits = bits << 6 | value;
            count += 1;
        } else if byte == b'=' {
            let at = padding(source, at, count)?;
            push(bits << (6 * (4 - count)), count, bytes);
            return Ok(at);
        } else if !matches!(byte, b'\r' | b'\n') {
            return Err(Corrupt(at - 1));
        }
    }
    push(bits, count, bytes);
    Ok(at)
}

/// Checks what follows the first `=`; nothing but line ends may come after it and its twin.
fn padding(source: &[u8], at: usize, count: usize) -> Result<usize, Corrupt> {
    let skip = |mut at: usize| {
        while matches!(source.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        at
    };
    let mut at = match count {
        0 | 1 => return Err(Corrupt(at - 1)),
        2 => {
            let at = skip(at);
            match source.get(at) {
                Some(b'=') => at + 1,
                Some(_) => return Err(Corrupt(at - 1)),
                None => return Err(Corrupt(source.len())),
            }
        }
        _ => at,
    };
    at = skip(at);
    if at < source.len() {
        return Err(Corrupt(at));
    }
    Ok(at)
}

fn push(bits: u32, count: usize, bytes: &mut Vec<u8>) {
    let [_, all @ ..] = bits.to_be_bytes();
    bytes.extend_from_slice(&all[..count - 1]);
}

fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

//! The types whose JSON is not an object of their fields.

use super::error::Flaw;
use super::wire::{self, Wire, fields};
use jiff::Timestamp;
use serde_json::Value;

/// The first second of the year 1, before which no time can be written.
const EARLIEST: i64 = -62_135_596_800;

/// Which of the two an `IntOrString` is.
const STRING: u64 = 1;

/// Seconds, in UTC; null when there is none.
pub(super) fn time(body: &[u8]) -> Result<Value, Flaw> {
    Ok(timestamp(body)?
        .map(|time| format!("{time:.0}").into())
        .unwrap_or_default())
}

/// Microseconds, in UTC; null when there is none.
pub(super) fn micro_time(body: &[u8]) -> Result<Value, Flaw> {
    Ok(timestamp(body)?
        .map(|time| format!("{time:.6}").into())
        .unwrap_or_default())
}

/// A number or a text.
pub(super) fn int_or_string(body: &[u8]) -> Result<Value, Flaw> {
    if number(body, 1)? == STRING {
        return Ok(wire::text(bytes(body, 3)?)?.into());
    }
    Ok((number(body, 2)? as i32).into())
}

/// The text that a quantity is sent as; none is zero.
pub(super) fn quantity(body: &[u8]) -> Result<Value, Flaw> {
    let text = wire::text(bytes(body, 1)?)?;
    Ok(if text.is_empty() { "0" } else { text }.into())
}

/// JSON that is sent as it is; null when there is none.
pub(super) fn json(body: &[u8]) -> Result<Value, Flaw> {
    let raw = bytes(body, 1)?;
    if raw.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(raw).map_err(|_| Flaw::NotJson)
}

fn timestamp(body: &[u8]) -> Result<Option<Timestamp>, Flaw> {
    if body.is_empty() {
        return Ok(None);
    }
    let seconds = number(body, 1)? as i64;
    let nanos = i32::try_from(number(body, 2)?).map_err(|_| Flaw::Time)?;
    if seconds < EARLIEST || nanos >= 1_000_000_000 {
        return Err(Flaw::Time);
    }
    Timestamp::new(seconds, nanos)
        .map(Some)
        .map_err(|_| Flaw::Time)
}

/// A number among the fields, 0 when it is not there.
fn number(body: &[u8], wanted: u32) -> Result<u64, Flaw> {
    match find(body, wanted)? {
        None => Ok(0),
        Some(Wire::Varint(number)) => Ok(number),
        Some(_) => Err(Flaw::WrongType),
    }
}

/// Bytes among the fields, none when they are not there.
fn bytes(body: &[u8], wanted: u32) -> Result<&[u8], Flaw> {
    match find(body, wanted)? {
        None => Ok(&[]),
        Some(Wire::Bytes(bytes)) => Ok(bytes),
        Some(_) => Err(Flaw::WrongType),
    }
}

fn find(body: &[u8], wanted: u32) -> Result<Option<Wire<'_>>, Flaw> {
    let mut found = None;
    for field in fields(body) {
        let (number, wire) = field?;
        if number == wanted && found.replace(wire).is_some() {
            return Err(Flaw::Twice);
        }
    }
    Ok(found)
}

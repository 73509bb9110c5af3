//! Turns a message into the JSON its Go type would be written as, by the table. Types whose JSON is
//! not an object of their fields are left to `special`.

use super::error::{Broken, Flaw};
use super::special;
use super::table::{Field, Kind, Message, Place, Shape, Shown, TABLE};
use super::wire::{self, Wire, fields, varints};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Reads one body. An empty message is two bytes but may have many members that are always shown,
/// so the values are counted: a short body does not become a huge object. Depth needs no limit of
/// its own: no message of the table may stand within itself, and a test of the table says so.
pub(super) struct Reader {
    values_left: usize,
}

impl Reader {
    pub(super) fn new(length: usize) -> Self {
        Self {
            values_left: 1024 + length / 2,
        }
    }

    /// The JSON of a message.
    pub(super) fn read(&mut self, message: &Message, body: &[u8]) -> Result<Value, Broken> {
        let sent = self.sent(message, body)?;
        self.shown(message, sent)
    }

    /// What was sent for each field of the message; fields that the table lacks are passed over.
    fn sent(&mut self, message: &Message, body: &[u8]) -> Result<Vec<Option<Value>>, Broken> {
        let mut sent = vec![None; message.fields.len()];
        for field in fields(body) {
            let (number, wire) = field?;
            let known = message
                .fields
                .iter()
                .zip(&mut sent)
                .find(|(field, _)| field.number == number);
            if let Some((field, value)) = known {
                self.add(field, value, wire)
                    .map_err(|broken| broken.within(field.name))?;
            }
        }
        Ok(sent)
    }

    fn add(
        &mut self,
        field: &Field,
        sent: &mut Option<Value>,
        wire: Wire<'_>,
    ) -> Result<(), Broken> {
        match (field.shape, sent) {
            (Shape::One, sent @ None) => *sent = Some(self.value(field.kind, wire)?),
            (Shape::One, Some(_)) => return Err(Flaw::Twice.into()),
            (Shape::List, sent) => {
                if let Value::Array(list) = sent.get_or_insert_with(|| json!([])) {
                    self.add_entries(field.kind, list, wire)?;
                }
            }
            (Shape::Map, sent) => {
                let (key, value) = self.entry(field.kind, wire)?;
                if let Value::Object(map) = sent.get_or_insert_with(|| json!({}))
                    && map.insert(key, value).is_some()
                {
                    return Err(Flaw::Twice.into());
                }
            }
        }
        Ok(())
    }

    /// Numbers may come one by one or packed.
    fn add_entries(
        &mut self,
        kind: Kind,
        list: &mut Vec<Value>,
        wire: Wire<'_>,
    ) -> Result<(), Broken> {
        match (kind, wire) {
            (Kind::Bool | Kind::Int32 | Kind::Int64, Wire::Bytes(packed)) => {
                for number in varints(packed) {
                    list.push(self.value(kind, Wire::Varint(number?))?);
                }
            }
            (_, wire) => list.push(self.value(kind, wire)?),
        }
        Ok(())
    }

    /// An entry of a map is a message of a key and a value, each of which may be left out.
    fn entry(&mut self, kind: Kind, wire: Wire<'_>) -> Result<(String, Value), Broken> {
        let Wire::Bytes(body) = wire else {
            return Err(Flaw::WrongType.into());
        };
        let (mut key, mut value) = ("", None);
        for field in fields(body) {
            match field? {
                (1, Wire::Bytes(bytes)) => key = wire::text(bytes)?,
                (1, _) => return Err(Flaw::WrongType.into()),
                (2, _) if value.is_some() => return Err(Flaw::Twice.into()),
                (2, wire) => value = Some(self.value(kind, wire)?),
                _ => {}
            }
        }
        let value = match value {
            Some(value) => value,
            None => self.empty(kind)?,
        };
        Ok((key.to_owned(), value))
    }

    fn value(&mut self, kind: Kind, wire: Wire<'_>) -> Result<Value, Broken> {
        self.count()?;
        let value = match (kind, wire) {
            (Kind::Bool, Wire::Varint(number)) => (number != 0).into(),
            // Both are sent as 64 bits of two's complement.
            (Kind::Int32, Wire::Varint(number)) => (number as i32).into(),
            (Kind::Int64, Wire::Varint(number)) => (number as i64).into(),
            (Kind::String, Wire::Bytes(bytes)) => wire::text(bytes)?.into(),
            (Kind::Bytes, Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
            (Kind::IntOrString, Wire::Bytes(body)) => special::int_or_string(body)?,
            (Kind::Json, Wire::Bytes(body)) => special::json(body)?,
            (Kind::MicroTime, Wire::Bytes(body)) => special::micro_time(body)?,
            (Kind::Quantity, Wire::Bytes(body)) => special::quantity(body)?,
            (Kind::Time, Wire::Bytes(body)) => special::time(body)?,
            (Kind::Message(key), Wire::Bytes(body)) => self.read(TABLE.message(key), body)?,
            _ => return Err(Flaw::WrongType.into()),
        };
        Ok(value)
    }

    /// The value of a type when nothing was sent.
    fn empty(&mut self, kind: Kind) -> Result<Value, Broken> {
        let nothing = match kind {
            Kind::Bool | Kind::Int32 | Kind::Int64 => Wire::Varint(0),
            _ => Wire::Bytes(&[]),
        };
        self.value(kind, nothing)
    }

    fn count(&mut self) -> Result<(), Flaw> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Flaw::TooMany)?;
        Ok(())
    }

    /// The message's JSON of what was sent.
    fn shown(&mut self, message: &Message, sent: Vec<Option<Value>>) -> Result<Value, Broken> {
        let mut members = Map::new();
        for (field, sent) in message.fields.iter().zip(sent) {
            let value = match (sent, field.shown, field.shape) {
                (Some(value), Shown::WhenNotEmpty, _) if is_empty(&value) => continue,
                (Some(value), ..) => value,
                (None, Shown::Always, Shape::One) => self.empty(field.kind)?,
                (None, Shown::Always, Shape::List) => json!([]),
                (None, Shown::Always, Shape::Map) => json!({}),
                (None, ..) => continue,
            };
            match (field.place, value) {
                (Place::Whole, value) => return Ok(value),
                (Place::Inline, Value::Object(inner)) => members.extend(inner),
                (_, Value::Null) => {}
                (_, value) => {
                    members.insert(field.name.to_owned(), value);
                }
            }
        }
        Ok(Value::Object(members))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

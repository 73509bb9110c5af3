//! A JSON value, with the members that an object had more than once: the last one counts, and the
//! path of each is kept, so that whoever reads it can say so.

use crate::validate::{FINDINGS_LIMIT, name_shown};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads a value, and remembers which members were met again.
#[derive(Default)]
pub(super) struct Strict {
    /// Their paths, as `spec.containers[0].name`.
    pub(super) repeated: Vec<String>,
}

impl<'de> DeserializeSeed<'de> for &mut Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    /// Puts a segment before the paths that were found since there were `known`.
    fn prefix(&mut self, known: usize, segment: &str) {
        let segment = name_shown(segment);
        for path in &mut self.repeated[known..] {
            let dot = if path.starts_with('[') { "" } else { "." };
            *path = format!("{segment}{dot}{path}");
        }
    }
}

impl<'de> Visitor<'de> for &mut Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let known = self.repeated.len();
            let Some(value) = entries.next_element_seed(&mut *self)? else {
                return Ok(Value::Array(list));
            };
            if self.repeated.len() > known {
                self.prefix(known, &format!("[{}]", list.len()));
            }
            list.push(value);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let known = self.repeated.len();
            let value = members.next_value_seed(&mut *self)?;
            self.prefix(known, &name);
            if map.contains_key(&name) && self.repeated.len() < FINDINGS_LIMIT {
                self.repeated.push(name_shown(&name).into_owned());
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

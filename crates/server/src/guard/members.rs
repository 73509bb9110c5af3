//! Members of a body that the operation does not know: found by their names alone, so that a misspelt
//! wish is not silently none. What the members hold is left to the body's own form.

use std::fmt;

use bowline_core::{Finding, Severity};
use serde::de::value::Error as Stopped;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

/// A body of a request.
pub trait Body: DeserializeOwned {
    /// Members that answers have besides, so that what was read can be changed and sent back.
    const ANSWERED: &'static [&'static str] = &[];
}

/// What is said about each member that `T` does not have; nothing about what is no object.
pub(super) fn unknown<T: Body>(bytes: &[u8]) -> Vec<Finding> {
    let (Some(known), Ok(Names(names))) = (known::<T>(), serde_json::from_slice(bytes)) else {
        return Vec::new();
    };
    let is_unknown =
        |name: &&String| !known.contains(&name.as_str()) && !T::ANSWERED.contains(&name.as_str());
    names
        .iter()
        .filter(is_unknown)
        .map(|name| finding(name, known))
        .collect()
}

fn finding(name: &str, known: &[&str]) -> Finding {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let near = known
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    // What is no name may be a value in the wrong place.
    let is_name = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let (field, message) = match is_name {
        true => (
            name.to_owned(),
            format!("there is no member `{name}` in the body of this operation"),
        ),
        false => (
            String::new(),
            "the body has a member that this operation does not have".to_owned(),
        ),
    };
    Finding {
        severity: Severity::Error,
        rule: "unknown-member",
        field,
        message,
        help: format!("{near}There are: {}", known.join(", ")),
    }
}

/// The names of an object's members.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;
        impl<'de> Visitor<'de> for OfObject {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(OfObject)
    }
}

/// The members that a form reads, as it tells them to whoever it is read from.
fn known<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut asked = None;
    // It gets no value, so there is none to use.
    let _ = T::deserialize(Asked(&mut asked));
    asked
}

struct Asked<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Stopped;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped::custom("only names are asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

//! One typed value as it comes in and goes out: text, number, boolean, choice, file, or the wish to
//! remove it. All texts are in [`Sensitive`] from the start, since nobody knows yet what is secret.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::Sensitive;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value, json};

/// A value.
///
/// As JSON: a string, a number, a boolean, a list of strings, `null` to remove it, or for a file
/// `{"fileName": "key.json", "content": "…"}` with `base64` instead of `content` where the content
/// is not text. It has no `Serialize`: whoever shows values calls [`Given::expose`].
#[derive(Clone)]
pub enum Given {
    /// The key is to be removed.
    Cleared,
    /// Text; other forms are accepted as text as well, since command lines have nothing else.
    Text(Sensitive),
    /// A number.
    Number(Number),
    /// On or off.
    Boolean(bool),
    /// The chosen items.
    List(Vec<Sensitive>),
    /// A file.
    File {
        /// Its name, where it has one; only used to check the extension.
        name: Option<String>,
        /// Its bytes.
        content: Sensitive,
    },
    /// JSON of a form that no field has; says which is expected.
    Malformed(&'static str),
}

impl Given {
    /// Text.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(Sensitive::new(text))
    }

    /// A file without a name.
    pub fn file(content: impl Into<Vec<u8>>) -> Self {
        Self::File {
            name: None,
            content: Sensitive::new(content),
        }
    }

    /// From JSON that is at hand already, such as the default of a field.
    pub fn from_value(value: &Value) -> Self {
        Self::deserialize(value).unwrap_or(Self::Malformed(FORMS))
    }

    /// The JSON form, with the value in clear.
    pub fn expose(&self) -> Value {
        match self {
            Self::Cleared | Self::Malformed(_) => Value::Null,
            Self::Text(text) => expose_bytes(text),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Boolean(is_on) => json!(is_on),
            Self::List(items) => items.iter().map(expose_bytes).collect(),
            Self::File { name, content } => {
                let mut object = serde_json::Map::new();
                if let Some(name) = name {
                    object.insert("fileName".to_owned(), json!(name));
                }
                let (key, text) = match content.expose_str() {
                    Some(text) => ("content", text.to_owned()),
                    None => ("base64", STANDARD.encode(content.expose())),
                };
                object.insert(key.to_owned(), json!(text));
                Value::Object(object)
            }
        }
    }
}

/// Bytes that are no text are shown as a file is.
fn expose_bytes(bytes: &Sensitive) -> Value {
    match bytes.expose_str() {
        Some(text) => json!(text),
        None => json!({"base64": STANDARD.encode(bytes.expose())}),
    }
}

/// Says the form and never the value: a port may tell as much as a password.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cleared => "Cleared",
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::Boolean(_) => "Boolean",
            Self::List(_) => "List",
            Self::File { .. } => "File",
            Self::Malformed(_) => "Malformed",
        })
    }
}

const FORMS: &str = "a string, number, boolean, list of strings, or a file";
const LIST: &str = "a list of strings";
const FILE: &str = "an object with `fileName` and either `content` or `base64`";

/// Reading never fails for the form of a value: errors of parsers quote what they have read.
impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GivenVisitor)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORMS)
    }

    fn visit_unit<E>(self) -> Result<Given, E> {
        Ok(Given::Cleared)
    }

    fn visit_none<E>(self) -> Result<Given, E> {
        Ok(Given::Cleared)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Given, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, is_on: bool) -> Result<Given, E> {
        Ok(Given::Boolean(is_on))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Given, E> {
        Ok(Given::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Given, E> {
        Ok(Given::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Given, E> {
        Ok(Number::from_f64(number).map_or(Given::Malformed("a finite number"), Given::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Given, E> {
        Ok(Given::text(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Given, E> {
        Ok(Given::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Given, A::Error> {
        let mut list = Vec::new();
        let mut is_list = true;
        while let Some(item) = items.next_element::<Given>()? {
            match item {
                Given::Text(text) => list.push(text),
                _ => is_list = false,
            }
        }
        Ok(if is_list {
            Given::List(list)
        } else {
            Given::Malformed(LIST)
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Given, A::Error> {
        let (mut name, mut content, mut is_file) = (None, None, true);
        while let Some(key) = members.next_key::<String>()? {
            let is_name = key == "fileName";
            if !is_name && key != "content" && key != "base64" {
                members.next_value::<IgnoredAny>()?;
                is_file = false;
                continue;
            }
            let value = members.next_value::<Given>()?;
            match value {
                Given::Cleared => {}
                Given::Text(text) if is_name => name = text.expose_str().map(str::to_owned),
                Given::Text(text) if key == "content" && content.is_none() => content = Some(text),
                Given::Text(text) if content.is_none() => {
                    content = STANDARD.decode(text.expose()).ok().map(Sensitive::new);
                    is_file &= content.is_some();
                }
                _ => is_file = false,
            }
        }
        Ok(match content {
            Some(content) if is_file => Given::File { name, content },
            _ => Given::Malformed(FILE),
        })
    }
}

//! How values become the texts of a Secret, as Open Data Hub's dashboard writes them where it does
//! so correctly; whether they may is left to `check`.

use bowline_core::Sensitive;
use bowline_core::sensitive::MASK;
use serde_json::{Number, Value};

use super::{Given, Input, Stored};
use crate::types::{ConnectionType, Field, FieldKind, Variant};

/// What becomes of one key.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// It is not touched.
    Kept,
    /// It is removed.
    Cleared,
    /// It gets this text.
    Set(Sensitive),
}

/// The texts of a new connection: what is given, and the defaults of what is not.
///
/// The input must have passed [`super::check()`]; what does not fit its field is left out.
pub fn encode(type_: &ConnectionType, input: &Input) -> Stored {
    let mut stored = Stored::new();
    for field in type_.data_fields() {
        let outcome = match input.get(&field.env_var) {
            Some(given) => outcome(Some(field), given),
            None => Ok(Outcome::Kept),
        };
        let value = match outcome {
            Ok(Outcome::Set(value)) => Some(value),
            Ok(Outcome::Cleared) if !field.is_fixed() => None,
            _ => default(field),
        };
        stored.extend(value.map(|value| (field.env_var.clone(), value)));
    }
    for (key, given) in input.iter().filter(|(key, _)| type_.field(key).is_none()) {
        if let Ok(Outcome::Set(value)) = outcome(None, given) {
            stored.insert(key.clone(), value);
        }
    }
    stored
}

/// The stored form of a field's default; a deferred field has none.
pub(crate) fn default(field: &Field) -> Option<Sensitive> {
    let default = field.default.as_ref().filter(|_| !field.is_deferred)?;
    match outcome(Some(field), &Given::from_value(default)) {
        Ok(Outcome::Set(value)) => Some(value),
        _ => None,
    }
}

/// What becomes of a field that something is given for, or what the field expects instead.
///
/// A key without a field takes text and files.
pub(crate) fn outcome(field: Option<&Field>, given: &Given) -> Result<Outcome, &'static str> {
    match given {
        Given::Cleared => return Ok(Outcome::Cleared),
        Given::Malformed(expected) => return Err(expected),
        Given::Text(text) if is_mask(field, text) => return Ok(Outcome::Kept),
        _ => {}
    }
    let Some(field) = field else {
        return match given {
            Given::File { content, .. } => Ok(bytes(content)),
            given => text(given),
        };
    };
    match &field.kind {
        FieldKind::ShortText
        | FieldKind::Text
        | FieldKind::Hidden
        | FieldKind::Uri
        | FieldKind::Other(_) => text(given),
        FieldKind::Boolean { .. } => boolean(given),
        FieldKind::Numeric { .. } => number(given),
        FieldKind::Dropdown { variant, .. } => choice(*variant, given),
        FieldKind::File { .. } => file(given),
    }
}

/// Faces show a mask for what is secret; sent back as it is, it means that nothing was typed.
fn is_mask(field: Option<&Field>, text: &Sensitive) -> bool {
    field.is_none_or(Field::is_secret) && text.expose_str() == Some(MASK)
}

fn text(given: &Given) -> Result<Outcome, &'static str> {
    match given {
        Given::Text(text) if text.expose().trim_ascii().is_empty() => Ok(Outcome::Cleared),
        Given::Text(text) | Given::File { content: text, .. } => Ok(Outcome::Set(text.clone())),
        _ => Err("text; put it in quotes"),
    }
}

fn bytes(content: &Sensitive) -> Outcome {
    if content.is_empty() {
        Outcome::Cleared
    } else {
        Outcome::Set(content.clone())
    }
}

fn file(given: &Given) -> Result<Outcome, &'static str> {
    match given {
        Given::Text(content) | Given::File { content, .. } => Ok(bytes(content)),
        _ => Err("the content of a file"),
    }
}

fn boolean(given: &Given) -> Result<Outcome, &'static str> {
    let text = |is_on| Outcome::Set(Sensitive::from(if is_on { "true" } else { "false" }));
    match given {
        Given::Boolean(is_on) => Ok(text(*is_on)),
        Given::Text(given) => match given.expose_str().map(str::trim) {
            Some("") => Ok(Outcome::Cleared),
            Some("true") => Ok(text(true)),
            Some("false") => Ok(text(false)),
            _ => Err("`true` or `false`"),
        },
        _ => Err("`true` or `false`"),
    }
}

fn number(given: &Given) -> Result<Outcome, &'static str> {
    const EXPECTED: &str = "a number";
    match given {
        Given::Number(number) => Ok(Outcome::Set(Sensitive::new(shortest(number)))),
        Given::Text(text) => {
            let text = text.expose_str().map(str::trim).ok_or(EXPECTED)?;
            if text.is_empty() {
                return Ok(Outcome::Cleared);
            }
            let number = parse_number(text).ok_or(EXPECTED)?;
            Ok(Outcome::Set(Sensitive::new(shortest(&number))))
        }
        _ => Err(EXPECTED),
    }
}

/// Reads a number as JSON writes it, with a plus sign, leading zeros and a bare dot forgiven.
pub(crate) fn parse_number(text: &str) -> Option<Number> {
    if let Ok(Value::Number(number)) = serde_json::from_str(text) {
        return Some(number);
    }
    let is_decimal = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let number: f64 = text.chars().all(is_decimal).then(|| text.parse().ok())??;
    Number::from_f64(number)
}

/// The shortest decimal that means the number: no exponent, no needless zeros.
pub(crate) fn shortest(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => {
            // Rust writes floats in full and as short as possible, but knows a negative zero.
            let float = if float == 0.0 { 0.0 } else { float };
            float.to_string()
        }
        _ => number.to_string(),
    }
}

fn choice(variant: Variant, given: &Given) -> Result<Outcome, &'static str> {
    const EXPECTED: &str = "a list of values";
    let items = match given {
        Given::List(items) => items.clone(),
        Given::Text(text) if text.expose().trim_ascii().is_empty() => Vec::new(),
        Given::Text(text) => chosen(text),
        Given::Number(number) => vec![Sensitive::new(number.to_string())],
        Given::Boolean(is_on) => vec![Sensitive::new(is_on.to_string())],
        _ => return Err(EXPECTED),
    };
    if items.is_empty() && variant == Variant::Single {
        return Ok(Outcome::Cleared);
    }
    let texts: Option<Vec<&str>> = items.iter().map(Sensitive::expose_str).collect();
    let list = Value::from(texts.ok_or(EXPECTED)?);
    Ok(Outcome::Set(Sensitive::new(list.to_string())))
}

/// The items of a stored or typed choice: a JSON list of strings, or one bare value.
pub(crate) fn chosen(text: &Sensitive) -> Vec<Sensitive> {
    let list = text
        .expose_str()
        .and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    match list {
        Some(items) => items.into_iter().map(Sensitive::new).collect(),
        None => vec![text.clone()],
    }
}

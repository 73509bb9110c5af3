//! Reading stored texts back into values, byte for byte; what cannot be read as its field's kind
//! stays text, so that nothing is lost in an edit.

use bowline_core::Sensitive;

use super::encode::{chosen, parse_number};
use super::{Given, Input, Stored};
use crate::types::{ConnectionType, FieldKind};

/// The values of a connection, by the fields of its type; keys without a field come as text.
/// Defaults are not applied.
pub fn decode(type_: Option<&ConnectionType>, stored: &Stored) -> Input {
    let value = |(key, value): (&String, &Sensitive)| {
        let field = type_.and_then(|type_| type_.field(key));
        let given = field.map_or_else(|| plain(value), |field| decode_one(&field.kind, value));
        (key.clone(), given)
    };
    stored.iter().map(value).collect()
}

/// One stored text as the value of a kind of field.
pub fn decode_one(kind: &FieldKind, value: &Sensitive) -> Given {
    let line = || value.expose_line().map(str::trim);
    match kind {
        FieldKind::Boolean { .. } => match line() {
            Some("true") => Given::Boolean(true),
            Some("false") => Given::Boolean(false),
            _ => plain(value),
        },
        FieldKind::Numeric { .. } => match line().and_then(parse_number) {
            Some(number) => Given::Number(number),
            None => plain(value),
        },
        FieldKind::Dropdown { .. } if value.is_empty() => Given::List(Vec::new()),
        FieldKind::Dropdown { .. } => Given::List(chosen(value)),
        FieldKind::File { .. } => Given::File {
            name: None,
            content: value.clone(),
        },
        FieldKind::ShortText
        | FieldKind::Text
        | FieldKind::Hidden
        | FieldKind::Uri
        | FieldKind::Other(_) => plain(value),
    }
}

fn plain(value: &Sensitive) -> Given {
    match value.expose_str() {
        Some(_) => Given::Text(value.clone()),
        None => Given::File {
            name: None,
            content: value.clone(),
        },
    }
}

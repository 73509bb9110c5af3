//! How deep and how large JSON values may get.

use serde_json::Value;

/// How many levels an object may have: what the JSON parser reads back.
pub(crate) const DEPTH: usize = 127;

/// Whether a value has at most so many levels. Looks no deeper than that, whatever the value.
pub(crate) fn is_shallow(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|v| is_shallow(v, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|v| is_shallow(v, levels - 1)),
        _ => true,
    }
}

/// About how many bytes a value takes as text; a shallow value only.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            members
                .iter()
                .map(|(name, value)| name.len() + 4 + weight(value))
                .sum::<usize>()
                + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}

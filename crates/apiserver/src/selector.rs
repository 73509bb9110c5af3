//! Label and field selectors, in Kubernetes' grammar and with its wording of what is wrong. Pure;
//! they choose among objects that the caller has.

mod field;
mod label;
#[cfg(test)]
mod tests;
mod token;

pub use field::FieldSelector;
pub use label::LabelSelector;

/// Why a selector cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct SelectorError(String);

/// The text of a value that a selector may ask for; objects and lists have none.
fn text_of(value: &serde_json::Value) -> Option<std::borrow::Cow<'_, str>> {
    use serde_json::Value;
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string().into()),
        Value::Null => Some("".into()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

//! Objects as YAML, such that reading it again gives the same objects.

use serde_json::Value;

/// Writes objects as YAML documents, in order, with their keys in order.
pub fn render(objects: &[Value]) -> String {
    serde_saphyr::to_string_multiple(objects).expect("JSON values are always YAML")
}

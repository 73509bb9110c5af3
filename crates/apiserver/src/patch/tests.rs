//! Patches as tables: target, patch, result.

mod json;
mod laws;
mod limits;
mod merge;
mod strategic;

use super::*;
use serde_json::json;

/// Parses the short notation of the tables.
fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("the table holds JSON")
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(0), |inner, _| json!({ "a": inner }))
}

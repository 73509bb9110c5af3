//! Showing how an object differs from the expected one.

use serde_json::Value;
use similar::TextDiff;

/// A unified diff of both objects as pretty JSON with sorted members.
pub(super) fn difference(expected: &Value, actual: &Value) -> String {
    let (expected, actual) = (pretty(expected), pretty(actual));
    let diff = TextDiff::from_lines(&expected, &actual);
    diff.unified_diff()
        .context_radius(4)
        .header("expected", "after admission")
        .to_string()
}

fn pretty(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&sorted).expect("JSON values serialise");
    text.push('\n');
    text
}

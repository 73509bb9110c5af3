//! Results for programs: one document, with every step of every connection.

use serde_json::{Value, json};

use super::Tested;

/// The document.
pub(super) fn render(all: &[Tested<'_>]) -> String {
    let failed = all
        .iter()
        .filter(|tested| tested.report.kind().is_some())
        .count();
    let untested = all
        .iter()
        .filter(|tested| tested.report.is_untested())
        .count();
    let connections: Vec<Value> = all.iter().map(one).collect();
    format!(
        "{:#}\n",
        json!({
            "connections": connections, "tested": all.len() - untested, "failed": failed,
            "notTested": untested,
        })
    )
}

fn one(tested: &Tested<'_>) -> Value {
    let secret = &tested.connection.secret;
    let mut value = json!({
        "namespace": secret.namespace,
        "name": secret.name,
        "protocol": tested.connection.protocol.map(bowline_core::Protocol::as_str),
    });
    // A report is a plain object, which always has a JSON form.
    if let (Some(value), Ok(Value::Object(report))) =
        (value.as_object_mut(), serde_json::to_value(&tested.report))
    {
        value.extend(report);
    }
    value
}

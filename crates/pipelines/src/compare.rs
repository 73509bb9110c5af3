//! What applying an object would change: the parts that it sets, against what is there. Parts that it
//! does not set are nobody's business here, as in server-side apply.

use serde::Serialize;
use serde_json::Value;

#[cfg(test)]
mod tests;

/// One field that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where, such as `data.providers` or `spec.containers[main].env[AWS_REGION].value`.
    pub path: String,
    /// What is there; nothing when the field is not. `(hidden)` in Secrets.
    pub from: Option<String>,
    /// What it would become. `(hidden)` in Secrets.
    pub to: String,
}

const HIDDEN: &str = "(hidden)";
/// The list of a binding, of which others hold no items though these have names.
const WHOLE: &str = "subjects";

/// What applying `wanted` to `live` would change.
pub fn changes(wanted: &Value, live: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    let is_secret = wanted["kind"] == "Secret";
    for (name, value) in wanted.as_object().into_iter().flatten() {
        // The identity is how the object was found, and types are what the API makes of it.
        if matches!(name.as_str(), "apiVersion" | "kind") {
            continue;
        }
        let hides = is_secret && matches!(name.as_str(), "data" | "stringData");
        compare(name, value, live.get(name), hides, &mut found);
    }
    found
}

fn compare(path: &str, wanted: &Value, live: Option<&Value>, hides: bool, found: &mut Vec<Change>) {
    match (wanted, live) {
        (Value::Object(members), Some(Value::Object(others))) => {
            for (name, value) in members {
                compare(
                    &format!("{path}.{name}"),
                    value,
                    others.get(name),
                    hides,
                    found,
                );
            }
        }
        (Value::Array(items), Some(Value::Array(others)))
            if path != WHOLE
                && !items.is_empty()
                && items.iter().all(|it| it["name"].is_string()) =>
        {
            for item in items {
                let name = &item["name"];
                let other = others.iter().find(|other| other["name"] == *name);
                let name = name.as_str().unwrap_or_default();
                compare(&format!("{path}[{name}]"), item, other, hides, found);
            }
        }
        // The API adds defaults to items of other lists too, and keeps their order.
        (Value::Array(items), Some(Value::Array(others)))
            if items.len() == others.len() && items.iter().all(Value::is_object) =>
        {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                compare(&format!("{path}[{index}]"), item, Some(other), hides, found);
            }
        }
        // The API leaves empty values away.
        (Value::String(text), None) if text.is_empty() && path.ends_with(".value") => {}
        (Value::Array(items), None) if items.is_empty() => {}
        (wanted, live) if live == Some(wanted) => {}
        (wanted, live) => found.push(Change {
            path: path.to_owned(),
            from: live.map(|value| shown(value, hides)),
            to: shown(wanted, hides),
        }),
    }
}

fn shown(value: &Value, hides: bool) -> String {
    match value {
        _ if hides => HIDDEN.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

mod change;
mod examples;
mod go;
mod law;
mod rules;

use bowline_core::Sensitive;
use serde_json::Value;

use super::*;

/// A record with members as text.
fn record(type_: Type, members: &[(Member, &str)]) -> Record {
    let now = "2026-01-02T03:04:05.000000006Z".parse().unwrap();
    let spec = members
        .iter()
        .fold(Spec::new(type_), |spec, (member, text)| {
            spec.with(*member, Some(&Sensitive::from(*text)))
        });
    Record {
        id: "tides".to_owned(),
        created_at: now,
        updated_at: now,
        spec,
        status: Status::default(),
    }
}

/// The Secret as it is stored.
fn stored(record: &Record) -> Value {
    let mut secret = to_secret(record, "reef", None);
    secret["metadata"]["resourceVersion"] = "7".into();
    secret
}

/// A Secret of others, with texts as values.
fn foreign(type_: &str, annotations: &Value, texts: &Value) -> Value {
    use ::base64::Engine as _;
    use serde_json::json;
    let engine = ::base64::engine::general_purpose::STANDARD;
    let mut data = json!({});
    for (key, text) in texts.as_object().unwrap() {
        data[key.as_str()] = engine.encode(text.as_str().unwrap()).into();
    }
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": type_, "data": data,
        "metadata": {
            "name": "tides", "namespace": "reef", "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": annotations,
        },
    })
}

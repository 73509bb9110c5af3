//! A record as JSON, as ODAHU answers it; what a request may see is left to the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::record::{Member, Record};

/// What stands for a hidden value, in answers and in requests that keep it.
pub const MASK: &str = "*****";

/// The record without its secret values.
pub fn masked(record: &Record) -> Value {
    answer(record, true)
}

/// The record with its secret values, as base64.
pub fn decrypted(record: &Record) -> Value {
    answer(record, false)
}

fn answer(record: &Record, is_masked: bool) -> Value {
    let mut spec = Map::new();
    spec.insert("type".into(), json!(record.spec.type_.as_str()));
    // A record always has its location, so it is there even when empty.
    spec.insert("uri".into(), json!(record.spec.text(Member::Uri)));
    for member in Member::ALL {
        let Some(value) = record.spec.get(member) else {
            continue;
        };
        let text = match member {
            _ if is_masked && member.is_masked() => MASK.to_owned(),
            _ if member.is_encoded() => STANDARD.encode(value.expose()),
            _ => record.spec.text(member).to_owned(),
        };
        spec.insert(member.as_str().into(), Value::String(text));
    }
    if record.spec.is_vital {
        spec.insert("vital".into(), json!(true));
    }
    let mut status = Map::new();
    let named = [
        ("secretName", &record.status.secret_name),
        ("serviceAccount", &record.status.service_account),
    ];
    for (name, value) in named {
        if let Some(text) = value {
            status.insert(name.into(), json!(text));
        }
    }
    json!({
        "id": record.id,
        "createdAt": record.created_at.to_string(),
        "updatedAt": record.updated_at.to_string(),
        "spec": spec,
        "status": status,
    })
}

//! Objects that a peer's webhook injected carry no record; this makes one from the evidence in the
//! stored object, so that untying them follows the peers' rules without taking what the user must
//! have written.

use serde_json::Value;

use super::path::Path;
use super::record::{FieldSet, ItemAdded, Made, Record, Tied, annotation};
use super::reference::{parse_list_leniently, parse_single};
use super::{Request, place};
use crate::names;
use crate::workload::WorkloadKind;

/// What the stored object shows of a peer's injection.
pub(super) fn record(request: &Request<'_>, before: &Value) -> Record {
    match request.kind {
        WorkloadKind::Notebook => notebook(request, before),
        WorkloadKind::InferenceService => serving(before, &INFERENCE_SERVICE),
        WorkloadKind::LlmInferenceService => serving(before, &LLM_INFERENCE_SERVICE),
        _ => Record::default(),
    }
}

/// The peers write into the first container, whatever its name.
fn notebook(request: &Request<'_>, before: &Value) -> Record {
    let reference = annotation(before, names::CONNECTIONS).unwrap_or_default();
    let Some(pod) = place::pods(request.kind, before).into_iter().next() else {
        return Record::default();
    };
    let list = pod.spec.child("containers");
    let containers = list
        .get(before)
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let env_from = list.item(containers, 0).child("envFrom");
    let entries = env_from.get(before).and_then(Value::as_array);
    let injected = |name: &str| {
        let item = serde_json::json!({"secretRef": {"name": name}});
        let is_there = entries.is_some_and(|entries| entries.contains(&item));
        is_there.then(|| ItemAdded {
            list: env_from.to_string(),
            value: item,
        })
    };
    let connections = parse_list_leniently(reference, false)
        .into_iter()
        .map(|entry| Tied {
            items: injected(&entry.name).into_iter().collect(),
            name: entry.name,
            ..Tied::default()
        })
        .collect();
    Record {
        connections,
        made: Vec::new(),
    }
}

/// Where a kind's injected fields sit.
struct Fields {
    pod: &'static [&'static str],
    location: &'static [&'static str],
    storage: Option<&'static [&'static str]>,
}

const INFERENCE_SERVICE: Fields = Fields {
    pod: &["spec", "predictor"],
    location: &["spec", "predictor", "model", "storageUri"],
    storage: Some(&["spec", "predictor", "model", "storage"]),
};
const LLM_INFERENCE_SERVICE: Fields = Fields {
    pod: &["spec", "template"],
    location: &["spec", "model", "uri"],
    storage: None,
};

fn serving(before: &Value, fields: &Fields) -> Record {
    let reference = annotation(before, names::CONNECTIONS).unwrap_or_default();
    let Ok(Some(entry)) = parse_single(reference) else {
        return Record::default();
    };
    let name = entry.name;
    let text = |path: &Path| path.get(before).and_then(Value::as_str).map(str::to_owned);
    let mut tied = Tied {
        name: name.clone(),
        ..Tied::default()
    };
    let mut adopt = |at: Path, is_theirs: &dyn Fn(&str) -> bool| -> bool {
        let Some(value) = text(&at).filter(|value| is_theirs(value)) else {
            return false;
        };
        tied.fields.push(FieldSet {
            at: at.to_string(),
            value: value.into(),
            was: None,
        });
        true
    };
    let pod = Path::keys(fields.pod);
    let account = format!("{name}-sa");
    let mut is_s3 = adopt(pod.child("serviceAccountName"), &|value| value == account);
    let mut made = Vec::new();
    if let Some(storage) = fields.storage.map(Path::keys) {
        is_s3 |= adopt(storage.child("key"), &|value| value == name);
        let path = annotation(before, names::CONNECTION_PATH).unwrap_or_default();
        adopt(storage.child("path"), &|value| is_s3 && value == path);
        made.push(Made {
            at: storage.to_string(),
            was_null: false,
        });
    }
    let list = pod.child("imagePullSecrets");
    let item = serde_json::json!({"name": name});
    let has_item = list
        .get(before)
        .and_then(Value::as_array)
        .is_some_and(|l| l.contains(&item));
    // A pull secret shows an OCI connection, for which the peers never set a location; an account
    // or key shows an S3 connection, for which only an LLM gets one.
    let is_s3_llm = is_s3 && fields.storage.is_none();
    adopt(Path::keys(fields.location), &|value| {
        if is_s3 {
            is_s3_llm && value.starts_with("s3://")
        } else {
            !has_item
        }
    });
    if has_item {
        tied.items.push(ItemAdded {
            list: list.to_string(),
            value: item,
        });
        made.push(Made {
            at: list.to_string(),
            was_null: false,
        });
    }
    Record {
        connections: vec![tied],
        made,
    }
}

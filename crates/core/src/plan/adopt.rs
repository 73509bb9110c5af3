//! Objects that a peer's webhook injected carry no record; this makes one from the evidence in the
//! stored object, so that untying them follows the peers' rules without taking what the user must
//! have written.

use serde_json::Value;

use super::path::Path;
use super::record::{FieldSet, ItemAdded, Made, Record, Tied, annotation};
use super::reference::{Single, parse_list_leniently, single};
use super::{Account, Found, Lookup, Request, place, resolve};
use crate::connection::{Connection, Recognition};
use crate::names;
use crate::protocol::Protocol;
use crate::workload::WorkloadKind;

/// What the stored object shows of a peer's injection.
///
/// What the Secret says now helps where it can be had, but it may have changed since.
pub(super) fn record(request: &Request<'_>, before: &Value, lookup: &Lookup) -> Record {
    match request.kind {
        WorkloadKind::Notebook => notebook(request, before),
        WorkloadKind::InferenceService => serving(request, before, &INFERENCE_SERVICE, lookup),
        WorkloadKind::LlmInferenceService => {
            serving(request, before, &LLM_INFERENCE_SERVICE, lookup)
        }
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
            list: env_from.text(),
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

/// Where a model's location stands; `None` for kinds that have none.
pub(super) fn location(kind: WorkloadKind) -> Option<Path> {
    let fields = match kind {
        WorkloadKind::InferenceService => &INFERENCE_SERVICE,
        WorkloadKind::LlmInferenceService => &LLM_INFERENCE_SERVICE,
        _ => return None,
    };
    Some(Path::keys(fields.location))
}

fn serving(request: &Request<'_>, before: &Value, fields: &Fields, lookup: &Lookup) -> Record {
    // Only an InferenceService has a storage entry, and Alauda's annotation.
    let Ok(Some(Single { entry, is_alauda })) = single(before, fields.storage.is_some()) else {
        return Record::default();
    };
    let name = entry.name;
    let path = annotation(before, names::CONNECTION_PATH).unwrap_or_default();
    let mut tied = Tied {
        name: name.clone(),
        ..Tied::default()
    };
    let mut made = Vec::new();
    let mut adopt = |at: &Path, is_theirs: &dyn Fn(&str) -> bool| -> bool {
        let value = at
            .get(before)
            .and_then(Value::as_str)
            .filter(|value| is_theirs(value));
        let field = value.map(|v| FieldSet {
            at: at.text(),
            value: v.into(),
            was: None,
        });
        tied.fields.extend(field);
        value.is_some()
    };
    let pod = Path::keys(fields.pod);
    let account = Account::of(&name).name;
    let mut is_s3 = adopt(&pod.child("serviceAccountName"), &|value| value == account);
    if let Some(storage) = fields.storage.map(Path::keys) {
        is_s3 |= adopt(&storage.child("key"), &|value| value == name);
        adopt(&storage.child("path"), &|value| is_s3 && value == path);
        made.push(Made {
            at: storage.text(),
            was_null: false,
        });
    }
    let list = pod.child("imagePullSecrets");
    let item = serde_json::json!({"name": name});
    let is_oci = list
        .get(before)
        .and_then(Value::as_array)
        .is_some_and(|l| l.contains(&item));
    let location = Path::keys(fields.location);
    let is_known = matches!(lookup.get(&name), Some(Found::Secret(_)));
    let protocol = protocol(is_s3, is_oci, lookup.get(&name));
    match protocol {
        // An InferenceService gets a storage key; a location beside it is the user's.
        Some(Protocol::S3) if fields.storage.is_none() => {
            adopt(&location, &|value| value.starts_with("s3://"));
        }
        // Alauda's get a location instead. Without its path it might be a person's.
        Some(Protocol::S3) if is_alauda && is_s3 && !path.is_empty() => {
            adopt(&location, &|value| is_in_bucket(value, path));
        }
        Some(Protocol::Uri) if !is_alauda || is_known => {
            let says = uri(request, &name, lookup);
            // Peers never look at it again, so what differs may have been written since.
            adopt(&location, &|value| {
                says.as_ref().is_none_or(|uri| uri == value.trim())
            });
        }
        _ => {}
    }
    tied.protocol = protocol.map(|protocol| protocol.to_string());
    if is_oci {
        tied.items.push(ItemAdded {
            list: list.text(),
            value: item,
        });
        made.push(Made {
            at: list.text(),
            was_null: false,
        });
    }
    Record {
        connections: vec![tied],
        made,
    }
}

/// What the Secret of a connection that is still named says as its location, where it can be read.
fn uri(request: &Request<'_>, name: &str, lookup: &Lookup) -> Option<String> {
    let is_named = super::serving::named(request)?.iter().any(|it| it == name);
    let Some(Found::Secret(secret)) = lookup.get(name).filter(|_| is_named) else {
        return None;
    };
    match Connection::from_secret(secret.clone()) {
        Recognition::Connection(connection) => Some(connection.uri()?.text.to_owned()),
        _ => None,
    }
}

/// Whether a location is this path in some bucket.
fn is_in_bucket(location: &str, path: &str) -> bool {
    let below = location.strip_prefix("s3://");
    let found = below.and_then(|below| below.split_once('/'));
    found.is_some_and(|(_, found)| found == path.trim().trim_start_matches('/'))
}

/// What the connection was when it was injected: an account or key shows S3, a pull secret OCI;
/// otherwise the Secret is asked. One that is gone must have been a URI, or nothing at all.
fn protocol(is_s3: bool, is_oci: bool, found: Option<&Found>) -> Option<Protocol> {
    match found {
        _ if is_s3 => Some(Protocol::S3),
        _ if is_oci => Some(Protocol::Oci),
        Some(Found::Secret(secret)) => resolve::protocol(secret).ok(),
        _ => Some(Protocol::Uri),
    }
}

//! Telling what admission did to an object from what the API server does to every object of the
//! kind, by asking the API server for the latter.

use serde_json::{Map, Value};

/// Annotations that bring Bowline in.
const OURS: [&str; 3] = [
    "opendatahub.io/connections",
    "aml-model-source-connection",
    "bowline.dev/injected",
];
/// What a Job's controller knows its pods by; another for each object.
const JOB_LABELS: [&str; 4] = [
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
];
/// How often the pods of a DaemonSet were changed, for clients of long ago.
const GENERATION: &str = "deprecated.daemonset.template.generation";
/// Members of an object's metadata that people write; the API server writes the others.
const METADATA: [&str; 7] = [
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
];

/// The object as somebody would write it who has nothing to do with Bowline.
pub(super) fn without_references(object: &Value) -> Value {
    let mut object = object.clone();
    visit(&mut object, &mut |members| {
        if let Some(annotations) = members
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.retain(|key, _| !OURS.contains(&key.as_str()));
        }
    });
    object
}

/// `stored`, without what the API server put there: whatever is in `plain` as well but not in
/// `sent`, where `plain` is what the API server makes of `sent` when nobody else has a say.
pub(super) fn without_defaults(stored: &Value, plain: &Value, sent: &Value) -> Value {
    let (mut stored, mut plain) = (stored.clone(), plain.clone());
    for object in [&mut stored, &mut plain] {
        drop_identity(object);
    }
    let metadata = written_metadata(&stored, sent);
    let Value::Object(mut rest) = taken_back(&stored, &plain, sent) else {
        return stored;
    };
    rest.insert("metadata".to_owned(), metadata);
    Value::Object(rest)
}

fn taken_back(stored: &Value, plain: &Value, sent: &Value) -> Value {
    match (stored, sent) {
        (Value::Object(stored), Value::Object(sent)) => {
            Value::Object(members_taken_back(stored, plain, sent))
        }
        (Value::Array(stored), Value::Array(sent)) => {
            let item = |index: usize| (plain.get(index).unwrap_or(&Value::Null), sent.get(index));
            let items = stored.iter().enumerate().map(|(index, stored)| {
                let (plain, sent) = item(index);
                sent.map_or_else(|| stored.clone(), |sent| taken_back(stored, plain, sent))
            });
            items.collect()
        }
        // Written in another form, as `1` for `1.0`, without a say of anybody's.
        (stored, sent) if stored == plain => sent.clone(),
        (stored, _) => stored.clone(),
    }
}

fn members_taken_back(
    stored: &Map<String, Value>,
    plain: &Value,
    sent: &Map<String, Value>,
) -> Map<String, Value> {
    let mut members = Map::new();
    for (key, stored) in stored {
        let plain = plain.get(key).unwrap_or(&Value::Null);
        match sent.get(key) {
            Some(sent) => drop(members.insert(key.clone(), taken_back(stored, plain, sent))),
            None if stored == plain => {}
            None => {
                let nothing = Value::Object(Map::new());
                let sent = if stored.is_object() { &nothing } else { stored };
                members.insert(key.clone(), taken_back(stored, plain, sent));
            }
        }
    }
    // What the API server drops of everything sent, such as a null, is not admission's doing.
    for (key, sent) in sent {
        if !stored.contains_key(key) && plain.get(key).is_none() {
            members.insert(key.clone(), sent.clone());
        }
    }
    members
}

fn written_metadata(stored: &Value, sent: &Value) -> Value {
    let sent_metadata = &sent["metadata"];
    let empty = Map::new();
    let members = stored["metadata"].as_object().unwrap_or(&empty);
    let is_written = |key: &str| {
        METADATA.contains(&key) && (key != "name" || sent_metadata.get("generateName").is_none())
    };
    let kept = members
        .iter()
        .filter(|(key, _)| is_written(key))
        .map(|(key, value)| (key.clone(), value.clone()));
    let mut kept: Map<String, Value> = kept.collect();
    for (key, value) in sent_metadata.as_object().unwrap_or(&empty) {
        let is_nothing = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if is_nothing && !kept.contains_key(key) {
            kept.insert(key.clone(), value.clone());
        }
    }
    Value::Object(kept)
}

/// Takes away what differs between two objects only because they are two.
fn drop_identity(object: &mut Value) {
    let is_job = object["kind"] == "Job";
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    visit(object, &mut |members| {
        members.remove("creationTimestamp");
        if let Some(annotations) = members
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove(GENERATION);
            if annotations.is_empty() {
                members.remove("annotations");
            }
        }
        for list in ["volumes", "volumeMounts"] {
            if let Some(items) = members.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| !is_token(item));
                if items.is_empty() {
                    members.remove(list);
                }
            }
        }
        if is_job {
            let _ = members.remove("selector");
            let labels = members.get_mut("labels").and_then(Value::as_object_mut);
            if let Some(labels) = labels {
                labels.retain(|key, _| !JOB_LABELS.contains(&key.as_str()));
                if labels.is_empty() {
                    members.remove("labels");
                }
            }
        }
    });
}

/// The token that every pod gets, under a name of its own.
fn is_token(item: &Value) -> bool {
    let name = item["name"].as_str();
    name.is_some_and(|name| name.starts_with("kube-api-access-"))
}

fn visit(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            change(members);
            members.values_mut().for_each(|value| visit(value, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        _ => {}
    }
}

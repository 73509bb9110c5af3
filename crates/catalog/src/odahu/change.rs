//! What to change in a stored Secret so that it says something else to ODAHU, and nothing else to
//! anybody: keys, labels and annotations that both records write alike are not touched.

use std::collections::BTreeMap;

use bowline_core::{Secret, Sensitive};
use serde_json::{Map, Value, json};

use super::form::{Form, LOGIN, encoded, exchange_login};
use super::record::Record;

/// How to carry out a change.
#[derive(Debug, Clone)]
pub enum Change {
    /// A merge patch that holds for the version it was made from.
    Merge(Value),
    /// The Secret to create once the stored one is deleted, since the type of a Secret is for good.
    Replace(Value),
}

/// KServe's spellings of keys, which are given up where a value changes.
const SPELLINGS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "awsAccessKeyID"),
    ("AWS_SECRET_ACCESS_KEY", "awsSecretAccessKey"),
];

/// The change from the record that a stored Secret stands for to another of the same id.
pub fn change(stored: &Value, old: &Record, new: &Record) -> Change {
    let (before, after) = (Form::of(old), Form::of(new));
    let mut data = values(&before.data, &after.data, encoded);
    let secret = Secret::from_value(stored).ok();
    let held = |key: &str| secret.as_ref().and_then(|secret| secret.value(key));
    // Others may have put more logins into it than a record has words for.
    if let Some(config) = held(LOGIN).filter(|_| data.get(LOGIN).is_some_and(Value::is_string)) {
        let login = exchange_login(config, &old.spec, &new.spec);
        data.insert(LOGIN.to_owned(), encoded(&login));
    }
    for (ours, theirs) in SPELLINGS {
        if data.contains_key(ours) && held(theirs).is_some() {
            data.insert(theirs.to_owned(), Value::Null);
        }
    }
    let text = |text: &String| json!(text);
    let labels = values(&before.labels, &after.labels, text);
    let annotations = values(&before.annotations, &after.annotations, text);
    let metadata = stored.get("metadata");
    let version = metadata.and_then(|m| m.get("resourceVersion"));
    let patch = json!({
        "metadata": {"resourceVersion": version, "labels": labels, "annotations": annotations},
        "data": data,
    });
    if before.type_ == after.type_ {
        return Change::Merge(patch);
    }
    Change::Replace(replaced(stored, &patch, after.type_))
}

/// What differs, as a merge patch.
fn values<T: PartialValue>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    show: impl Fn(&T) -> Value,
) -> Map<String, Value> {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let mut patch: Map<String, Value> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in after {
        if !before.get(key).is_some_and(|old| old.is(value)) {
            patch.insert(key.clone(), show(value));
        }
    }
    patch
}

/// What can be compared, be it secret or not.
trait PartialValue {
    fn is(&self, other: &Self) -> bool;
}

impl PartialValue for String {
    fn is(&self, other: &Self) -> bool {
        self == other
    }
}

impl PartialValue for Sensitive {
    fn is(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

/// The stored Secret with the patch applied, as one that can be created.
fn replaced(stored: &Value, patch: &Value, type_: &str) -> Value {
    let empty = Map::new();
    let part = |object: &Value, pointer: &str| {
        let map = object.pointer(pointer).and_then(Value::as_object);
        map.unwrap_or(&empty).clone()
    };
    let merged = |pointer: &str| {
        let mut map = part(stored, pointer);
        for (key, value) in part(patch, pointer) {
            match value {
                Value::Null => map.remove(&key),
                value => map.insert(key, value),
            };
        }
        Value::Object(map)
    };
    let kept = |name: &str| stored.pointer(&format!("/metadata/{name}")).cloned();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": kept("name"),
            "namespace": kept("namespace"),
            "labels": merged("/metadata/labels"),
            "annotations": merged("/metadata/annotations"),
            "ownerReferences": kept("ownerReferences").unwrap_or_else(|| json!([])),
            "finalizers": kept("finalizers").unwrap_or_else(|| json!([])),
        },
        "type": type_,
        "data": merged("/data"),
    })
}

//! The few shapes that all objects are made of.

use serde_json::{Map, Value, json};

use super::OWNED;
use bowline_core::names::MANAGED_BY;

/// An object with a name in a namespace.
pub(super) fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    })
}

/// An object of the whole cluster.
pub(super) fn cluster_object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})
}

pub(super) fn config_map(namespace: &str, name: &str, data: Value) -> Value {
    with(object("v1", "ConfigMap", namespace, name), "data", data)
}

pub(super) fn service_account<'a>(
    namespace: &str,
    name: &str,
    annotations: impl Iterator<Item = (&'a String, &'a String)>,
) -> Value {
    annotated(
        object("v1", "ServiceAccount", namespace, name),
        annotations.map(|(key, value)| (key.as_str(), value.as_str())),
    )
}

/// The object with one more member.
pub(super) fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

/// The object with more annotations.
pub(super) fn annotated<'a>(
    object: Value,
    annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Value {
    noted(object, "annotations", annotations)
}

/// The object with the labels of what is wholly ours; whose installation it is, is set for all of them.
pub(super) fn owned(object: Value) -> Value {
    noted(object, "labels", [MANAGED_BY, (OWNED, "")])
}

/// The same with one more label.
pub(super) fn labelled(object: Value, label: (&str, &str)) -> Value {
    noted(object, "labels", [MANAGED_BY, (OWNED, ""), label])
}

fn noted<'a>(
    mut object: Value,
    field: &str,
    notes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Value {
    let mut notes = notes.into_iter().peekable();
    if notes.peek().is_none() {
        return object;
    }
    let map = object["metadata"]
        .as_object_mut()
        .map(|metadata| metadata.entry(field).or_insert_with(|| json!({})));
    if let Some(Value::Object(map)) = map {
        let text = |(key, value): (&str, &str)| (key.to_owned(), Value::from(value));
        map.extend(notes.map(text).collect::<Map<_, _>>());
    }
    object
}

/// The part of a Deployment that a store needs: one container's environment, to be laid over what
/// is installed.
pub(super) fn environment_patch(
    namespace: &str,
    name: &str,
    container: &str,
    env: &[Value],
) -> Value {
    with(
        object("apps/v1", "Deployment", namespace, name),
        "spec",
        json!({"template": {"spec": {
            // The group that may read a web identity's token.
            "securityContext": {"fsGroup": 65534},
            "containers": [{"name": container, "env": env}],
        }}}),
    )
}

/// A value as a YAML text, for formats that are texts inside of ConfigMaps.
pub(super) fn yaml(value: &Value) -> String {
    // People read these texts, and a folded line hides what a key format is.
    let options = serde_saphyr::ser_options! { min_fold_chars: usize::MAX };
    serde_saphyr::to_string_with_options(value, options).expect("JSON values are always YAML")
}

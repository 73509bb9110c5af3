//! Writing a connection type: as a new ConfigMap, and as the smallest change to one that is there,
//! so that what others put beside it survives.

use bowline_core::Protocol;
use serde_json::{Map, Value, json};

use super::keys::PART_OF;
use super::read::{annotation, categories, fields, stated_protocol};
use super::{ConnectionType, TypeDialect, wire};

/// The ConfigMap of a type that is not there yet.
pub fn config_map(type_: &ConnectionType) -> Value {
    let keys = type_.dialect.keys();
    let mut labels = Map::new();
    for key in keys.labels {
        labels.insert(key.to_owned(), json!("true"));
    }
    if type_.is_preinstalled {
        labels.insert(PART_OF.to_owned(), json!("dashboard"));
    }
    let mut annotations = Map::new();
    let [display_name, _] = keys.display_name;
    annotations.insert(display_name.to_owned(), json!(type_.display_name));
    annotations.insert(keys.description.to_owned(), json!(type_.description));
    if !type_.is_enabled {
        annotations.insert(keys.disabled.to_owned(), json!("true"));
    }
    if let Some(protocol) = type_.stated_protocol {
        annotations.insert(keys.protocol.to_owned(), json!(protocol.as_str()));
    }
    if let Some(creator) = &type_.creator {
        annotations.insert(keys.creator.to_owned(), json!(creator));
    }
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": type_.name,
            "namespace": type_.namespace,
            "labels": labels,
            "annotations": annotations,
        },
        "data": {"category": category_text(type_), "fields": fields_text(type_)},
    })
}

/// The merge patch that makes a stored type the wanted one; `None` when it is already. Texts that
/// mean the same are left as they are written.
pub fn merge(stored: &Value, wanted: &ConnectionType) -> Option<Value> {
    let keys = wanted.dialect.keys();
    let mut annotations = Map::new();
    let mut set = |key: &str, value: &str| {
        annotations.insert(key.to_owned(), json!(value));
    };
    let [display_name, other_name] = keys.display_name;
    let shown = annotation(stored, display_name).or_else(|| annotation(stored, other_name));
    if shown != Some(&wanted.display_name) && !is_name_without_display(stored, wanted) {
        set(display_name, &wanted.display_name);
    }
    if annotation(stored, keys.description).unwrap_or_default() != wanted.description {
        set(keys.description, &wanted.description);
    }
    if (annotation(stored, keys.disabled) == Some("true")) == wanted.is_enabled {
        let text = if wanted.is_enabled { "false" } else { "true" };
        set(keys.disabled, text);
    }
    if stated_protocol(stored, wanted.dialect) != wanted.stated_protocol {
        let text = wanted.stated_protocol.map(Protocol::as_str);
        annotations.insert(keys.protocol.to_owned(), json!(text));
    }
    let mut data = Map::new();
    if categories(stored).ok().as_ref() != Some(&wanted.categories) {
        data.insert("category".to_owned(), json!(category_text(wanted)));
    }
    if fields(stored).ok().as_ref() != Some(&wanted.fields) {
        data.insert("fields".to_owned(), json!(fields_text(wanted)));
    }
    let mut patch = Map::new();
    if !annotations.is_empty() {
        patch.insert("metadata".to_owned(), json!({"annotations": annotations}));
    }
    if !data.is_empty() {
        patch.insert("data".to_owned(), Value::Object(data));
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Without an annotation the resource name is shown, and need not be written down.
fn is_name_without_display(stored: &Value, wanted: &ConnectionType) -> bool {
    let keys = wanted.dialect.keys().display_name;
    let is_absent = keys
        .iter()
        .all(|key| annotation(stored, key).is_none_or(|name| name.trim().is_empty()));
    is_absent && wanted.display_name == wanted.name
}

fn category_text(type_: &ConnectionType) -> String {
    json!(type_.categories).to_string()
}

/// Indented, since people read it with `kubectl`.
fn fields_text(type_: &ConnectionType) -> String {
    let fields = Value::Array(type_.fields.iter().map(wire::to_value).collect());
    format!("{fields:#}")
}

/// The merge patch that enables or disables a stored type; `None` when it is so already.
pub fn merge_enabled(stored: &Value, dialect: TypeDialect, is_enabled: bool) -> Option<Value> {
    let key = dialect.keys().disabled;
    let is_disabled = annotation(stored, key) == Some("true");
    let text = if is_enabled { "false" } else { "true" };
    (is_disabled == is_enabled).then(|| json!({"metadata": {"annotations": {key: text}}}))
}

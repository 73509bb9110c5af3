//! Merge patch, RFC 7386. Written out because members must keep their order.

use serde_json::{Map, Value};

pub(super) fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else {
        return;
    };
    remove_nulls(members, patch);
    for (name, value) in patch.iter().filter(|(_, value)| !value.is_null()) {
        apply(members.entry(name.as_str()).or_insert(Value::Null), value);
    }
}

/// Takes away what the patch has as null, all at once: taken one by one, each member would move all
/// those behind it.
pub(super) fn remove_nulls(members: &mut Map<String, Value>, patch: &Map<String, Value>) {
    if patch.values().any(Value::is_null) {
        members.retain(|name, _| !patch.get(name).is_some_and(Value::is_null));
    }
}

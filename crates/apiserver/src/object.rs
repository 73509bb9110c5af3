//! Reads and writes the members that every object has. Objects stay untyped, so that members
//! unknown to us, their order and the form of numbers survive; what they mean is left to others.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The text at a JSON pointer.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// `metadata.name`, or the empty text.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name").unwrap_or_default()
}

/// `metadata.namespace`, or the empty text.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace").unwrap_or_default()
}

/// `metadata.uid`, or the empty text.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid").unwrap_or_default()
}

/// `metadata.resourceVersion` of an object that is stored.
pub(crate) fn version(object: &Value) -> Option<u64> {
    text(object, "/metadata/resourceVersion")?.parse().ok()
}

/// `metadata.labels`, where there are any.
pub(crate) fn labels(object: &Value) -> Option<&Map<String, Value>> {
    object
        .pointer("/metadata/labels")
        .and_then(Value::as_object)
}

/// Whether the object has been asked to go and waits for its finalizers.
pub(crate) fn is_terminating(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_some()
}

/// Whether somebody holds the object back from going.
pub(crate) fn has_finalizers(object: &Value) -> bool {
    object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty())
}

/// The member of that name as an object, made where it is missing or something else.
pub(crate) fn member_mut<'a>(object: &'a mut Value, member: &str) -> &'a mut Map<String, Value> {
    member_in(as_map(object), member)
}

/// The member of that name as an object, made where it is missing or something else.
pub(crate) fn member_in<'a>(
    members: &'a mut Map<String, Value>,
    member: &str,
) -> &'a mut Map<String, Value> {
    as_map(members.entry(member).or_insert(Value::Null))
}

/// `metadata`, made where it is missing.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    member_mut(object, "metadata")
}

/// Sets a member, or removes it where there is no value.
pub(crate) fn put(map: &mut Map<String, Value>, member: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            map.insert(member.to_owned(), value);
        }
        None => {
            map.shift_remove(member);
        }
    }
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object above"),
    }
}

/// The present time, as Kubernetes writes it.
pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

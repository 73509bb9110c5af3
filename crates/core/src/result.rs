//! Who says how the test of a connection went: only whoever may, so that nobody passes off their own
//! word for a result. Whether somebody may is asked by callers.

use serde_json::{Map, Value};

use crate::names::{TEST_MESSAGE, TEST_STATUS, TEST_TIMESTAMP, TESTED};

/// The annotations that say how a test went.
pub const ANNOTATIONS: [&str; 4] = [TEST_STATUS, TEST_TIMESTAMP, TEST_MESSAGE, TESTED];

/// The group of rights that are Bowline's own; nothing is stored there.
pub const GROUP: &str = "bowline.dev";
/// What those rights are over, by the Secret's name.
pub const RESOURCE: &str = "connections";
/// The right to have a connection tested without reading it.
pub const TEST: &str = "test";
/// The right to say how a test went.
pub const RECORD: &str = "record";

/// The object with the result that was there before, as it is without the right to [`RECORD`]; `None`
/// where the request leaves the result as it was.
///
/// An edit keeps the result: its digest then fits no longer, which shows that it is stale.
pub fn kept(object: &Value, before: Option<&Value>) -> Option<Value> {
    let stated = |object: Option<&Value>, key: &str| {
        let annotations = object?.get("metadata")?.get("annotations")?;
        annotations.get(key).cloned()
    };
    let changed: Vec<(&str, Option<Value>)> = ANNOTATIONS
        .into_iter()
        .map(|key| (key, stated(before, key)))
        .filter(|(key, was)| stated(Some(object), key) != *was)
        .collect();
    if changed.is_empty() {
        return None;
    }
    let mut object = object.clone();
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata
        .entry("annotations")
        .or_insert_with(|| Value::Object(Map::new()));
    if annotations.is_null() {
        *annotations = Value::Object(Map::new());
    }
    let annotations = annotations.as_object_mut()?;
    for (key, was) in changed {
        match was {
            Some(was) => annotations.insert(key.to_owned(), was),
            None => annotations.remove(key),
        };
    }
    Some(object)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn secret(annotations: &Value) -> Value {
        json!({"metadata": {"name": "tides", "annotations": annotations}, "data": {"A": "YQ=="}})
    }

    #[rstest]
    #[case::forged(json!({TEST_STATUS: "verified", "a": "b"}), Some(json!({"a": "b"})), json!({"a": "b"}))]
    #[case::improved(json!({TEST_STATUS: "verified"}), Some(json!({TEST_STATUS: "failed"})), json!({TEST_STATUS: "failed"}))]
    #[case::removed(Value::Null, Some(json!({TESTED: "v2.a.b"})), json!({TESTED: "v2.a.b"}))]
    #[case::new(json!({TESTED: "v2.a.b", TEST_MESSAGE: "it works"}), None, json!({}))]
    fn a_result_that_somebody_wrote_is_put_back(
        #[case] wanted: Value,
        #[case] was: Option<Value>,
        #[case] expected: Value,
    ) {
        let was = was.as_ref().map(secret);
        assert_eq!(
            kept(&secret(&wanted), was.as_ref()),
            Some(secret(&expected))
        );
    }

    #[test]
    fn whatever_leaves_the_result_alone_is_left_alone() {
        let was = secret(&json!({TEST_STATUS: "verified"}));
        let mut edited = was.clone();
        edited["data"]["A"] = "Yg==".into();
        assert_eq!(kept(&edited, Some(&was)), None);
        assert_eq!(kept(&json!({"metadata": {}}), None), None);
    }
}

//! What the largest patches cost: time in proportion to their size, or a refusal.

use super::*;
use rstest::rstest;
use std::time::{Duration, Instant};

/// Far more than is needed, and far less than work that grows with the square would take.
const SOON: Duration = Duration::from_secs(10);

/// An object with very many members.
fn crowd(value: &Value) -> Value {
    let members = (0..100_000).map(|n| (format!("a{n}"), value.clone()));
    Value::Object(members.collect())
}

#[rstest]
#[case::merge(PatchKind::Merge)]
#[case::strategic(PatchKind::StrategicMerge)]
fn very_many_members_are_taken_away_soon(#[case] kind: PatchKind) {
    let started = Instant::now();
    let patched = apply(kind, &crowd(&json!(1)), &crowd(&Value::Null), &NoKeys);
    assert_eq!(patched, Ok(json!({})));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn very_many_names_are_retained_soon() {
    let target = crowd(&json!(1));
    let names: Vec<&String> = target.as_object().unwrap().keys().rev().collect();
    let started = Instant::now();
    let body = json!({ "$retainKeys": names });
    let patched = apply(PatchKind::StrategicMerge, &target, &body, &NoKeys);
    assert_eq!(patched.as_ref(), Ok(&target));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[rstest]
#[case::add(json!({ "op": "add", "path": "/a/0", "value": 1 }))]
#[case::copy(json!({ "op": "copy", "from": "/b", "path": "/a/0" }))]
#[case::remove(json!({ "op": "remove", "path": "/a/0" }))]
#[case::move_(json!({ "op": "move", "from": "/a/0", "path": "/a/1" }))]
#[case::the_whole_list(json!({ "op": "move", "from": "/a", "path": "/a" }))]
fn operations_do_not_move_a_long_list_again_and_again(#[case] operation: Value) {
    let target = json!({ "a": vec![0; 100_000], "b": 1 });
    let started = Instant::now();
    let body = Value::Array(vec![operation; 10_000]);
    let error = apply(PatchKind::Json, &target, &body, &NoKeys).unwrap_err();
    assert!(
        matches!(error, PatchError::TooMuchMoved { .. }),
        "{error:?}"
    );
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[rstest]
#[case::at_the_end_of_a_long_list("/a/-", 100_000)]
#[case::at_the_start_of_a_usual_list("/a/0", 0)]
fn thousands_of_elements_can_be_added(#[case] path: &str, #[case] before: usize) {
    let target = json!({ "a": vec![0; before] });
    let operation = json!({ "op": "add", "path": path, "value": 1 });
    let body = Value::Array(vec![operation; 9_000]);
    let patched = apply(PatchKind::Json, &target, &body, &NoKeys).expect("it is done");
    assert_eq!(patched["a"].as_array().map(Vec::len), Some(before + 9_000));
}

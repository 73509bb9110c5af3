//! One rule per row.

use super::*;
use rstest::rstest;

#[rstest]
#[case::number(json!({"size": 1}), json!({"f:size": {}}))]
#[case::set(json!({"tags": ["b", "a"]}), json!({"f:tags": {"v:\"a\"": {}, "v:\"b\"": {}}}))]
#[case::by_key(
    json!({"parts": [{"name": "x", "value": "1"}]}),
    json!({"f:parts": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}, "f:value": {}}}})
)]
#[case::map(json!({"labels": {"a": "b"}}), json!({"f:labels": {"f:a": {}}}))]
#[case::empty_map(json!({"labels": {}}), json!({"f:labels": {}}))]
#[case::as_one(json!({"selector": {"a": "b"}}), json!({"f:selector": {}}))]
#[case::list_as_one(json!({"command": ["a", "b"]}), json!({"f:command": {}}))]
fn an_apply_owns_what_it_names(#[case] spec: Value, #[case] owned: Value) {
    let state = State::new().apply("one", &spec);
    assert_eq!(state.owned_by("one"), json!({"f:spec": owned}));
}

#[rstest]
#[case::new_member(json!({"tags": ["a"]}), json!({"tags": ["a"], "size": 1}), json!({"f:size": {}}))]
#[case::new_container(
    json!({"size": 1}), json!({"size": 1, "labels": {"a": "b"}}), json!({"f:labels": {".": {}, "f:a": {}}})
)]
#[case::other_value(json!({"size": 1}), json!({"size": 2}), json!({"f:size": {}}))]
#[case::member_beside(
    json!({"labels": {"a": "b"}}), json!({"labels": {"a": "b", "c": "d"}}), json!({"f:labels": {"f:c": {}}})
)]
#[case::entry_beside(
    json!({"parts": [{"name": "x"}]}), json!({"parts": [{"name": "y", "value": "1"}, {"name": "x"}]}),
    json!({"f:parts": {"k:{\"name\":\"y\"}": {".": {}, "f:name": {}, "f:value": {}}}})
)]
fn an_update_owns_what_differs(#[case] before: Value, #[case] after: Value, #[case] owned: Value) {
    let state = State::new().update("one", &before).update("two", &after);
    assert_eq!(state.owned_by("two"), json!({"f:spec": owned}));
}

#[rstest]
#[case::appended(json!(["a", "b"]), json!(["c"]), json!(["a", "b", "c"]))]
#[case::reordered(json!(["a", "b", "c"]), json!(["c", "a"]), json!(["b", "c", "a"]))]
#[case::around(json!(["x", "m", "y"]), json!(["a", "m", "b"]), json!(["x", "a", "m", "y", "b"]))]
#[case::same(json!(["a", "b"]), json!(["b", "a"]), json!(["b", "a"]))]
fn the_applied_order_of_a_list_holds(
    #[case] live: Value,
    #[case] applied: Value,
    #[case] merged: Value,
) {
    let state = State::new().update("one", &json!({"tags": live}));
    assert_eq!(
        state.apply("two", &json!({"tags": applied})).spec()["tags"],
        merged
    );
}

#[test]
fn entries_with_one_key_are_merged() {
    let state = State::new()
        .apply("one", &json!({"parts": [{"name": "x", "value": "1"}]}))
        .apply(
            "two",
            &json!({"parts": [{"name": "x", "more": {"a": "b"}}]}),
        );
    let parts = json!([{"name": "x", "value": "1", "more": {"a": "b"}}]);
    assert_eq!(state.spec()["parts"], parts);
}

#[test]
fn what_a_manager_no_longer_names_goes_unless_another_owns_it() {
    let both = json!({"labels": {"shared": "x"}});
    let state = State::new()
        .apply(
            "one",
            &json!({"labels": {"shared": "x", "own": "y"}, "size": 1}),
        )
        .apply("two", &both)
        .apply("one", &json!({"size": 1}));
    assert_eq!(state.spec(), json!({"labels": {"shared": "x"}, "size": 1}));
}

#[test]
fn an_entry_whose_key_is_no_longer_named_goes_with_its_members() {
    let state = State::new()
        .apply(
            "one",
            &json!({"parts": [{"name": "x", "value": "1"}, {"name": "y"}]}),
        )
        .apply("one", &json!({"parts": [{"name": "y"}]}));
    assert_eq!(state.spec(), json!({"parts": [{"name": "y"}]}));
}

#[test]
fn an_entry_that_another_manager_owns_stays() {
    let state = State::new()
        .apply("one", &json!({"parts": [{"name": "x", "value": "1"}]}))
        .apply(
            "two",
            &json!({"parts": [{"name": "x", "more": {"a": "b"}}]}),
        )
        .apply("one", &json!({}));
    assert_eq!(
        state.spec()["parts"],
        json!([{"name": "x", "more": {"a": "b"}}])
    );
}

#[test]
fn conflicts_name_manager_and_field() {
    let state = State::new()
        .apply(
            "one",
            &json!({"parts": [{"name": "x", "value": "1"}], "size": 1}),
        )
        .update(
            "two",
            &json!({"parts": [{"name": "x", "value": "1"}], "size": 2}),
        );
    let wanted = json!({"parts": [{"name": "x", "value": "3"}], "size": 3});
    let conflicts = state
        .try_apply("three", &wanted, false)
        .expect_err("two conflicts");
    assert_eq!(
        conflicts.to_string(),
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.parts[name=\"x\"].value\n\
         conflicts with \"two\" using example.com/v1:\n- .spec.size"
    );
}

#[test]
fn what_was_there_before_belongs_to_somebody() {
    let state = State {
        object: json!({"spec": {"size": 1}}),
        ..State::new()
    };
    let conflicts = state
        .try_apply("one", &json!({"size": 2}), false)
        .expect_err("a conflict");
    assert_eq!(
        conflicts.to_string(),
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using example.com/v1: .spec.size"
    );
}

#[test]
fn the_oldest_of_many_updates_are_merged() {
    let mut state = State::new();
    for number in 0..15 {
        let spec: serde_json::Map<String, Value> = (0..=number)
            .map(|n| (format!("k{n}"), json!("v")))
            .collect();
        state = state.update(&format!("m{number:02}"), &json!({"labels": spec}));
    }
    let managers: Vec<&str> = state
        .managed
        .entries
        .iter()
        .map(|e| e.manager.as_str())
        .collect();
    assert_eq!(
        (managers.len(), managers.contains(&"ancient-changes")),
        (10, true)
    );
    let labels = |number: i32| (0..=number).map(|n| (format!("f:k{n}"), json!({})));
    let mut all: serde_json::Map<String, Value> = labels(14).collect();
    all.insert(".".to_owned(), json!({}));
    let owned = serde_json::to_value(state.managed.all()).expect("a set");
    assert_eq!(owned["f:spec"]["f:labels"], Value::Object(all));
}

#[rstest]
#[case::unknown(json!({"spec": {"sise": 1}}), ".spec.sise: field not declared in schema")]
#[case::in_an_entry(
    json!({"spec": {"parts": [{"name": "x", "valeu": "1"}]}}),
    ".spec.parts[name=\"x\"].valeu: field not declared in schema"
)]
#[case::twice(
    json!({"spec": {"parts": [{"name": "x"}, {"name": "x"}]}}),
    ".spec.parts: duplicate entries for key [name=\"x\"]"
)]
#[case::wrong_type(json!({"spec": {"size": "hunter2"}}), ".spec.size: expected integer, got string")]
#[case::no_key(
    json!({"spec": {"parts": [{"value": "hunter2"}]}}),
    ".spec.parts: element 0: has no `name`, by which the list is merged"
)]
fn an_object_that_cannot_be_applied_is_told_why(#[case] object: Value, #[case] why: &str) {
    assert_eq!(faults(&object, &schema()), vec![why.to_owned()]);
}

#[rstest]
#[case::no_step(json!([{"operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}]))]
#[case::operation(json!([{"operation": "Write", "apiVersion": "v1", "fieldsType": "FieldsV1"}]))]
#[case::version(json!([{"operation": "Update", "apiVersion": "", "fieldsType": "FieldsV1"}]))]
#[case::form(json!([{"operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV2"}]))]
#[case::text(json!("nonsense"))]
fn entries_that_make_no_sense_are_not_read(#[case] entries: Value) {
    assert_eq!(Managed::read(&entries), None);
}

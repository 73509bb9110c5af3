use rstest::rstest;
use serde_json::json;

use super::*;

fn paths(wanted: &Value, live: &Value) -> Vec<String> {
    changes(wanted, live)
        .into_iter()
        .map(|change| change.path)
        .collect()
}

#[rstest]
#[case::same(json!({"data": {"a": "1"}}), json!({"data": {"a": "1"}}), &[])]
#[case::more_than_wanted(json!({"data": {"a": "1"}}), json!({"data": {"a": "1", "b": "2"}, "status": {}}), &[])]
#[case::another_value(json!({"data": {"a": "1"}}), json!({"data": {"a": "2"}}), &["data.a"])]
#[case::a_missing_key(json!({"data": {"a": "1", "b": "2"}}), json!({"data": {"a": "1"}}), &["data.b"])]
#[case::a_missing_part(json!({"data": {"a": "1"}}), json!({}), &["data"])]
#[case::a_list_of_names_in_another_order(
    json!({"spec": {"env": [{"name": "A", "value": "1"}]}}),
    json!({"spec": {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}}),
    &[]
)]
#[case::an_item_of_a_list_of_names(
    json!({"spec": {"env": [{"name": "A", "value": "1"}]}}),
    json!({"spec": {"env": [{"name": "A", "value": "2"}]}}),
    &["spec.env[A].value"]
)]
#[case::an_empty_value_that_the_api_left_away(
    json!({"spec": {"env": [{"name": "A", "value": ""}]}}),
    json!({"spec": {"env": [{"name": "A"}]}}),
    &[]
)]
#[case::an_item_with_defaults(json!({"ports": [{"port": 80}]}), json!({"ports": [{"port": 80, "protocol": "TCP"}]}), &[])]
#[case::another_item(json!({"ports": [{"port": 80}]}), json!({"ports": [{"port": 81}]}), &["ports[0].port"])]
#[case::more_items(json!({"ports": [{"port": 80}]}), json!({"ports": []}), &["ports"])]
#[case::an_empty_list_that_the_api_left_away(json!({"subjects": []}), json!({}), &[])]
#[case::no_items_any_more(json!({"subjects": []}), json!({"subjects": [{"name": "a"}]}), &["subjects"])]
#[case::a_subject_that_is_to_go(
    json!({"subjects": [{"name": "a"}]}),
    json!({"subjects": [{"name": "a"}, {"name": "b"}]}),
    &["subjects"]
)]
#[case::a_subject_with_defaults(json!({"subjects": [{"name": "a"}]}), json!({"subjects": [{"name": "a", "apiGroup": ""}]}), &[])]
#[case::a_plain_list(json!({"spec": [1, 2]}), json!({"spec": [2, 1]}), &["spec"])]
fn only_what_is_wanted_counts(
    #[case] wanted: Value,
    #[case] live: Value,
    #[case] expected: &[&str],
) {
    assert_eq!(paths(&wanted, &live), expected);
}

#[test]
fn values_of_secrets_are_hidden() {
    let wanted = json!({"kind": "Secret", "data": {"a": "Y2FuYXJ5"}});
    let live = json!({"kind": "Secret", "data": {"a": "b3RoZXI="}});
    let expected = Change {
        path: "data.a".to_owned(),
        from: Some("(hidden)".to_owned()),
        to: "(hidden)".to_owned(),
    };
    assert_eq!(changes(&wanted, &live), [expected]);
}

#[test]
fn a_new_part_of_a_secret_is_hidden_too() {
    let wanted = json!({"kind": "Secret", "data": {"a": "Y2FuYXJ5"}});
    let shown = format!("{:?}", changes(&wanted, &json!({"kind": "Secret"})));
    assert!(!shown.contains("Y2FuYXJ5"), "{shown}");
}

//! Tables: cells of every kind, the paths of custom columns, and the frame around them.

mod kinds;
mod paths;

use super::*;
use rstest::rstest;
use serde_json::json;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The cells of `-o wide`.
fn cells(columns: &[Column], object: &Value) -> Value {
    let objects = std::slice::from_ref(object);
    let mut table = render(columns, objects, IncludeObject::None, json!({}), now());
    table["rows"][0]["cells"].take()
}

fn one_secret() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "one", "creationTimestamp": "2026-11-20T11:59:00Z" },
        "type": "Opaque",
        "data": { "a": "", "b": "" },
    })
}

#[test]
fn a_table_has_definitions_and_a_row_for_each_object() {
    let columns = built_in("", "Secret");
    let metadata = json!({ "resourceVersion": "7" });
    let table = render(
        &columns[..2],
        &[one_secret()],
        IncludeObject::None,
        metadata,
        now(),
    );
    let expected = json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": { "resourceVersion": "7" },
        "columnDefinitions": [
            {
                "name": "Name", "type": "string", "format": "name",
                "description": "unique in its namespace", "priority": 0
            },
            {
                "name": "Type", "type": "string", "format": "",
                "description": "what its keys mean", "priority": 0
            },
        ],
        "rows": [{ "cells": ["one", "Opaque"], "object": null }],
    });
    assert_eq!(table, expected);
}

#[test]
fn an_empty_list_has_no_rows() {
    let table = render(
        &built_in("", "Secret"),
        &[],
        IncludeObject::Metadata,
        json!({}),
        now(),
    );
    assert_eq!(table["rows"], json!([]));
}

#[rstest]
#[case::nothing(IncludeObject::None, json!(null))]
#[case::metadata(IncludeObject::Metadata, json!({
    "kind": "PartialObjectMetadata",
    "apiVersion": "meta.k8s.io/v1",
    "metadata": { "name": "one", "creationTimestamp": "2026-11-20T11:59:00Z" },
}))]
#[case::object(IncludeObject::Object, one_secret())]
fn a_row_carries_as_much_of_the_object_as_asked(
    #[case] include: IncludeObject,
    #[case] expected: Value,
) {
    let table = render(
        &built_in("", "Secret"),
        &[one_secret()],
        include,
        json!({}),
        now(),
    );
    assert_eq!(table["rows"][0]["object"], expected);
}

#[rstest]
#[case::far_ahead("2026-11-20T12:00:02Z", "<invalid>")]
#[case::a_little_ahead("2026-11-20T12:00:01Z", "0s")]
#[case::now("2026-11-20T12:00:00Z", "0s")]
#[case::seconds("2026-11-20T11:58:01Z", "119s")]
#[case::minutes("2026-11-20T11:58:00Z", "2m")]
#[case::minutes_and_seconds("2026-11-20T11:50:01Z", "9m59s")]
#[case::more_minutes("2026-11-20T11:50:00Z", "10m")]
#[case::many_minutes("2026-11-20T09:00:01Z", "179m")]
#[case::hours("2026-11-20T09:00:00Z", "3h")]
#[case::hours_and_minutes("2026-11-20T04:01:00Z", "7h59m")]
#[case::more_hours("2026-11-20T04:00:00Z", "8h")]
#[case::many_hours("2026-11-18T13:00:00Z", "47h")]
#[case::days("2026-11-18T12:00:00Z", "2d")]
#[case::days_and_hours("2026-11-12T13:00:00Z", "7d23h")]
#[case::more_days("2026-11-12T12:00:00Z", "8d")]
#[case::many_days("2024-11-20T13:00:00Z", "729d")]
#[case::years("2024-11-20T12:00:00Z", "2y")]
#[case::years_and_days("2018-11-23T12:00:00Z", "7y364d")]
#[case::more_years("2018-11-22T12:00:00Z", "8y")]
#[case::with_fraction_and_offset("2026-11-20T13:59:00.5+02:00", "59s")]
#[case::no_time("yesterday", "<invalid>")]
fn ages_get_coarser(#[case] created: &str, #[case] expected: &str) {
    let object = json!({ "metadata": { "creationTimestamp": created } });
    assert_eq!(
        cells(&built_in("", "Anything")[1..], &object),
        json!([expected])
    );
}

#[test]
fn an_object_without_a_time_has_no_known_age() {
    assert_eq!(
        cells(&built_in("", "Anything")[1..], &json!({})),
        json!(["<unknown>"])
    );
}

#[rstest]
#[case::string("string", json!("a"), json!("a"))]
#[case::string_of_a_number("string", json!(1.5), json!("1.5"))]
#[case::string_of_a_list("string", json!(["a"]), json!("[\"a\"]"))]
#[case::integer("integer", json!(3), json!(3))]
#[case::integer_of_a_fraction("integer", json!(3.9), json!(3))]
#[case::integer_of_a_text("integer", json!("3"), json!(null))]
#[case::number("number", json!(1.5), json!(1.5))]
#[case::boolean("boolean", json!(true), json!(true))]
#[case::boolean_of_a_text("boolean", json!("true"), json!(null))]
#[case::date("date", json!("2026-11-20T11:00:00Z"), json!("60m"))]
#[case::date_of_a_number("date", json!(5), json!(null))]
fn custom_columns_have_types(#[case] kind: &str, #[case] value: Value, #[case] expected: Value) {
    let definition = json!([{ "name": "X", "type": kind, "jsonPath": ".spec.x" }]);
    let columns = Column::of_custom_resource(Some(&definition)).unwrap();
    assert_eq!(
        cells(&columns[1..], &json!({ "spec": { "x": value } })),
        json!([expected])
    );
}

#[test]
fn custom_columns_follow_the_name() {
    let definitions = json!([{
        "name": "URL", "type": "string", "jsonPath": ".status.url", "priority": 1,
        "format": "uri", "description": "where",
    }]);
    let columns = Column::of_custom_resource(Some(&definitions)).unwrap();
    let table = render(&columns, &[], IncludeObject::None, json!({}), now());
    let expected = json!({
        "name": "URL", "type": "string", "format": "uri", "description": "where", "priority": 1,
    });
    assert_eq!(table["columnDefinitions"][0]["name"], "Name");
    assert_eq!(table["columnDefinitions"][1], expected);
}

#[rstest]
#[case::none(None)]
#[case::empty(Some(json!([])))]
fn a_custom_resource_without_columns_shows_its_age(#[case] definitions: Option<Value>) {
    let columns = Column::of_custom_resource(definitions.as_ref()).unwrap();
    assert_eq!(cells(&columns, &one_secret()), json!(["one", "60s"]));
}

#[test]
fn a_custom_column_with_a_broken_path_is_refused() {
    let definitions = json!([{ "name": "X", "type": "string", "jsonPath": "spec" }]);
    let error = Column::of_custom_resource(Some(&definitions))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`spec`") && error.contains("start with `.`"),
        "{error}"
    );
}

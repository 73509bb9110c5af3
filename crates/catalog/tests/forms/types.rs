//! Types as ConfigMaps: what is written in each dialect, what is read, and what is broken.

use bowline_catalog::types::{ConnectionType, TypeDialect, builtin, examples, read, write};
use bowline_core::Protocol;
use rstest::rstest;
use serde_json::{Value, json};

use crate::cases::{named, with_fields};

fn stored(labels: &Value, annotations: &Value, data: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "ct-reef", "namespace": "opendatahub", "labels": labels, "annotations": annotations,
            "creationTimestamp": "2026-11-21T08:00:00Z", "resourceVersion": "7"},
        "data": data,
    })
}

fn labels() -> Value {
    json!({"opendatahub.io/dashboard": "true", "opendatahub.io/connection-type": "true"})
}

fn broken(data: &Value) -> String {
    read(&stored(&labels(), &json!({}), data))
        .expect_err("it cannot be read")
        .error
}

#[rstest]
#[case("s3")]
#[case("uri-v1")]
#[case("oci-v1")]
fn a_pre_installed_type_is_written_as_every_reader_knows_it(#[case] name: &str) {
    insta::assert_json_snapshot!(
        format!("config_map_{name}"),
        write::config_map(&named(name))
    );
}

#[test]
fn a_type_may_state_the_protocol_that_its_fields_do_not_tell() {
    let stated = |text: &str| {
        let annotations = json!({"opendatahub.io/connection-type-protocol": text});
        read(&stored(&labels(), &annotations, &json!({}))).expect("a type")
    };
    let type_ = stated("git");
    assert_eq!(type_.protocol(), Some(Protocol::Git));
    assert_eq!(stated("postgres").protocol(), None);
    assert_eq!(
        read(&write::config_map(&type_)).expect("a type").protocol(),
        Some(Protocol::Git)
    );
    // Whoever changes something else leaves it.
    let stored = write::config_map(&type_);
    let patch = write::merge(
        &stored,
        &ConnectionType {
            display_name: "Reef".to_owned(),
            ..type_
        },
    );
    assert!(!patch.expect("a change").to_string().contains("protocol"));
}

#[test]
fn a_type_of_alaudas_has_alaudas_keys() {
    let type_ = ConnectionType {
        namespace: "kube-public".to_owned(),
        dialect: TypeDialect::Alauda,
        is_enabled: false,
        ..with_fields(Vec::new())
    };
    insta::assert_json_snapshot!(write::config_map(&type_));
}

#[test]
fn what_programs_are_shown_of_a_type() {
    let fields = json!([
        {"type": "section", "name": "Where", "description": "Host and port."},
        {"type": "short-text", "name": "Host", "description": "Without a scheme.", "envVar": "REEF_HOST", "required": true},
        {"type": "numeric", "name": "Port", "envVar": "REEF_PORT", "properties": {"min": 1, "max": 65535, "defaultValue": 8080, "defaultReadOnly": true}},
        {"type": "hidden", "name": "Key", "envVar": "REEF_KEY", "properties": {"deferInput": true}},
    ]);
    insta::assert_json_snapshot!(with_fields(serde_json::from_value(fields).expect("fields")));
}

#[test]
fn every_type_that_comes_along_is_read_as_it_was_written() {
    for type_ in builtin::all("opendatahub")
        .into_iter()
        .chain(examples::all("opendatahub"))
    {
        assert_eq!(read(&write::config_map(&type_)), Ok(type_));
    }
}

#[rstest]
#[case::s3("s3", Some("s3"))]
#[case::uri("uri-v1", Some("uri"))]
#[case::oci("oci-v1", Some("oci"))]
#[case::gcs("gcs", Some("gcs"))]
#[case::azure("azure", Some("azure"))]
#[case::git("git", Some("git"))]
#[case::hugging_face("huggingface", Some("uri"))]
#[case::postgres("postgres", None)]
fn a_type_speaks_the_protocol_that_its_fields_fit(
    #[case] name: &str,
    #[case] expected: Option<&str>,
) {
    let protocol = named(name).protocol().map(|protocol| protocol.as_str());
    assert_eq!(protocol, expected);
}

#[test]
fn of_several_protocols_the_first_counts() {
    let keys = ["URI", ".dockerconfigjson", "OCI_HOST", "GIT_URL"];
    let fields: Vec<_> = keys
        .iter()
        .map(|key| json!({"type": "short-text", "name": key, "envVar": key}))
        .collect();
    let type_ = with_fields(serde_json::from_value(json!(fields)).expect("fields"));
    assert_eq!(
        type_.protocol().map(|protocol| protocol.as_str()),
        Some("oci")
    );
}

#[rstest]
#[case::absent(json!({}), true)]
#[case::true_(json!({"opendatahub.io/disabled": "true"}), false)]
#[case::false_(json!({"opendatahub.io/disabled": "false"}), true)]
#[case::another_text(json!({"opendatahub.io/disabled": "True"}), true)]
#[case::empty(json!({"opendatahub.io/disabled": ""}), true)]
fn only_the_exact_text_true_disables(#[case] annotations: Value, #[case] expected: bool) {
    let type_ = read(&stored(&labels(), &annotations, &json!({}))).expect("a type");
    assert_eq!(type_.is_enabled, expected);
}

#[test]
fn the_label_of_the_platform_counts_whatever_it_says() {
    let mut labels = labels();
    labels["platform.opendatahub.io/part-of"] = json!("");
    assert!(
        read(&stored(&labels, &json!({}), &json!({})))
            .expect("a type")
            .is_preinstalled
    );
}

#[test]
fn without_a_display_name_the_resource_name_is_shown() {
    let type_ = read(&stored(
        &labels(),
        &json!({"openshift.io/display-name": " "}),
        &json!({}),
    ))
    .expect("a type");
    assert_eq!(
        (
            type_.display_name.as_str(),
            type_.categories.len(),
            type_.fields.len()
        ),
        ("ct-reef", 0, 0)
    );
}

#[rstest]
#[case::underscore(json!({"cpaas.io/display_name": "Reef"}))]
#[case::hyphen(json!({"cpaas.io/display-name": "Reef"}))]
fn alaudas_display_name_is_read_in_both_spellings(#[case] annotations: Value) {
    let labels = json!({"cpaas.io/dashboard": "true", "cpaas.io/connection-type": "true"});
    let type_ = read(&stored(&labels, &annotations, &json!({}))).expect("a type");
    assert_eq!(
        (type_.dialect, type_.display_name.as_str()),
        (TypeDialect::Alauda, "Reef")
    );
}

#[rstest]
#[case::no_labels(json!({}))]
#[case::one_of_two(json!({"opendatahub.io/dashboard": "true"}))]
#[case::another_text(json!({"opendatahub.io/dashboard": "true", "opendatahub.io/connection-type": "yes"}))]
fn other_config_maps_are_no_types(#[case] labels: Value) {
    assert_eq!(
        read::dialect(&stored(&labels, &json!({}), &json!({}))),
        None
    );
}

#[rstest]
#[case::no_json(json!({"fields": "[{"}), "`data.fields` is not JSON, as of line 1, column 2")]
#[case::no_list(json!({"fields": "{}"}), "`data.fields` is not a list")]
#[case::no_object(json!({"fields": "[1]"}), "`data.fields`, entry 1: it is not a JSON object")]
#[case::no_type(json!({"fields": "[{\"name\": \"A\"}]"}), "`data.fields`, entry 1: it has no `type`")]
#[case::a_number_as_name(json!({"fields": "[{\"type\": \"text\", \"name\": 1}]"}), "`data.fields`, entry 1: `name` is not a string")]
#[case::a_text_as_number(
    json!({"fields": "[{\"type\": \"numeric\", \"name\": \"A\", \"properties\": {\"min\": \"1\"}}]"}),
    "`data.fields`, entry 1: `A`: `min` is not a number"
)]
#[case::a_text_as_flag(
    json!({"fields": "[{\"type\": \"text\", \"name\": \"A\", \"required\": \"true\"}]"}),
    "`data.fields`, entry 1: `A`: `required` is neither `true` nor `false`"
)]
#[case::an_unknown_variant(
    json!({"fields": "[{\"type\": \"dropdown\", \"name\": \"A\", \"properties\": {\"variant\": \"two\"}}]"}),
    "`data.fields`, entry 1: `A`: `variant` is neither `single` nor `multi`"
)]
#[case::items_that_are_none(
    json!({"fields": "[{\"type\": \"dropdown\", \"name\": \"A\", \"properties\": {\"items\": [1]}}]"}),
    "`data.fields`, entry 1: `A`: `items` is not a list of objects with `label` and `value`"
)]
#[case::categories_that_are_none(json!({"category": "Database"}), "`data.category` is not JSON, as of line 1, column 1")]
#[case::a_category_that_is_none(json!({"category": "[1]"}), "`data.category` is not a list of strings")]
fn a_type_that_does_not_parse_says_where(#[case] data: Value, #[case] expected: &str) {
    assert_eq!(broken(&data), expected);
}

#[test]
fn what_nobody_knows_survives_reading_and_writing() {
    let fields = json!([{"type": "text", "name": "A", "envVar": "A", "properties": {"rows": 3}, "hint": {"a": [1]}}]);
    let type_ = with_fields(serde_json::from_value(fields.clone()).expect("fields"));
    assert_eq!(serde_json::to_value(&type_.fields).expect("JSON"), fields);
}

#[test]
fn a_type_that_stays_as_it_is_needs_no_patch() {
    let fields = r#"[ {"name":"A", "type":"text","envVar":"A","required":false,"properties":{}} ]"#;
    let object = stored(
        &labels(),
        &json!({"team": "reef"}),
        &json!({"category": "[ \"Database\" ]", "fields": fields}),
    );
    let type_ = read(&object).expect("a type");
    assert_eq!(write::merge(&object, &type_), None);
}

#[test]
fn a_patch_holds_what_changes_and_nothing_else() {
    let object = stored(
        &labels(),
        &json!({"team": "reef", "opendatahub.io/disabled": "true"}),
        &json!({"category": "[\"Database\"]", "note": "kept"}),
    );
    let type_ = ConnectionType {
        is_enabled: true,
        categories: vec!["URI".to_owned()],
        ..read(&object).expect("a type")
    };
    let patch = json!({"metadata": {"annotations": {"opendatahub.io/disabled": "false"}}, "data": {"category": "[\"URI\"]"}});
    assert_eq!(write::merge(&object, &type_), Some(patch));
}

#[test]
fn a_revision_changes_with_the_fields_and_with_nothing_else() {
    let type_ = named("s3");
    let renamed = ConnectionType {
        display_name: "Other".to_owned(),
        resource_version: Some("9".to_owned()),
        ..type_.clone()
    };
    let mut shortened = type_.clone();
    shortened.fields.pop();
    assert_eq!(type_.revision(), renamed.revision());
    assert_ne!(type_.revision(), shortened.revision());
}

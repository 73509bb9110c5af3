//! Drafts and changes: the Secret that is made, and the patch that changes it.

use std::collections::BTreeMap;

use bowline_catalog::draft::{Circumstances, Draft, NewConnection, draft};
use bowline_catalog::edit::{Change, Edited, Subject, edit, type_name};
use bowline_catalog::types::ConnectionType;
use bowline_core::{Finding, Secret, Severity};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::{load, named, play, same, secret, short};

/// A Secret as people see it, without what is not text.
pub(crate) fn shown(secret: &Secret) -> Value {
    let data: BTreeMap<_, _> = secret
        .data
        .iter()
        .map(|(key, value)| (key, value.expose_str()))
        .collect();
    json!({
        "name": secret.name, "namespace": secret.namespace, "type": secret.type_,
        "labels": secret.labels, "annotations": secret.annotations, "data": data,
    })
}

pub(crate) fn new_connection(given: Value) -> NewConnection {
    serde_json::from_value(given).expect("a new connection")
}

pub(crate) fn drafted(given: Value) -> Result<Draft, Vec<Finding>> {
    let new = new_connection(given);
    let circumstances = Circumstances {
        namespace: "team-a",
        creator: Some("ada"),
        random: "abc123",
    };
    draft(&new, &named(&new.type_name), circumstances)
}

#[rstest]
#[case::s3("s3", json!({
    "AWS_ACCESS_KEY_ID": "tidepool", "AWS_SECRET_ACCESS_KEY": "kept below",
    "AWS_S3_ENDPOINT": "http://reef.example.com:9000", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_S3_BUCKET": "charts",
}))]
#[case::s3_without_a_bucket("s3", json!({
    "AWS_ACCESS_KEY_ID": "tidepool", "AWS_SECRET_ACCESS_KEY": "kept below", "AWS_S3_ENDPOINT": "https://reef.example.com",
}))]
#[case::uri("uri-v1", json!({"URI": "hf://reef/charts"}))]
#[case::oci("oci-v1", json!({".dockerconfigjson": "{\"auths\":{}}", "OCI_HOST": "quay.io", "ACCESS_TYPE": ["Pull"]}))]
#[case::oci_without_a_login("oci-v1", json!({"OCI_HOST": "quay.io"}))]
#[case::postgres("postgres", json!({"PGHOST": "reef", "PGDATABASE": "charts", "PGUSER": "ada", "PGPASSWORD": "kept below"}))]
fn a_new_connection_is_written_for_every_reader(#[case] type_name: &str, #[case] values: Value) {
    let name = format!(
        "draft_{type_name}_{}",
        values.as_object().map_or(0, serde_json::Map::len)
    );
    let given = json!({"type": type_name, "displayName": " High Tides ", "description": " Of the reef. ", "values": values});
    let mut secret = drafted(given).expect("nothing is wrong").secret;
    for key in ["AWS_SECRET_ACCESS_KEY", "PGPASSWORD"] {
        secret.data.remove(key);
    }
    insta::assert_json_snapshot!(name, shown(&secret));
}

#[rstest]
#[case::no_name(json!({"type": "uri-v1", "values": {"URI": "hf://a/b"}}), &["display-name displayName"])]
#[case::a_bad_name(json!({"type": "uri-v1", "displayName": "Tides", "name": "High Tides", "values": {"URI": "hf://a/b"}}), &["resource-name name"])]
#[case::name_and_values_at_once(json!({"type": "uri-v1", "name": "-"}), &["required URI", "resource-name name"])]
fn everything_that_is_wrong_with_a_new_connection_is_said(
    #[case] given: Value,
    #[case] expected: &[&str],
) {
    assert_eq!(short(&drafted(given).expect_err("it is refused")), expected);
}

#[test]
fn a_disabled_type_makes_no_new_connections() {
    let new = new_connection(
        json!({"type": "uri-v1", "displayName": "Tides", "values": {"URI": "hf://reef/charts"}}),
    );
    let type_ = ConnectionType {
        is_enabled: false,
        ..named("uri-v1")
    };
    let circumstances = Circumstances {
        namespace: "team-a",
        creator: None,
        random: "",
    };
    let findings = draft(&new, &type_, circumstances).expect_err("it is refused");
    assert_eq!(short(&findings), ["type-disabled type"]);
}

#[test]
fn what_core_has_to_say_comes_along_and_refuses_nothing() {
    let draft = drafted(
        json!({"type": "uri-v1", "displayName": "Tides", "values": {"URI": "gopher://reef"}}),
    )
    .expect("a draft");
    assert!(
        draft
            .findings
            .iter()
            .any(|finding| finding.rule == "uri-scheme"),
        "{:?}",
        draft.findings
    );
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    secret: Value,
    /// The type that the connection has; absent where it was deleted.
    #[serde(rename = "type", default)]
    type_name: Option<String>,
    /// The type that it is to have.
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    change: Value,
    /// What changes, and nothing else; `null` where it is removed.
    #[serde(default)]
    data: BTreeMap<String, Option<String>>,
    #[serde(default)]
    labels: BTreeMap<String, Option<String>>,
    #[serde(default)]
    annotations: BTreeMap<String, Option<String>>,
    /// What refuses it.
    #[serde(default)]
    errors: Vec<String>,
}

pub(crate) fn change(given: &Value) -> Change {
    if given.is_null() {
        return Change::default();
    }
    serde_json::from_value(given.clone()).expect("a change")
}

fn data(edited: &Edited) -> BTreeMap<String, Option<String>> {
    let text =
        |value: &bowline_core::Sensitive| String::from_utf8_lossy(value.expose()).into_owned();
    edited
        .data
        .iter()
        .map(|(key, value)| (key.clone(), value.as_ref().map(text)))
        .collect()
}

#[test]
fn a_change_writes_what_the_table_says_and_nothing_else() {
    let cases: Vec<Case> = load("edit.yaml");
    play(
        &cases,
        |case| &case.name,
        |case| {
            let secret = secret(&case.secret);
            let (type_, other_type) = (
                case.type_name.as_deref().map(named),
                case.to.as_deref().map(named),
            );
            let subject = Subject {
                secret: &secret,
                type_: type_.as_ref(),
                other_type: other_type.as_ref(),
                editor: None,
            };
            match edit(subject, &change(&case.change)) {
                Err(findings) => {
                    let errors: Vec<_> = findings
                        .into_iter()
                        .filter(|finding| finding.severity == Severity::Error)
                        .collect();
                    let mut wanted = case.errors.clone();
                    wanted.sort();
                    same("errors", &short(&errors), &wanted)
                }
                Ok(edited) => {
                    same("errors", &Vec::new(), &case.errors)?;
                    same("data", &data(&edited), &case.data)?;
                    same("labels", &edited.labels, &case.labels)?;
                    same("annotations", &edited.annotations, &case.annotations)
                }
            }
        },
    );
}

#[rstest]
#[case::stated(json!({"annotations": {"opendatahub.io/connection-type-ref": "ct-reef", "opendatahub.io/connection-type-protocol": "s3"}}), Some("ct-reef"))]
#[case::alaudas(json!({"annotations": {"cpaas.io/connection-type-ref": "ct-reef"}}), Some("ct-reef"))]
#[case::protocol_only(json!({"annotations": {"opendatahub.io/connection-type-protocol": "uri"}}), Some("uri-v1"))]
#[case::legacy(json!({"annotations": {"opendatahub.io/connection-type": "s3"}}), Some("s3"))]
#[case::kserve(json!({"annotations": {"serving.kserve.io/s3-endpoint": "reef:9000"}}), Some("s3"))]
#[case::registry(json!({"annotations": {"cpaas.io/connection-type-protocol": "oci"}}), Some("oci-v1"))]
#[case::unknown(json!({"annotations": {"opendatahub.io/connection-type-protocol": "ftp"}}), None)]
#[case::no_connection(json!({"data": {"URI": "hf://reef/charts"}}), None)]
fn the_type_of_a_foreign_connection_is_guessed(
    #[case] given: Value,
    #[case] expected: Option<&str>,
) {
    assert_eq!(type_name(&secret(&given)).as_deref(), expected);
}

#[test]
fn who_changes_something_is_written_down_and_who_changes_nothing_is_not() {
    let secret = drafted(
        json!({"type": "uri-v1", "displayName": "Tides", "values": {"URI": "hf://reef/charts"}}),
    )
    .expect("a draft")
    .secret;
    let type_ = named("uri-v1");
    let subject = Subject {
        secret: &secret,
        type_: Some(&type_),
        other_type: None,
        editor: Some("grace"),
    };
    assert!(
        edit(subject, &Change::default())
            .expect("no change")
            .is_empty()
    );
    let edited = edit(subject, &change(&json!({"description": "Of the reef."}))).expect("a change");
    assert_eq!(
        edited.annotations["bowline.dev/editor"].as_deref(),
        Some("grace")
    );
}

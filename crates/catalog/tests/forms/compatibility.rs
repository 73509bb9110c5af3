//! What connections can be used for, and what others would miss: by keys and annotations.

use bowline_catalog::compatibility::{is_push_target, missing, not_deployable, tags, tags_of_type};
use bowline_core::{Connection, Recognition, Secret, Sensitive};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::{load, named, play, same, secret};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    secret: Value,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    missing: Vec<String>,
    /// A part of each reason.
    #[serde(default)]
    not_deployable: Vec<String>,
}

fn connection(secret: Secret) -> Connection {
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => *connection,
        other => panic!("no connection: {other:?}"),
    }
}

fn words(list: &impl serde::Serialize) -> Vec<String> {
    let value = serde_json::to_value(list).expect("JSON");
    serde_json::from_value(value).expect("words")
}

#[test]
fn a_connection_is_used_as_the_table_says() {
    let cases: Vec<Case> = load("compatibility.yaml");
    play(
        &cases,
        |case| &case.name,
        |case| {
            let connection = connection(secret(&case.secret));
            same("tags", &words(&tags(&connection)), &case.tags)?;
            same("missing", &words(&missing(&connection)), &case.missing)?;
            let reasons = not_deployable(&connection);
            let is_said = reasons.len() == case.not_deployable.len()
                && reasons
                    .iter()
                    .zip(&case.not_deployable)
                    .all(|(reason, part)| reason.contains(part));
            same("not deployable as said", &is_said, &true).map_err(|_| format!("{reasons:?}"))
        },
    );
}

#[test]
fn values_are_not_needed() {
    let data = json!({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_S3_ENDPOINT": "c", "AWS_S3_BUCKET": "d"});
    let full = secret(
        &json!({"annotations": {"opendatahub.io/connection-type-protocol": "s3"}, "data": data}),
    );
    let mut empty = full.clone();
    for value in empty.data.values_mut() {
        *value = Sensitive::new("");
    }
    let (full, empty) = (connection(full), connection(empty));
    assert_eq!(
        (tags(&full), missing(&full), not_deployable(&full)),
        (tags(&empty), missing(&empty), not_deployable(&empty))
    );
}

#[rstest]
#[case("s3", json!(["s3"]))]
#[case("uri-v1", json!(["uri"]))]
#[case("oci-v1", json!(["oci"]))]
#[case("huggingface", json!(["uri"]))]
#[case("postgres", json!([]))]
fn a_type_is_tagged_by_its_keys(#[case] name: &str, #[case] expected: Value) {
    assert_eq!(json!(tags_of_type(&named(name))), expected);
}

#[rstest]
#[case::push(r#"["Push"]"#, true)]
#[case::both(r#"["Pull","Push"]"#, true)]
#[case::none("[]", true)]
#[case::pull(r#"["Pull"]"#, false)]
fn models_are_pushed_where_pushing_is_allowed(#[case] access: &str, #[case] expected: bool) {
    let data = json!({".dockerconfigjson": "{}", "OCI_HOST": "quay.io", "ACCESS_TYPE": access});
    let secret = secret(
        &json!({"annotations": {"opendatahub.io/connection-type-protocol": "oci"}, "data": data}),
    );
    assert_eq!(is_push_target(&connection(secret)), expected);
}

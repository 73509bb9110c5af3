use bowline_core::Secret;
use bowline_core::sensitive::MASK;
use serde_json::{Value, json};

use super::*;
use crate::failure::Kind;

fn details(secret: &Value) -> Details {
    Details::of(Secret::from_value(secret).expect("a Secret")).expect("a connection")
}

fn text(details: &Details) -> String {
    anstream::adapter::strip_str(&text::render(details)).to_string()
}

fn training_data() -> Value {
    json!({
        "metadata": {"name": "training-data", "namespace": "team-a",
            "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
            "annotations": {"opendatahub.io/connection-type-protocol": "s3",
                "opendatahub.io/connection-type": "s3",
                "openshift.io/display-name": "Training data",
                "openshift.io/description": "What models\nlearn from"}},
        "stringData": {
            "AWS_ACCESS_KEY_ID": "canary-id",
            "AWS_SECRET_ACCESS_KEY": "canary-key",
            "AWS_S3_ENDPOINT": "https://minio.example:9000/",
            "AWS_S3_BUCKET": "raw",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "note": "canary-note",
        },
    })
}

#[test]
fn people_see_places_and_no_secrets() {
    insta::assert_snapshot!(text(&details(&training_data())));
}

#[test]
fn a_login_inside_of_a_place_hides_the_place() {
    let mut secret = training_data();
    secret["stringData"]["AWS_S3_ENDPOINT"] = json!("https://canary:canary@minio.example");
    assert!(!text(&details(&secret)).contains("canary"));
}

#[test]
fn a_candidate_shows_no_value_at_all() {
    let mut secret = training_data();
    secret["metadata"]["annotations"] = json!({});
    let details = details(&secret);
    assert!(!details.is_connection);
    assert!(details.keys.iter().all(|shown| shown.value == MASK));
}

#[test]
fn the_settings_in_kserves_annotations_are_shown() {
    let details = details(&json!({
        "metadata": {"name": "models", "annotations": {"serving.kserve.io/s3-endpoint": "minio.example:9000"}},
        "stringData": {"AWS_ACCESS_KEY_ID": "canary", "AWS_SECRET_ACCESS_KEY": "canary"},
    }));
    assert_eq!(details.annotations[0].value, "minio.example:9000");
}

#[test]
fn programs_see_which_values_are_masked() {
    let json = json!(details(&training_data()));
    assert_eq!(json["protocol"], "s3");
    assert_eq!(
        json["keys"][4],
        json!({"key": "AWS_SECRET_ACCESS_KEY", "value": MASK, "isMasked": true})
    );
    assert!(!json.to_string().contains("canary"), "{json}");
}

#[test]
fn something_else_is_not_shown() {
    let secret = json!({"metadata": {"name": "tls"}, "type": "kubernetes.io/tls"});
    let failure =
        Details::of(Secret::from_value(&secret).expect("a Secret")).expect_err("no connection");
    assert_eq!(failure.kind(), Kind::NotFound);
}

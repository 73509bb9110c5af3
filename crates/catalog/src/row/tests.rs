use serde_json::{Value, json};

use super::*;

fn row(metadata: &Value, data: &Value) -> Option<Row> {
    let mut object = json!({"metadata": metadata, "stringData": data});
    object["metadata"]["name"] = "tides".into();
    object["metadata"]["namespace"] = "harbour".into();
    Row::of(Secret::from_value(&object).unwrap(), Meta::default())
}

#[test]
fn a_row_tells_everything_but_values() {
    let annotations = json!({
        "opendatahub.io/connection-type-protocol": "uri",
        "opendatahub.io/connection-type-ref": "uri-v1",
        "openshift.io/display-name": "Tides",
        "openshift.io/description": "high and low",
        "bowline.dev/creator": "ada",
        "bowline.dev/vital": "true",
        "opendatahub.io/connection-test-status": "verified",
        "opendatahub.io/connection-test-timestamp": "2026-01-01T00:00:00Z",
    });
    let row = row(
        &json!({"annotations": annotations}),
        &json!({"URI": "https://tides.example/canary"}),
    );
    let text = serde_json::to_string_pretty(&row).unwrap();
    assert!(!text.contains("canary"));
    insta::assert_snapshot!(text);
}

#[test]
fn a_candidate_says_why_and_what_would_make_it_a_connection() {
    let row = row(&json!({}), &json!({"HF_TOKEN": "canary"})).unwrap();
    assert!(row.is_candidate);
    assert!(row.why.contains("`HF_TOKEN`"), "{}", row.why);
    assert!(row.help.unwrap().starts_with("kubectl -n harbour annotate"));
}

#[test]
fn other_secrets_have_no_row() {
    assert_eq!(row(&json!({}), &json!({"colour": "blue"})), None);
}

#[test]
fn a_legacy_connection_has_a_type() {
    let annotations = json!({"opendatahub.io/connection-type": "s3"});
    let row = row(&json!({"annotations": annotations}), &json!({})).unwrap();
    assert_eq!(row.type_.as_deref(), Some("s3"));
}

#[test]
fn only_the_text_true_makes_a_connection_vital() {
    let annotations = json!({
        "opendatahub.io/connection-type-protocol": "uri", "bowline.dev/vital": "yes",
    });
    assert!(
        !row(&json!({"annotations": annotations}), &json!({}))
            .unwrap()
            .is_vital
    );
}

#[test]
fn a_connection_that_turns_the_check_of_certificates_off_is_marked() {
    let annotations = json!({"opendatahub.io/connection-type-protocol": "s3"});
    let marked = |verify: &str| {
        let data = json!({"AWS_S3_BUCKET": "tides", "AWS_S3_VERIFY_SSL": verify});
        let row = row(&json!({"annotations": annotations}), &data);
        row.unwrap().is_tls_unverified
    };
    assert!(marked("false") && !marked("true") && !marked(""));
}

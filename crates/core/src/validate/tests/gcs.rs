use rstest::rstest;
use serde_json::Value;

use super::*;

const KEY: &str = "gcloud-application-credentials.json";

fn with_key(key: &Value) -> Given {
    gcs().set(KEY, &key.to_string())
}

#[test]
fn a_key_file_is_needed() {
    gcs().unset(KEY).breaks("missing-key", KEY);
}

#[rstest]
#[case("training.json")]
#[case("[]")]
#[case("{\"type\": ")]
fn a_key_file_is_a_json_object(#[case] value: &str) {
    gcs().set(KEY, value).breaks("gcs-key-json", KEY);
}

#[test]
fn a_key_file_has_a_known_type() {
    with_key(&json!({"client_email": "a@b.example"})).breaks("gcs-key-type", KEY);
    with_key(&json!({"type": "service-account"})).breaks("gcs-key-type", KEY);
}

#[rstest]
#[case(json!({"type": "service_account", "private_key": PEM}))]
#[case(json!({"type": "service_account", "client_email": "", "private_key": PEM}))]
#[case(json!({"type": "service_account", "client_email": "a@b.example"}))]
#[case(json!({"type": "authorized_user", "client_id": "a", "client_secret": "b"}))]
#[case(json!({"type": "external_account", "audience": "a"}))]
fn a_key_file_has_the_fields_of_its_type(#[case] key: Value) {
    with_key(&key).breaks("gcs-key-field", KEY);
}

#[test]
fn a_private_key_has_a_frame() {
    let key =
        json!({"type": "service_account", "client_email": "a@b.example", "private_key": "MIIB"});
    with_key(&key).breaks("private-key", KEY);
}

#[test]
fn a_bucket_keeps_googles_rules() {
    gcs()
        .set("GCS_BUCKET", "Training")
        .breaks("bucket-name", "GCS_BUCKET");
    gcs()
        .set("GCS_BUCKET", "gs://training")
        .breaks("bucket-name", "GCS_BUCKET");
}

//! An edit through ODAHU touches what ODAHU knows, and nothing else.

use bowline_core::{Secret, names};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// A merge patch applied to a Secret.
pub(super) fn merged(stored: &Value, patch: &Value) -> Value {
    let mut object = stored.clone();
    merge(&mut object, patch);
    object
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.as_object_mut().unwrap().remove(key);
            }
            _ => merge(&mut target[key.as_str()], value),
        }
    }
}

fn patch_of(stored: &Value, edit: impl Fn(&mut Spec)) -> Value {
    let old = from_secret(stored).expect("a connection");
    let mut new = old.clone();
    edit(&mut new.spec);
    match change(stored, &old, &new) {
        Change::Merge(patch) => patch,
        Change::Replace(_) => panic!("the type stays"),
    }
}

fn s3() -> Value {
    let data = json!({
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "word",
        "AWS_S3_ENDPOINT": "https://minio.example:9000/", "AWS_S3_BUCKET": "tides\n", "EXTRA": "mine",
    });
    foreign(
        "Opaque",
        &json!({names::PROTOCOL: "s3", "mine": "yes"}),
        &data,
    )
}

#[test]
fn a_connection_of_others_is_expressed() {
    let record = from_secret(&s3()).unwrap();
    let spec = &masked(&record)["spec"];
    assert_eq!(
        *spec,
        json!({"type": "s3", "uri": "s3+https://minio.example:9000/tides",
               "keyID": MASK, "keySecret": MASK})
    );
}

#[test]
fn a_new_description_changes_one_annotation() {
    let patch = patch_of(&s3(), |spec| {
        spec.set(Member::Description, Sensitive::from("High water"))
    });
    assert_eq!(
        patch,
        json!({"metadata": {"resourceVersion": "7", "labels": {},
                            "annotations": {names::DESCRIPTION: "High water"}}, "data": {}})
    );
}

#[test]
fn a_new_key_changes_one_key() {
    let patch = patch_of(&s3(), |spec| {
        spec.set(Member::KeySecret, Sensitive::from("other"))
    });
    assert_eq!(patch["data"], json!({"AWS_SECRET_ACCESS_KEY": "b3RoZXI="}));
}

#[test]
fn a_key_in_the_spelling_of_kserve_is_not_left_behind() {
    let data = json!({"awsAccessKeyID": "old", "awsSecretAccessKey": "word", "AWS_S3_BUCKET": "b"});
    let secret = foreign("Opaque", &json!({names::PROTOCOL: "s3"}), &data);
    let patch = patch_of(&secret, |spec| {
        spec.set(Member::KeyId, Sensitive::from("new"))
    });
    assert_eq!(
        patch["data"],
        json!({"AWS_ACCESS_KEY_ID": "bmV3", "awsAccessKeyID": null})
    );
}

#[test]
fn logins_for_other_registries_stay() {
    let login = r#"{"auths":{"quay.io":{"auth":"YTpi"},"ghcr.io":{"auth":"Yzpk","email":"x"}},"credsStore":"y"}"#;
    let data = json!({".dockerconfigjson": login, "OCI_HOST": "quay.io/reef"});
    let secret = foreign(
        "kubernetes.io/dockerconfigjson",
        &json!({names::PROTOCOL: "oci"}),
        &data,
    );
    let record = from_secret(&secret).unwrap();
    assert_eq!(record.spec.text(Member::Username), "a");
    let patch = patch_of(&secret, |spec| {
        spec.set(Member::Password, Sensitive::from("new"))
    });
    let after = Secret::from_value(&merged(&secret, &patch)).unwrap();
    let login: Value = serde_json::from_str(after.line(".dockerconfigjson").unwrap()).unwrap();
    assert_eq!(
        login["auths"]["ghcr.io"],
        json!({"auth": "Yzpk", "email": "x"})
    );
    assert_eq!(login["auths"]["quay.io"]["password"], "new");
    assert_eq!(login["credsStore"], "y");
}

#[rstest]
#[case::uri("Opaque", json!({names::PROTOCOL: "uri"}), json!({"URI": "hf://a/b"}))]
#[case::candidate("Opaque", json!({}), json!({"AWS_S3_BUCKET": "b"}))]
#[case::nowhere("Opaque", json!({names::PROTOCOL: "s3"}), json!({"AWS_ACCESS_KEY_ID": "a"}))]
fn what_odahu_has_no_words_for_is_left_out(
    #[case] type_: &str,
    #[case] annotations: Value,
    #[case] data: Value,
) {
    assert!(from_secret(&foreign(type_, &annotations, &data)).is_none());
}

#[test]
fn a_bucket_changed_with_other_tools_is_seen_though_the_location_was_spelt_otherwise() {
    let record = record(
        Type::Gcs,
        &[(Member::Uri, "gsc://old/a"), (Member::Region, "eu")],
    );
    let patch = json!({"data": {"GCS_BUCKET": "bmV3"}});
    let back = from_secret(&merged(&stored(&record), &patch)).unwrap();
    assert_eq!(back.spec.text(Member::Uri), "gs://new/a");
}

#[test]
fn a_change_of_the_secrets_type_makes_a_new_secret_with_what_others_wrote() {
    let secret = s3();
    let old = from_secret(&secret).unwrap();
    let mut new = record(Type::Docker, &[(Member::Uri, "quay.io/reef")]);
    new.id.clone_from(&old.id);
    let Change::Replace(made) = change(&secret, &old, &new) else {
        panic!("the type of a Secret cannot change")
    };
    assert_eq!(made["type"], "kubernetes.io/dockerconfigjson");
    assert_eq!(made["metadata"]["annotations"]["mine"], "yes");
    assert_eq!(made["data"]["EXTRA"], "bWluZQ==");
    assert_eq!(made["data"]["AWS_S3_BUCKET"], Value::Null);
    assert_eq!(made["metadata"]["resourceVersion"], Value::Null);
}

//! What is particular to Secrets and ConfigMaps.

use crate::client::{SECRETS, Server, secret};
use rstest::rstest;
use serde_json::{Value, json};

const CANARY: &str = "hunter2-hunter2-hunter2";

#[tokio::test]
async fn string_data_is_a_way_of_writing() {
    let admin = Server::start().await.admin();
    let object = json!({"metadata": {"name": "a"}, "data": {"KEY": "b2xk", "OTHER": "eA=="}, "stringData": {"KEY": "new"}});
    let created = admin.post(SECRETS, &object).await.ok();
    assert_eq!(created["data"], json!({"KEY": "bmV3", "OTHER": "eA=="}));
    assert_eq!(
        (created.get("stringData"), &created["type"]),
        (None, &json!("Opaque"))
    );
}

#[tokio::test]
async fn the_type_stays() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let message = admin
        .patch(&format!("{SECRETS}/a"), "merge", &json!({"type": "other"}))
        .await
        .refused(422, "Invalid");
    assert_eq!(
        message,
        "Secret \"a\" is invalid: type: Invalid value: \"other\": field is immutable"
    );
}

#[tokio::test]
async fn an_immutable_secret_stays() {
    let admin = Server::start().await.admin();
    let mut object = secret("a");
    object["immutable"] = true.into();
    admin.post(SECRETS, &object).await.ok();
    let path = format!("{SECRETS}/a");
    for patch in [
        json!({"stringData": {"KEY": "x"}}),
        json!({"immutable": false}),
    ] {
        assert!(
            admin
                .patch(&path, "merge", &patch)
                .await
                .refused(422, "Invalid")
                .contains("field is immutable")
        );
    }
    admin
        .patch(&path, "merge", &json!({"metadata": {"labels": {"a": "b"}}}))
        .await
        .ok();
}

#[rstest]
#[case::docker_without_key("kubernetes.io/dockerconfigjson", json!({}), &["data[.dockerconfigjson]"])]
#[case::docker_no_json("kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": CANARY}), &["data[.dockerconfigjson]"])]
#[case::docker_broken_json("kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": format!("{{\"auths\": {CANARY}")}), &["data[.dockerconfigjson]"])]
#[case::old_docker("kubernetes.io/dockercfg", json!({}), &["data[.dockercfg]"])]
#[case::tls("kubernetes.io/tls", json!({"tls.crt": CANARY}), &["data[tls.key]"])]
#[case::basic_auth("kubernetes.io/basic-auth", json!({}), &["data[username]", "data[password]"])]
#[case::ssh("kubernetes.io/ssh-auth", json!({}), &["data[ssh-privatekey]"])]
#[case::account_token("kubernetes.io/service-account-token", json!({}), &["metadata.annotations[kubernetes.io/service-account.name]"])]
#[case::bad_key("Opaque", json!({"a/b": CANARY}), &["data[a/b]"])]
#[case::too_large("Opaque", json!({"a": CANARY.repeat(50_000)}), &["data"])]
#[tokio::test]
async fn a_secret_keeps_the_rules_of_its_type(
    #[case] kind: &str,
    #[case] texts: Value,
    #[case] fields: &[&str],
) {
    let admin = Server::start().await.admin();
    let answer = admin
        .post(
            SECRETS,
            &json!({"metadata": {"name": "a"}, "type": kind, "stringData": texts}),
        )
        .await;
    let message = answer.refused(422, "Invalid");
    assert!(!message.contains(CANARY), "{message}");
    let status = answer.json();
    let causes = status["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["field"].as_str().unwrap());
    assert_eq!(causes.collect::<Vec<_>>(), fields);
}

#[rstest]
#[case::docker("kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": "{\"auths\": {}}"}))]
#[case::basic_auth("kubernetes.io/basic-auth", json!({"password": "x"}))]
#[case::tls("kubernetes.io/tls", json!({"tls.crt": "", "tls.key": ""}))]
#[case::own("example.com/any", json!({}))]
#[tokio::test]
async fn a_secret_of_a_type_is_taken(#[case] kind: &str, #[case] texts: Value) {
    let admin = Server::start().await.admin();
    admin
        .post(
            SECRETS,
            &json!({"metadata": {"name": "a"}, "type": kind, "stringData": texts}),
        )
        .await
        .ok();
}

#[tokio::test]
async fn data_that_is_not_base64_is_named_and_not_shown() {
    let admin = Server::start().await.admin();
    let object =
        json!({"metadata": {"name": "a"}, "data": {"GOOD": "eA==", "BAD": format!("{CANARY}!")}});
    let message = admin
        .post(SECRETS, &object)
        .await
        .refused(400, "BadRequest");
    assert!(
        message.contains("data[BAD]") && message.contains("illegal base64 data"),
        "{message}"
    );
    assert!(!message.contains(CANARY), "{message}");
}

#[tokio::test]
async fn data_of_another_type_is_named_and_not_shown() {
    let admin = Server::start().await.admin();
    let object = json!({"metadata": {"name": "a"}, "stringData": {"BAD": {CANARY: 1}}});
    let message = admin
        .post(SECRETS, &object)
        .await
        .refused(400, "BadRequest");
    assert!(
        message.contains("stringData[BAD]") && !message.contains(CANARY),
        "{message}"
    );
}

#[tokio::test]
async fn data_is_stored_in_its_one_proper_form() {
    let admin = Server::start().await.admin();
    let object =
        json!({"metadata": {"name": "a"}, "data": {"WRAPPED": "dmFs\ndWU=", "LOOSE": "dmFsdWV="}});
    let created = admin.post(SECRETS, &object).await.ok();
    assert_eq!(
        created["data"],
        json!({"WRAPPED": "dmFsdWU=", "LOOSE": "dmFsdWU="})
    );
}

#[tokio::test]
async fn values_are_sealed_on_disk() {
    let server = Server::start().await;
    let mut object = secret("a");
    object["stringData"] = json!({ "KEY": CANARY });
    object["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": CANARY});
    server.admin().post(SECRETS, &object).await.ok();
    drop(server.api);
    for entry in std::fs::read_dir(server.directory.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(
            !holds(CANARY.as_bytes()) && !holds(b"aHVudGVyMi1odW50ZXIy"),
            "{}",
            path.display()
        );
    }
}

#[tokio::test]
async fn a_config_map_keeps_its_rules() {
    let admin = Server::start().await.admin();
    let path = "/api/v1/namespaces/default/configmaps";
    let object = json!({"metadata": {"name": "a"}, "data": {"a b": "x", "c": "y"}, "binaryData": {"c": "eA=="}});
    let message = admin.post(path, &object).await.refused(422, "Invalid");
    assert!(
        message.contains("data[a b]") && message.contains("duplicate of key present in binaryData"),
        "{message}"
    );
}

#[tokio::test]
async fn metadata_keeps_its_rules() {
    let admin = Server::start().await.admin();
    let mut object = secret("Bad_Name");
    object["metadata"]["labels"] = json!({"opendatahub.io/dashboard": "not a label"});
    object["metadata"]["annotations"] = json!({"a": "x".repeat(256 * 1024)});
    let answer = admin.post(SECRETS, &object).await;
    answer.refused(422, "Invalid");
    let status = answer.json();
    let causes: Vec<&str> = status["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        causes,
        ["metadata.name", "metadata.labels", "metadata.annotations"]
    );
}

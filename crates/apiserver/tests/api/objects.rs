//! Create, read, update, delete.

use crate::client::{SECRETS, Server, config_map, secret};
use serde_json::json;

#[tokio::test]
async fn a_created_object_has_what_only_the_server_knows() {
    let admin = Server::start().await.admin();
    let created = admin.post(SECRETS, &secret("a")).await;
    assert_eq!(created.code, 201);
    let metadata = created.json()["metadata"].clone();
    assert_eq!(
        (&metadata["name"], &metadata["namespace"]),
        (&json!("a"), &json!("default"))
    );
    for member in ["uid", "creationTimestamp", "resourceVersion"] {
        assert!(
            metadata[member]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{member}: {metadata}"
        );
    }
    assert_eq!(
        admin.get(&format!("{SECRETS}/a")).await.ok(),
        created.json()
    );
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let message = admin
        .post(SECRETS, &secret("a"))
        .await
        .refused(409, "AlreadyExists");
    assert_eq!(message, "secrets \"a\" already exists");
}

#[tokio::test]
async fn a_name_is_generated_from_its_beginning() {
    let admin = Server::start().await.admin();
    let object = json!({"metadata": {"generateName": "job-"}});
    let one = admin.post(SECRETS, &object).await.ok();
    let other = admin.post(SECRETS, &object).await.ok();
    let name = one["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("job-") && name.len() == 9, "{name}");
    assert_ne!(one["metadata"]["name"], other["metadata"]["name"]);
}

#[tokio::test]
async fn an_object_needs_a_name() {
    let admin = Server::start().await.admin();
    let message = admin
        .post(SECRETS, &json!({"metadata": {}}))
        .await
        .refused(422, "Invalid");
    assert_eq!(
        message,
        "Secret \"\" is invalid: metadata.name: Required value: name or generateName is required"
    );
}

#[tokio::test]
async fn what_is_absent_is_not_found() {
    let admin = Server::start().await.admin();
    let answer = admin.get(&format!("{SECRETS}/none")).await;
    assert_eq!(
        answer.refused(404, "NotFound"),
        "secrets \"none\" not found"
    );
    assert_eq!(
        answer.json()["details"],
        json!({"name": "none", "kind": "secrets"})
    );
}

#[tokio::test]
async fn an_update_of_an_old_version_is_refused() {
    let admin = Server::start().await.admin();
    let old = admin.post(SECRETS, &secret("a")).await.ok();
    let path = format!("{SECRETS}/a");
    let mut new = old.clone();
    new["data"]["KEY"] = "bmV3".into();
    let updated = admin.put(&path, &new).await.ok();
    assert_ne!(
        updated["metadata"]["resourceVersion"],
        old["metadata"]["resourceVersion"]
    );
    let message = admin.put(&path, &new).await.refused(409, "Conflict");
    let expected = "Operation cannot be fulfilled on secrets \"a\": the object has been modified; \
                    please apply your changes to the latest version and try again";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn an_update_that_names_no_version_overwrites() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let mut new = secret("a");
    new["stringData"] = json!({"OTHER": "x"});
    let updated = admin.put(&format!("{SECRETS}/a"), &new).await.ok();
    assert_eq!(updated["data"], json!({"OTHER": "eA=="}));
}

#[tokio::test]
async fn an_update_that_changes_nothing_makes_no_version() {
    let admin = Server::start().await.admin();
    let created = admin.post(SECRETS, &secret("a")).await.ok();
    assert_eq!(
        admin.put(&format!("{SECRETS}/a"), &created).await.ok(),
        created
    );
}

#[tokio::test]
async fn the_server_keeps_what_it_has_set() {
    let admin = Server::start().await.admin();
    let created = admin.post(SECRETS, &secret("a")).await.ok();
    let mut new = created.clone();
    new["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z".into();
    new["metadata"]["generation"] = 99.into();
    new["metadata"]["managedFields"] = json!([{"manager": "somebody"}]);
    let updated = admin.put(&format!("{SECRETS}/a"), &new).await.ok();
    assert_eq!(updated, created);
}

#[tokio::test]
async fn an_update_of_another_object_with_the_name_is_refused() {
    let admin = Server::start().await.admin();
    let mut new = admin.post(SECRETS, &secret("a")).await.ok();
    new["metadata"]["uid"] = "another".into();
    let message = admin
        .put(&format!("{SECRETS}/a"), &new)
        .await
        .refused(409, "Conflict");
    assert!(
        message.contains("Precondition failed: UID in precondition: another"),
        "{message}"
    );
}

#[tokio::test]
async fn names_in_path_and_body_must_agree() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let message = admin
        .put(&format!("{SECRETS}/a"), &secret("b"))
        .await
        .refused(400, "BadRequest");
    assert_eq!(
        message,
        "the name of the object (b) does not match the name on the URL (a)"
    );
    let mut elsewhere = secret("c");
    elsewhere["metadata"]["namespace"] = "other".into();
    admin
        .post(SECRETS, &elsewhere)
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn the_kind_in_the_body_must_be_that_of_the_path() {
    let admin = Server::start().await.admin();
    let message = admin
        .post(SECRETS, &config_map("a"))
        .await
        .refused(400, "BadRequest");
    assert_eq!(
        message,
        "ConfigMap in version \"v1\" cannot be handled as a Secret: no kind \"ConfigMap\" is registered for version \"v1\""
    );
}

#[tokio::test]
async fn a_deletion_reports_what_went() {
    let admin = Server::start().await.admin();
    let created = admin.post(SECRETS, &secret("a")).await.ok();
    let status = admin.delete(&format!("{SECRETS}/a")).await.ok();
    assert_eq!(
        (&status["kind"], &status["status"]),
        (&json!("Status"), &json!("Success"))
    );
    assert_eq!(status["details"]["uid"], created["metadata"]["uid"]);
    admin
        .get(&format!("{SECRETS}/a"))
        .await
        .refused(404, "NotFound");
    admin
        .delete(&format!("{SECRETS}/a"))
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn a_deletion_can_say_which_object_it_means() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    for preconditions in [json!({"uid": "another"}), json!({"resourceVersion": "1"})] {
        let options =
            json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
        let headers = [("content-type", "application/json")];
        let answer = admin
            .send(
                "DELETE",
                &format!("{SECRETS}/a"),
                &headers,
                options.to_string(),
            )
            .await;
        assert!(
            answer
                .refused(409, "Conflict")
                .contains("in the precondition")
        );
    }
    admin.get(&format!("{SECRETS}/a")).await.ok();
}

#[tokio::test]
async fn a_finalizer_holds_an_object_back() {
    let admin = Server::start().await.admin();
    let mut object = secret("a");
    object["metadata"]["finalizers"] = json!(["example.com/keep"]);
    admin.post(SECRETS, &object).await.ok();
    let path = format!("{SECRETS}/a");
    let going = admin.delete(&path).await.ok();
    assert!(
        going["metadata"]["deletionTimestamp"].is_string(),
        "{going}"
    );
    let another = json!({"metadata": {"finalizers": ["example.com/keep", "example.com/more"]}});
    admin
        .patch(&path, "merge", &another)
        .await
        .refused(422, "Invalid");
    admin
        .patch(&path, "merge", &json!({"metadata": {"finalizers": null}}))
        .await
        .ok();
    admin.get(&path).await.refused(404, "NotFound");
}

#[tokio::test]
async fn a_collection_goes_by_selector() {
    let admin = Server::start().await.admin();
    for (name, tier) in [("a", "x"), ("b", "x"), ("c", "y")] {
        let mut object = secret(name);
        object["metadata"]["labels"] = json!({ "tier": tier });
        admin.post(SECRETS, &object).await.ok();
    }
    let gone = admin
        .delete(&format!("{SECRETS}?labelSelector=tier%3Dx"))
        .await
        .ok();
    assert_eq!(gone["items"].as_array().map(Vec::len), Some(2));
    let left = admin.get(SECRETS).await.ok();
    assert_eq!(left["items"][0]["metadata"]["name"], "c");
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let admin = Server::start().await.admin();
    let path = format!("{SECRETS}/a");
    let shown = admin
        .post(&format!("{SECRETS}?dryRun=All"), &secret("a"))
        .await;
    assert_eq!(
        (shown.code, &shown.json()["data"]),
        (201, &json!({"KEY": "dmFsdWU="}))
    );
    admin.get(&path).await.refused(404, "NotFound");

    let created = admin.post(SECRETS, &secret("a")).await.ok();
    admin
        .post(&format!("{SECRETS}?dryRun=All"), &secret("a"))
        .await
        .refused(409, "AlreadyExists");
    let patch = json!({"stringData": {"KEY": "other"}});
    let shown = admin
        .patch(&format!("{path}?dryRun=All"), "merge", &patch)
        .await
        .ok();
    assert_eq!(shown["data"]["KEY"], "b3RoZXI=");
    let mut new = created.clone();
    new["data"] = json!({});
    admin.put(&format!("{path}?dryRun=All"), &new).await.ok();
    admin.delete(&format!("{path}?dryRun=All")).await.ok();
    admin.delete(&format!("{SECRETS}?dryRun=All")).await.ok();
    assert_eq!(admin.get(&path).await.ok(), created);
}

#[tokio::test]
async fn state_survives_a_restart() {
    let server = Server::start().await;
    let created = server.admin().post(SECRETS, &secret("a")).await.ok();
    let directory = server.directory;
    drop(server.api);
    let config = bowline_apiserver::Config::new(directory.path().join("store.sqlite"));
    let server = Server {
        api: bowline_apiserver::ApiServer::open(config).await.unwrap(),
        directory,
    };
    assert_eq!(
        server.admin().get(&format!("{SECRETS}/a")).await.ok(),
        created
    );
}

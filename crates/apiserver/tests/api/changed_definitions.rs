//! Objects that were stored before the definition of their kind changed: they are shown as it is now,
//! and whoever writes them is not blamed for what it was.

use crate::client::{Answer, Client, Server};
use crate::definitions::{BOATS, DEFINITIONS, boat, definition};
use crate::watches::Lines;
use rstest::rstest;
use serde_json::{Value, json};

const ARGO: &str = "/apis/harbour.example.com/v1/namespaces/default/boats/argo";
const PROPERTIES: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";

/// An object of a kind that has lost `spec.rig` since, and has got `spec.fresh` with a default.
async fn refitted() -> Client {
    let admin = Server::with_definitions(vec![definition()]).await.admin();
    let mut object = boat("argo");
    object["spec"] = json!({"owner": "ada", "rig": "sloop"});
    admin.post(BOATS, &object).await.ok();
    refit(&admin).await;
    admin
}

async fn refit(admin: &Client) {
    let change = json!([
        {"op": "remove", "path": format!("{PROPERTIES}/rig")},
        {"op": "add", "path": format!("{PROPERTIES}/fresh"), "value": {"type": "string", "default": "paint"}},
    ]);
    let path = format!("{DEFINITIONS}/boats.harbour.example.com");
    admin.patch(&path, "json", &change).await.ok();
}

fn spec() -> Value {
    json!({"owner": "ada", "sails": 2, "fresh": "paint"})
}

#[tokio::test]
async fn an_object_is_read_as_its_definition_is_now() {
    let admin = refitted().await;
    assert_eq!(admin.get(ARGO).await.ok()["spec"], spec());
    assert_eq!(admin.get(BOATS).await.ok()["items"][0]["spec"], spec());
}

#[tokio::test]
async fn another_version_shows_what_the_one_that_was_written_knows() {
    let admin = refitted().await;
    let beta = ARGO.replace("/v1/", "/v1beta1/");
    assert_eq!(admin.get(&beta).await.ok()["spec"], spec());
}

#[tokio::test]
async fn an_object_is_watched_as_its_definition_is_now() {
    let admin = refitted().await;
    let path = format!("{BOATS}?watch=true");
    let mut lines = Lines::open(&admin, &path, "application/json").await;
    let line = lines.next().await.expect("a line");
    assert_eq!(line["object"]["spec"], spec());
}

#[rstest]
#[case::merge("merge", json!({"metadata": {"annotations": {"a": "b"}}}))]
#[case::json("json", json!([{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]))]
#[tokio::test]
async fn a_patch_is_not_blamed_for_what_a_definition_has_dropped(
    #[case] kind: &str,
    #[case] patch: Value,
) {
    let admin = refitted().await;
    let path = format!("{ARGO}?fieldValidation=Strict");
    is_as_it_was(&admin.patch(&path, kind, &patch).await);
}

#[tokio::test]
async fn a_status_changes_nothing_that_a_definition_defaults() {
    let admin = refitted().await;
    let path = format!("{ARGO}/status");
    let patch = json!({"status": {"afloat": true}});
    is_as_it_was(&admin.patch(&path, "merge", &patch).await);
}

#[tokio::test]
async fn what_was_read_can_be_put_back_after_a_definition_has_changed() {
    let admin = refitted().await;
    let mut object = admin.get(ARGO).await.ok();
    object["metadata"]["annotations"] = json!({"a": "b"});
    let path = format!("{ARGO}?fieldValidation=Strict");
    is_as_it_was(&admin.put(&path, &object).await);
}

#[tokio::test]
async fn what_a_definition_has_dropped_can_be_left_out_of_an_apply() {
    let admin = refitted().await;
    let applied = json!({
        "apiVersion": "harbour.example.com/v1", "kind": "Boat", "metadata": {"name": "argo"},
        "spec": {"owner": "ada"},
    });
    let path = format!("{ARGO}?fieldManager=crew&fieldValidation=Strict");
    let headers = [("content-type", "application/apply-patch+yaml")];
    let answer = admin.send("PATCH", &path, &headers, applied.to_string());
    is_as_it_was(&answer.await);
}

/// Nobody was told anything, and nothing that is wanted has changed.
#[track_caller]
fn is_as_it_was(answer: &Answer) {
    let object = answer.ok();
    assert_eq!(
        (
            &object["spec"],
            &object["metadata"]["generation"],
            answer.warnings()
        ),
        (&spec(), &json!(1), vec![])
    );
}

#[tokio::test]
async fn what_is_sent_that_a_definition_has_dropped_is_still_told() {
    let admin = refitted().await;
    let patch = json!({"spec": {"rig": "ketch"}});
    let path = format!("{ARGO}?fieldValidation=Strict");
    let told = admin
        .patch(&path, "merge", &patch)
        .await
        .refused(422, "Invalid");
    assert!(told.contains("unknown field \"spec.rig\""), "{told}");
}

#[tokio::test]
async fn a_watch_ends_with_the_definition_that_it_was_opened_with() {
    let admin = Server::with_definitions(vec![definition()]).await.admin();
    let path = format!("{BOATS}?watch=true");
    let mut lines = Lines::open(&admin, &path, "application/json").await;
    admin.post(BOATS, &boat("argo")).await.ok();
    refit(&admin).await;
    assert_eq!(lines.next().await.expect("a line")["type"], "ADDED");
    assert_eq!(lines.next().await, None);
}

#[tokio::test]
async fn a_watch_goes_on_while_the_metadata_of_its_definition_changes() {
    let admin = Server::with_definitions(vec![definition()]).await.admin();
    let path = format!("{BOATS}?watch=true");
    let mut lines = Lines::open(&admin, &path, "application/json").await;
    let label = json!({"metadata": {"labels": {"flag": "red"}}});
    let definition = format!("{DEFINITIONS}/boats.harbour.example.com");
    admin.patch(&definition, "merge", &label).await.ok();
    admin.post(BOATS, &boat("argo")).await.ok();
    assert_eq!(lines.next().await.expect("a line")["type"], "ADDED");
}

#[tokio::test]
async fn a_watch_tells_of_the_last_objects_and_ends_when_a_definition_goes() {
    let admin = Server::with_definitions(vec![definition()]).await.admin();
    admin.post(BOATS, &boat("argo")).await.ok();
    let path = format!("{BOATS}?watch=true");
    let mut lines = Lines::open(&admin, &path, "application/json").await;
    assert_eq!(lines.next().await.expect("a line")["type"], "ADDED");
    let definition = format!("{DEFINITIONS}/boats.harbour.example.com");
    admin.delete(&definition).await.ok();
    assert_eq!(lines.next().await.expect("a line")["type"], "DELETED");
    assert_eq!(lines.next().await, None);
}

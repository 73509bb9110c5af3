//! CustomResourceDefinitions and the objects of the kinds that they register.

use crate::client::{Client, Server};
use rstest::rstest;
use serde_json::{Value, json};

pub(crate) const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
pub(crate) const BOATS: &str = "/apis/harbour.example.com/v1/namespaces/default/boats";

pub(crate) fn definition() -> Value {
    let schema = json!({"openAPIV3Schema": {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["owner"],
                "properties": {
                    "owner": {"type": "string"},
                    "sails": {"type": "integer", "default": 2, "minimum": 1},
                    "rig": {"type": "string", "enum": ["sloop", "ketch"]},
                    "berth": {"type": "string", "pattern": "^[a-z]+[0-9]$"},
                    "cargo": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                },
            },
            "status": {"type": "object", "properties": {"afloat": {"type": "boolean"}}},
        },
    }});
    let columns = json!([{"name": "Owner", "type": "string", "jsonPath": ".spec.owner"}]);
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.harbour.example.com"},
        "spec": {
            "group": "harbour.example.com", "scope": "Namespaced",
            "names": {"kind": "Boat", "plural": "boats", "shortNames": ["bt"]},
            "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": schema, "subresources": {"status": {}}, "additionalPrinterColumns": columns},
                {"name": "v1beta1", "served": true, "storage": false, "schema": schema, "deprecated": true},
                {"name": "v1alpha1", "served": false, "storage": false, "schema": schema},
            ],
        },
    })
}

pub(crate) fn boat(name: &str) -> Value {
    json!({
        "apiVersion": "harbour.example.com/v1", "kind": "Boat", "metadata": {"name": name},
        "spec": {"owner": "ada", "cargo": {"anything": [1, {"goes": null}]}},
    })
}

async fn harbour() -> Client {
    Server::with_definitions(vec![definition()]).await.admin()
}

#[tokio::test]
async fn a_definition_is_established_at_once() {
    let admin = Server::start().await.admin();
    assert_eq!(admin.get(BOATS).await.code, 404);
    let created = admin.post(DEFINITIONS, &definition()).await.ok();
    assert_eq!(
        (
            &created["spec"]["names"]["listKind"],
            &created["spec"]["names"]["singular"]
        ),
        (&json!("BoatList"), &json!("boat"))
    );
    let conditions = created["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|c| c["type"] == "Established" && c["status"] == "True")
    );
    assert_eq!(created["status"]["storedVersions"], json!(["v1"]));
    admin.post(BOATS, &boat("argo")).await.ok();
}

#[tokio::test]
async fn objects_are_pruned_and_defaulted() {
    let admin = harbour().await;
    let mut object = boat("argo");
    object["spec"]["unknown"] = "x".into();
    object["spec"]["rig"] = Value::Null;
    let answer = admin.post(BOATS, &object).await;
    let created = answer.ok();
    assert_eq!(
        created["spec"],
        json!({"owner": "ada", "cargo": {"anything": [1, {"goes": null}]}, "sails": 2})
    );
    assert_eq!(created["metadata"]["generation"], 1);
    assert_eq!(
        answer.warnings(),
        ["299 - \"unknown field \\\"spec.unknown\\\"\""]
    );
}

#[rstest]
#[case::missing(json!({"owner": null}), "spec.owner: Required value")]
#[case::type_(json!({"owner": 5}), "spec.owner: Invalid value: \"integer\": spec.owner in body must be of type string: \"integer\"")]
#[case::number(json!({"sails": 0}), "spec.sails: Invalid value: 0: spec.sails in body should be greater than or equal to 1")]
#[case::choice(json!({"rig": "raft"}), "spec.rig: Unsupported value: \"raft\": supported values: \"sloop\", \"ketch\"")]
#[case::pattern(json!({"berth": "A1"}), "spec.berth: Invalid value: \"A1\": spec.berth in body should match '^[a-z]+[0-9]$'")]
#[tokio::test]
async fn objects_are_checked_by_their_schema(#[case] spec: Value, #[case] expected: &str) {
    let admin = harbour().await;
    admin.post(BOATS, &boat("argo")).await.ok();
    let message = admin
        .patch(&format!("{BOATS}/argo"), "merge", &json!({ "spec": spec }))
        .await
        .refused(422, "Invalid");
    assert_eq!(
        message,
        format!("Boat.harbour.example.com \"argo\" is invalid: {expected}")
    );
}

#[tokio::test]
async fn versions_show_the_same_objects() {
    let admin = harbour().await;
    admin.post(BOATS, &boat("argo")).await.ok();
    let beta = admin.get(&BOATS.replace("/v1/", "/v1beta1/")).await;
    assert_eq!(
        (&beta.ok()["items"][0]["apiVersion"], &beta.json()["kind"]),
        (&json!("harbour.example.com/v1beta1"), &json!("BoatList"))
    );
    assert_eq!(
        beta.warnings(),
        ["299 - \"harbour.example.com/v1beta1 Boat is deprecated\""]
    );
    admin
        .get(&BOATS.replace("/v1/", "/v1alpha1/"))
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn status_is_a_subresource() {
    let admin = harbour().await;
    let mut object = boat("argo");
    object["status"] = json!({"afloat": true});
    assert_eq!(admin.post(BOATS, &object).await.ok().get("status"), None);
    let patch = json!({"status": {"afloat": true}, "spec": {"owner": "eve"}});
    let patched = admin
        .patch(&format!("{BOATS}/argo/status"), "merge", &patch)
        .await
        .ok();
    assert_eq!(
        (&patched["status"]["afloat"], &patched["spec"]["owner"]),
        (&json!(true), &json!("ada"))
    );
}

#[tokio::test]
async fn updates_need_a_version_and_patches_no_merge_keys() {
    let admin = harbour().await;
    admin.post(BOATS, &boat("argo")).await.ok();
    let path = format!("{BOATS}/argo");
    let message = admin
        .put(&path, &boat("argo"))
        .await
        .refused(422, "Invalid");
    assert!(
        message.contains(
            "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
        ),
        "{message}"
    );
    admin
        .patch(&path, "strategic-merge", &json!({}))
        .await
        .refused(415, "UnsupportedMediaType");
}

#[tokio::test]
async fn printer_columns_make_the_table() {
    let admin = harbour().await;
    admin.post(BOATS, &boat("argo")).await.ok();
    let table = admin
        .send(
            "GET",
            BOATS,
            &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")],
            "",
        )
        .await
        .ok();
    let columns: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["Name", "Owner"]);
    assert_eq!(table["rows"][0]["cells"], json!(["argo", "ada"]));
}

#[tokio::test]
async fn a_definition_takes_its_objects_with_it() {
    let admin = harbour().await;
    admin.post(BOATS, &boat("argo")).await.ok();
    admin
        .delete(&format!("{DEFINITIONS}/boats.harbour.example.com"))
        .await
        .ok();
    assert_eq!(admin.get(BOATS).await.code, 404);
    admin.post(DEFINITIONS, &definition()).await.ok();
    assert_eq!(admin.get(BOATS).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_definition_can_change() {
    let admin = harbour().await;
    let path = format!("{DEFINITIONS}/boats.harbour.example.com");
    let patch = json!([{"op": "replace", "path": "/spec/versions/2/served", "value": true}]);
    admin.patch(&path, "json", &patch).await.ok();
    admin.get(&BOATS.replace("/v1/", "/v1alpha1/")).await.ok();
    let scope = json!({"spec": {"scope": "Cluster"}});
    admin
        .patch(&path, "merge", &scope)
        .await
        .refused(422, "Invalid");
}

#[rstest]
#[case::name(json!([{"op": "replace", "path": "/metadata/name", "value": "ships.harbour.example.com"}]), "metadata.name")]
#[case::no_storage(json!([{"op": "replace", "path": "/spec/versions/0/storage", "value": false}]), "must have exactly one version marked as storage version")]
#[case::no_schema(json!([{"op": "remove", "path": "/spec/versions/0/schema"}]), "spec.versions[0].schema.openAPIV3Schema: Required value")]
#[case::scope(json!([{"op": "replace", "path": "/spec/scope", "value": "Galaxy"}]), "spec.scope: Unsupported value")]
#[case::our_group(json!([{"op": "replace", "path": "/spec/group", "value": "rbac.authorization.k8s.io"}, {"op": "replace", "path": "/metadata/name", "value": "boats.rbac.authorization.k8s.io"}]), "spec.group: Forbidden")]
#[case::webhook(json!([{"op": "add", "path": "/spec/conversion", "value": {"strategy": "Webhook"}}]), "spec.conversion.strategy: Unsupported value")]
#[case::column(json!([{"op": "replace", "path": "/spec/versions/0/additionalPrinterColumns/0/jsonPath", "value": ".spec["}]), "additionalPrinterColumns")]
#[case::pattern(json!([{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/berth/pattern", "value": "("}]), "properties[spec].properties[berth].pattern: Invalid value: \"(\": must be a valid regular expression")]
#[case::type_(json!([{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/owner/type"}]), "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[owner].type: Required value: must not be empty for specified object fields")]
#[case::default(json!([{"op": "replace", "path": "/spec/versions/1/schema/openAPIV3Schema/properties/spec/properties/sails/default", "value": "many"}]), "spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[sails].default: Invalid value: \"string\"")]
#[tokio::test]
async fn a_definition_keeps_its_rules(#[case] patch: Value, #[case] expected: &str) {
    let admin = Server::start().await.admin();
    let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
    let mut object = definition();
    json_patch::patch(&mut object, &patch).unwrap();
    let message = admin
        .post(DEFINITIONS, &object)
        .await
        .refused(422, "Invalid");
    assert!(message.contains(expected), "{message}");
}

#[tokio::test]
async fn a_definition_that_could_not_be_deleted_is_served_as_before() {
    let server = Server::with_definitions(vec![definition()]).await;
    let admin = server.admin();
    admin.post(BOATS, &boat("argo")).await.ok();
    let path = format!("{DEFINITIONS}/boats.harbour.example.com");
    // Nothing can be written while somebody else writes.
    let store = server.directory.path().join("store.sqlite");
    let other = rusqlite::Connection::open(store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    admin.delete(&path).await.refused(500, "InternalError");
    other.execute_batch("ROLLBACK").unwrap();
    admin.get(&path).await.ok();
    admin.get(&format!("{BOATS}/argo")).await.ok();
    admin.delete(&path).await.ok();
    assert_eq!(admin.get(BOATS).await.code, 404);
}

#[tokio::test]
async fn the_objects_of_a_definition_go_when_its_last_finalizer_does() {
    let admin = harbour().await;
    admin.post(BOATS, &boat("argo")).await.ok();
    let path = format!("{DEFINITIONS}/boats.harbour.example.com");
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    let held = finalizers(json!(["example.com/hold"]));
    admin.patch(&path, "merge", &held).await.ok();
    admin.delete(&path).await.ok();
    admin.get(&format!("{BOATS}/argo")).await.ok();
    let free = finalizers(Value::Null);
    admin.patch(&path, "merge", &free).await.ok();
    admin.post(DEFINITIONS, &definition()).await.ok();
    assert_eq!(admin.get(&format!("{BOATS}/argo")).await.code, 404);
}

#[tokio::test]
async fn a_definition_that_is_changed_while_its_objects_go_goes_with_them() {
    let admin = harbour().await;
    for number in 0..60 {
        admin.post(BOATS, &boat(&format!("b-{number}"))).await.ok();
    }
    let path = format!("{DEFINITIONS}/boats.harbour.example.com");
    let version = admin.get(&path).await.ok()["metadata"]["resourceVersion"].clone();
    let only = json!({"preconditions": {"resourceVersion": version}}).to_string();
    let deleting = {
        let (admin, path) = (admin.clone(), path.clone());
        let json = [("content-type", "application/json")];
        tokio::spawn(async move { admin.send("DELETE", &path, &json, only).await.code })
    };
    while admin.get(BOATS).await.code != 404 {
        tokio::task::yield_now().await;
    }
    let label = json!({"metadata": {"labels": {"flag": "red"}}});
    let patched = admin.patch(&path, "merge", &label).await.code;
    assert_ne!(patched, 404, "it went before it could be changed");
    assert_eq!(deleting.await.expect("a deletion ends"), 200);
    admin.get(&path).await.refused(404, "NotFound");
}

#[tokio::test]
async fn whoever_writes_rules_is_told_that_nobody_evaluates_them() {
    let admin = Server::start().await.admin();
    let mut object = definition();
    object["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-validations"] =
        json!([{"rule": "self.sails > 1"}]);
    let answer = admin.post(DEFINITIONS, &object).await;
    answer.ok();
    assert_eq!(
        answer.warnings(),
        [
            "299 - \"spec.versions[1].schema.openAPIV3Schema: the rules of x-kubernetes-validations are kept, but not evaluated\""
        ]
    );
}

//! What clients are told about the API itself.

use crate::client::Server;
use serde_json::{Value, json};

const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

#[tokio::test]
async fn every_resource_that_is_listed_is_served() {
    let admin = Server::start().await.admin();
    let groups = admin.get("/apis").await.ok();
    let mut roots = vec!["/api/v1".to_owned()];
    for group in groups["groups"].as_array().unwrap() {
        roots.extend(
            group["versions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| format!("/apis/{}", v["groupVersion"].as_str().unwrap())),
        );
    }
    let mut count = 0;
    for root in roots {
        for resource in admin.get(&root).await.ok()["resources"].as_array().unwrap() {
            if resource["verbs"]
                .as_array()
                .unwrap()
                .contains(&json!("list"))
            {
                admin
                    .get(&format!("{root}/{}", resource["name"].as_str().unwrap()))
                    .await
                    .ok();
                count += 1;
            }
        }
    }
    assert!(count >= 19, "{count}");
}

#[tokio::test]
async fn both_forms_of_discovery_say_the_same() {
    let admin = Server::start().await.admin();
    let plain = admin.get("/apis/apps/v1").await.ok();
    let answer = admin
        .send("GET", "/apis", &[("accept", AGGREGATED)], "")
        .await;
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .contains("as=APIGroupDiscoveryList")
    );
    let aggregated = answer.ok();
    let apps = aggregated["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["metadata"]["name"] == "apps")
        .unwrap()
        .clone();
    let kinds = |list: &Value, member: &str| -> Vec<String> {
        let entries = list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[member].as_str().unwrap().to_owned());
        entries.filter(|name| !name.contains('/')).collect()
    };
    assert_eq!(
        kinds(&apps["versions"][0]["resources"], "resource"),
        kinds(&plain["resources"], "name")
    );
    let core = admin
        .send("GET", "/api", &[("accept", AGGREGATED)], "")
        .await
        .ok();
    assert_eq!(core["items"][0]["versions"][0]["version"], "v1");
}

#[tokio::test]
async fn open_api_has_the_schemas_with_merge_keys() {
    let admin = Server::start().await.admin();
    let index = admin.get("/openapi/v3").await.ok();
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap()
        .to_owned();
    let document = admin.get(&url).await.ok();
    let schemas = &document["components"]["schemas"];
    let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    let kind = json!([{"group": "apps", "version": "v1", "kind": "Deployment"}]);
    assert_eq!(
        schemas["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"],
        kind
    );
    let patch =
        &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    let parameters: Vec<&str> = patch["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(parameters, ["dryRun", "fieldManager", "fieldValidation"]);
}

#[tokio::test]
async fn open_api_refers_to_nothing_that_it_lacks() {
    let admin = Server::start().await.admin();
    let document = admin.get("/openapi/v2").await.ok();
    let text = document.to_string();
    let references = text
        .split("\"$ref\":\"#/definitions/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let definitions = document["definitions"].as_object().unwrap();
    let lost: Vec<&str> = references
        .filter(|name| !definitions.contains_key(*name))
        .collect();
    assert_eq!(lost, Vec::<&str>::new());
}

#[tokio::test]
async fn health_and_version_answer() {
    let admin = Server::start().await.admin();
    for path in ["/livez", "/readyz", "/healthz"] {
        assert_eq!(admin.get(path).await.ok(), json!("ok"));
    }
    assert_eq!(admin.get("/version").await.ok()["major"], "1");
    admin
        .post("/livez", &json!({}))
        .await
        .refused(405, "MethodNotAllowed");
}

#[tokio::test]
async fn old_clients_get_their_form_of_open_api() {
    let admin = Server::start().await.admin();
    let accept = [(
        "accept",
        "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    )];
    let answer = admin.send("GET", "/openapi/v2", &accept, "").await;
    let media_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    assert_eq!(answer.headers["content-type"], media_type);
    // The first field is the version of the document.
    assert!(
        answer.body.starts_with(b"\n\x032.0\x12"),
        "{:?}",
        &answer.body[..8]
    );
    let text = String::from_utf8_lossy(&answer.body);
    assert!(
        text.contains("/api/v1/namespaces/{namespace}/secrets/{name}") && text.contains("dryRun")
    );
}

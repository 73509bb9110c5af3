//! The forms in which answers and bodies come.

use crate::client::{Client, SECRETS, Server, secret};
use crate::definitions;
use rstest::rstest;
use serde_json::{Value, json};

#[tokio::test]
async fn a_table_has_the_columns_of_its_kind() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let accept = [(
        "accept",
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    )];
    let table = admin.send("GET", SECRETS, &accept, "").await.ok();
    let columns: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        (columns, &table["kind"]),
        (vec!["Name", "Type", "Data", "Age"], &json!("Table"))
    );
    assert_eq!(
        table["rows"][0]["cells"].as_array().unwrap()[..3],
        [json!("a"), json!("Opaque"), json!(1)]
    );
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let single = admin
        .send(
            "GET",
            &format!("{SECRETS}/a?includeObject=Object"),
            &accept,
            "",
        )
        .await
        .ok();
    assert_eq!(single["rows"][0]["object"]["data"]["KEY"], "dmFsdWU=");
}

#[tokio::test]
async fn metadata_alone_has_no_data() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let accept = [(
        "accept",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    )];
    let list = admin.send("GET", SECRETS, &accept, "").await;
    assert_eq!(
        (&list.ok()["kind"], &list.json()["items"][0]["kind"]),
        (
            &json!("PartialObjectMetadataList"),
            &json!("PartialObjectMetadata")
        )
    );
    assert!(!list.json().to_string().contains("dmFsdWU="));
}

#[tokio::test]
async fn yaml_goes_both_ways() {
    let admin = Server::start().await.admin();
    let body = "metadata:\n  name: a\nstringData:\n  KEY: value\n";
    let headers = [
        ("content-type", "application/yaml"),
        ("accept", "application/yaml"),
    ];
    let answer = admin.send("POST", SECRETS, &headers, body).await;
    assert_eq!(
        (
            answer.code,
            answer.headers["content-type"].to_str().unwrap()
        ),
        (201, "application/yaml")
    );
    let read: Value = serde_saphyr::from_slice(&answer.body).unwrap();
    assert_eq!(read, admin.get(&format!("{SECRETS}/a")).await.ok());
}

#[tokio::test]
async fn protobuf_is_read_and_answered_in_json() {
    let admin = Server::start().await.admin();
    // A ConfigMap named `a` with `key: value`, in the envelope that Go clients send.
    let body =
        b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x13\n\x03\n\x01a\x12\x0c\n\x03key\x12\x05value";
    let headers = [
        ("content-type", "application/vnd.kubernetes.protobuf"),
        (
            "accept",
            "application/vnd.kubernetes.protobuf,application/json",
        ),
    ];
    let created = admin
        .send(
            "POST",
            "/api/v1/namespaces/default/configmaps",
            &headers,
            *body,
        )
        .await
        .ok();
    assert_eq!(
        (&created["metadata"]["name"], &created["data"]),
        (&json!("a"), &json!({"key": "value"}))
    );
}

#[tokio::test]
async fn a_form_that_cannot_be_made_is_refused() {
    let admin = Server::start().await.admin();
    let answer = admin
        .send(
            "GET",
            SECRETS,
            &[("accept", "application/vnd.kubernetes.protobuf")],
            "",
        )
        .await;
    answer.refused(406, "NotAcceptable");
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/default/events";

/// Two ConfigMaps whose fields have managers, a boat and an event; names and texts are those by which
/// a text might be cut at a wrong place.
async fn harbour() -> Client {
    let server = Server::with_definitions(vec![definitions::definition()]).await;
    let admin = server.admin();
    let texts = json!({"kind": "\"}],{", "apiVersion": "\\", "managedFields": "[\u{1}\u{1f600}"});
    for name in ["a", "b"] {
        let metadata = json!({"name": name, "annotations": texts});
        let data = json!({"kind": "{\"kind\":[", "metadata": "\\\"", "n": "1"});
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data,
        });
        let path = format!("{MAPS}/{name}?fieldManager=harbour");
        let headers = [("content-type", "application/apply-patch+yaml")];
        admin
            .send("PATCH", &path, &headers, map.to_string())
            .await
            .ok();
    }
    let mut boat = definitions::boat("argo");
    boat["spec"]["cargo"] = json!({"kind": "crate", "apiVersion": 1, "managedFields": [{}]});
    admin.post(definitions::BOATS, &boat).await.ok();
    let event = json!({
        "metadata": {"name": "moored"}, "eventTime": "2026-01-02T03:04:05.000000Z",
        "reason": "Moored", "action": "Mooring", "type": "Normal",
        "reportingController": "harbour.example/master", "reportingInstance": "one",
        "regarding": {"kind": "ConfigMap", "name": "a", "namespace": "default"},
    });
    admin.post(EVENTS, &event).await.ok();
    admin
}

#[rstest]
#[tokio::test]
async fn what_is_answered_as_it_is_stored_is_what_is_made_of_its_tree(
    #[values(
        &format!("{MAPS}/a"),
        MAPS,
        &format!("{MAPS}?limit=1"),
        &format!("{MAPS}?fieldSelector=metadata.name%3Db"),
        &format!("{MAPS}?labelSelector=none%3Dsuch"),
        "/api/v1/configmaps",
        &format!("{}/argo", definitions::BOATS),
        definitions::BOATS,
        &format!("{EVENTS}/moored"),
        EVENTS,
        "/api/v1/namespaces/default/events",
    )]
    path: &str,
    #[values("", ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1")] form: &str,
) {
    let admin = harbour().await;
    let json = format!("application/json{form}");
    let json = admin
        .send("GET", path, &[("accept", json.as_str())], "")
        .await;
    // YAML is written from trees, and JSON from texts.
    let yaml = format!("application/yaml{form}");
    let yaml = admin
        .send("GET", path, &[("accept", yaml.as_str())], "")
        .await;
    let mut expected: Value = serde_saphyr::from_slice(&yaml.body).unwrap();
    let mut found = json.ok();
    // It names the time at which it was made.
    for list in [&mut expected, &mut found] {
        if let Some(place) = list.pointer_mut("/metadata/continue") {
            assert!(place.take().is_string());
        }
    }
    assert_eq!(found, expected);
}

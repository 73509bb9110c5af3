//! The forms in which answers and bodies come.

use crate::client::{SECRETS, Server, secret};
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

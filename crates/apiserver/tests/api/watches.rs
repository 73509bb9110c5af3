//! Watches: nothing lost, nothing twice, selectors respected.

use crate::client::{Client, PATIENCE, SECRETS, Server, secret};
use bowline_apiserver::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

/// The lines of a watch, as they come.
pub(crate) struct Lines {
    body: Body,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) async fn open(client: &Client, path: &str, accept: &str) -> Self {
        let request = Request::get(path)
            .header("accept", accept)
            .body(Full::<Bytes>::default())
            .unwrap();
        let response = client.raw(request).await;
        assert_eq!(response.status(), 200);
        Self {
            body: response.into_body(),
            buffer: Vec::new(),
        }
    }

    async fn of(client: &Client, query: &str) -> Self {
        Self::open(
            client,
            &format!("{SECRETS}?watch=true&{query}"),
            "application/json",
        )
        .await
    }

    /// The next line; none where the watch has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame())
                .await
                .expect("a line in time")?;
            self.buffer
                .extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
    }

    async fn expect(&mut self, kind: &str, name: &str) -> Value {
        let line = self.next().await.expect("a line");
        assert_eq!(
            (&line["type"], &line["object"]["metadata"]["name"]),
            (&json!(kind), &json!(name)),
            "{line}"
        );
        line["object"].clone()
    }
}

fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_watch_tells_what_there_is_and_what_happens() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let mut lines = Lines::of(&admin, "").await;
    lines.expect("ADDED", "a").await;
    admin.post(SECRETS, &secret("b")).await.ok();
    admin
        .patch(
            &format!("{SECRETS}/a"),
            "merge",
            &json!({"stringData": {"KEY": "new"}}),
        )
        .await
        .ok();
    admin.delete(&format!("{SECRETS}/b")).await.ok();
    lines.expect("ADDED", "b").await;
    let modified = lines.expect("MODIFIED", "a").await;
    assert_eq!(modified["data"]["KEY"], "bmV3");
    let deleted = lines.expect("DELETED", "b").await;
    assert_ne!(version(&deleted), version(&modified));
}

#[tokio::test]
async fn a_watch_goes_on_from_a_version() {
    let admin = Server::start().await.admin();
    let a = admin.post(SECRETS, &secret("a")).await.ok();
    admin.post(SECRETS, &secret("b")).await.ok();
    let mut lines = Lines::of(&admin, &format!("resourceVersion={}", version(&a))).await;
    lines.expect("ADDED", "b").await;
}

#[tokio::test]
async fn objects_come_and_go_with_their_labels() {
    let admin = Server::start().await.admin();
    let mut lines = Lines::of(&admin, "labelSelector=on%3Dyes").await;
    let path = format!("{SECRETS}/a");
    let label = |value: Value| json!({"metadata": {"labels": {"on": value}}});
    admin.post(SECRETS, &secret("a")).await.ok();
    admin.patch(&path, "merge", &label(json!("yes"))).await.ok();
    lines.expect("ADDED", "a").await;
    let off = admin.patch(&path, "merge", &label(json!("no"))).await.ok();
    let gone = lines.expect("DELETED", "a").await;
    assert_eq!(
        (version(&gone), &gone["metadata"]["labels"]["on"]),
        (version(&off), &json!("yes"))
    );
    admin.patch(&path, "merge", &label(json!("yes"))).await.ok();
    lines.expect("ADDED", "a").await;
    admin.delete(&path).await.ok();
    lines.expect("DELETED", "a").await;
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut lines = Lines::of(&admin, query).await;
    lines.expect("ADDED", "a").await;
    let bookmark = lines.next().await.expect("a bookmark");
    assert_eq!(
        (&bookmark["type"], &bookmark["object"]["kind"]),
        (&json!("BOOKMARK"), &json!("Secret"))
    );
    assert_eq!(
        bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
}

#[tokio::test]
async fn a_version_that_never_was_has_expired() {
    let admin = Server::start().await.admin();
    let mut lines = Lines::of(&admin, "resourceVersion=999999").await;
    let line = lines.next().await.expect("a line");
    assert_eq!(
        (
            &line["type"],
            &line["object"]["code"],
            &line["object"]["reason"]
        ),
        (&json!("ERROR"), &json!(410), &json!("Expired"))
    );
    assert_eq!(lines.next().await, None);
}

#[tokio::test]
async fn a_watch_ends_when_its_time_is_over() {
    let admin = Server::start().await.admin();
    let mut lines = Lines::of(&admin, "timeoutSeconds=0").await;
    assert_eq!(lines.next().await, None);
}

#[tokio::test]
async fn a_watch_of_tables_has_headings_once() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    admin.post(SECRETS, &secret("b")).await.ok();
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let mut lines = Lines::open(&admin, &format!("{SECRETS}?watch=1"), accept).await;
    let (first, second) = (
        lines.next().await.unwrap()["object"].clone(),
        lines.next().await.unwrap()["object"].clone(),
    );
    assert_eq!(
        (&first["kind"], &first["rows"][0]["cells"][0]),
        (&json!("Table"), &json!("a"))
    );
    assert!(
        first["columnDefinitions"].is_array() && second["columnDefinitions"].is_null(),
        "{second}"
    );
}

#[tokio::test]
async fn a_watch_sees_one_namespace_only() {
    let admin = Server::start().await.admin();
    admin
        .post(
            "/api/v1/namespaces",
            &json!({"metadata": {"name": "team-a"}}),
        )
        .await
        .ok();
    let mut lines = Lines::of(&admin, "").await;
    admin
        .post("/api/v1/namespaces/team-a/secrets", &secret("hidden"))
        .await
        .ok();
    admin.post(SECRETS, &secret("seen")).await.ok();
    lines.expect("ADDED", "seen").await;
}

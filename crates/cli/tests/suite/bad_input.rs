//! Requests that no good client makes, sent as raw bytes: each gets an answer that names the
//! problem and repeats no value, and the server goes on serving. Parsers are fuzzed elsewhere.

mod api;
mod patches;
mod queries;
mod reviews;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::project::Shared;

/// A body that starts like a Secret and holds a value that no answer may repeat.
const VALUE: &str = "Barnacle-Bill-was-here";
/// Long enough for a busy machine; a request that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest body that the servers read.
const LIMIT: usize = 3 * 1024 * 1024;

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    text: String,
}

impl Answer {
    /// The status must be this one, and the text must name the problem without a value.
    #[track_caller]
    fn refuses(&self, status: u16, problem: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(
            self.text.contains(problem),
            "no `{problem}` in: {}",
            self.text
        );
        assert!(
            !self.text.contains(VALUE),
            "it repeats a value: {}",
            self.text
        );
    }
}

/// The shared server, spoken to without manners.
struct Target {
    shared: Arc<Shared>,
}

impl Target {
    fn new() -> Self {
        Self {
            shared: Shared::get(),
        }
    }

    /// Sends a request to the API.
    async fn api(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let client = self.shared.server.client().await.expect("a client");
        let answer = send(&client, method, path, media_type, body.into()).await;
        self.is_well().await;
        answer
    }

    /// Sends a request to the admission server.
    async fn review(&self, path: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let client = self.shared.server.admission().await.expect("a client");
        let answer = send(&client, "POST", path, media_type, body.into()).await;
        self.is_well().await;
        answer
    }

    /// Both servers still answer, and nothing has panicked.
    async fn is_well(&self) {
        let server = &self.shared.server;
        for client in [server.client().await, server.admission().await] {
            let answer = send(&client.expect("a client"), "GET", "/livez", "", Vec::new()).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let log = std::fs::read(&server.log).expect("the log");
        let log = String::from_utf8_lossy(&log);
        let panic = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panic, None);
    }
}

async fn send(
    client: &Client,
    method: &str,
    path: &str,
    media_type: &str,
    body: Vec<u8>,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = Request::builder().method(method).uri(path);
    if !media_type.is_empty() {
        request = request.header("content-type", media_type);
    }
    let request = request.body(Body::from(body)).expect("a request");
    let answer = tokio::time::timeout(PATIENCE, client.send(request)).await;
    let response = answer.expect("in time").expect("an answer");
    let status = response.status().as_u16();
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    Answer {
        status,
        text: String::from_utf8(bytes.to_vec()).expect("UTF-8"),
    }
}

/// `depth` lists, one in the other.
fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// A Secret in JSON, with more members.
fn secret(more: &Value) -> Vec<u8> {
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "barnacle", "annotations": {"opendatahub.io/connection-type-protocol": "s3"}},
        "stringData": {"AWS_SECRET_ACCESS_KEY": VALUE},
    });
    overlay(&mut secret, more);
    secret.to_string().into_bytes()
}

/// Puts the members of `change` over those of `value`; a null is a value here.
fn overlay(value: &mut Value, change: &Value) {
    match (value, change) {
        (Value::Object(members), Value::Object(changes)) => {
            for (key, change) in changes {
                overlay(members.entry(key).or_insert(Value::Null), change);
            }
        }
        (value, change) => *value = change.clone(),
    }
}

//! Listening in on what the API server asks, and keeping Bowline out of it where a test wants
//! something stored as if Bowline were not installed. Answers are left to Bowline.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A review that the API server has sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `/mutate` or `/validate`.
    pub path: String,
    /// The `request` of the review.
    pub request: Value,
}

/// What was heard; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tap(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    calls: Vec<Call>,
    away: BTreeSet<String>,
}

impl Tap {
    pub(super) fn calls(&self, namespace: &str) -> Vec<Call> {
        let heard = self.heard();
        let local = |call: &&Call| call.request["namespace"] == namespace;
        heard.calls.iter().filter(local).cloned().collect()
    }

    pub(super) fn look_away(&self, namespace: &str, away: bool) {
        let mut heard = self.heard();
        if away {
            heard.away.insert(namespace.to_owned());
        } else {
            heard.away.remove(namespace);
        }
    }

    pub(super) fn forget(&self) {
        self.heard().calls.clear();
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Remembers a review, and passes it on unless Bowline shall look away.
pub(super) async fn listen_in(State(tap): State<Tap>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let review: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = &review["request"];
    let uid = asked["uid"].clone();
    let is_away = {
        let mut heard = tap.heard();
        heard.calls.push(Call {
            path: parts.uri.path().to_owned(),
            request: asked.clone(),
        });
        let namespace = asked["namespace"].as_str().unwrap_or_default();
        heard.away.contains(namespace)
    };
    if !is_away {
        return next.run(Request::from_parts(parts, Body::from(body))).await;
    }
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": uid, "allowed": true},
    });
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, answer.to_string()).into_response()
}

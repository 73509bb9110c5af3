//! Admission over HTTP: `/mutate` for workloads, `/validate` for Secrets, `/livez` and `/readyz`.
//! Listening, TLS and shutdown are left to the embedder.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request as HttpRequest, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use bowline_core::WorkloadKind;
use bowline_core::diff::diff;
use bowline_core::plan::{Denial, Operation, Request};

use crate::admission::{Admission, secret_warnings};
use crate::cluster::Cluster;
use crate::review::{MAX_BODY, Response, ReviewError, parse_whole, parse_workload};

/// The routes of the admission server.
pub fn routes<C: Cluster>(admission: Arc<Admission<C>>) -> Router {
    Router::new()
        .route("/mutate", post(mutate::<C>))
        .route("/validate", post(validate))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok" }))
        .layer(from_fn(only_json))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(admission)
}

/// Refuses bodies of other media types, which no API server sends.
async fn only_json(request: HttpRequest, next: Next) -> HttpResponse {
    let media_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let essence = media_type.and_then(|value| value.split(|c| *c == b';').next());
    let is_json = essence.is_some_and(|e| e.trim_ascii().eq_ignore_ascii_case(b"application/json"));
    if request.method() == Method::POST && !is_json {
        let text = "send an AdmissionReview with `Content-Type: application/json`";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    next.run(request).await
}

async fn mutate<C: Cluster>(
    State(admission): State<Arc<Admission<C>>>,
    body: Bytes,
) -> HttpResponse {
    match answer_mutate(&admission, &body).await {
        Ok(json) => reply(json),
        Err(error) => refuse(&error),
    }
}

async fn validate(body: Bytes) -> HttpResponse {
    match answer_validate(&body) {
        Ok(json) => reply(json),
        Err(error) => refuse(&error),
    }
}

/// Answers one review of a workload.
///
/// # Errors
/// When the body is not a review.
pub async fn answer_mutate<C: Cluster>(
    admission: &Admission<C>,
    body: &[u8],
) -> Result<Vec<u8>, ReviewError> {
    let review = parse_workload(body)?;
    let uid = review.uid.as_ref();
    let kind = WorkloadKind::of(&review.kind.group, &review.kind.version, &review.kind.kind);
    let operation = match review.operation.as_ref() {
        "CREATE" => Some(Operation::Create),
        "UPDATE" => Some(Operation::Update),
        _ => None,
    };
    let is_main = review
        .sub_resource
        .as_deref()
        .unwrap_or_default()
        .is_empty();
    let (Some(kind), Some(operation), true) = (kind, operation, is_main) else {
        return Ok(Response::allow(uid, &[], &[]).to_json());
    };
    let object = review
        .object
        .as_ref()
        .ok_or(ReviewError::Missing("request.object"))?;
    if !object.0.is_object() {
        return Err(ReviewError::NotAnObject);
    }
    let request = Request {
        kind,
        operation,
        namespace: &review.namespace,
        object: &object.0,
        before: review.old_object.as_ref().map(|old| &old.0),
    };
    let plan = match admission.decide(&request, &review.user_info.into()).await {
        Ok(plan) => plan,
        Err(denial) => return Ok(refusal(uid, denial).to_json()),
    };
    let mut warnings = plan.warnings;
    if !review.dry_run.unwrap_or_default() {
        warnings.extend(admission.carry_out(&review.namespace, &plan.accounts).await);
    }
    let patch = plan
        .object
        .map(|after| diff(&object.0, &after))
        .unwrap_or_default();
    Ok(Response::allow(uid, &patch, &warnings).to_json())
}

/// Answers one review of a Secret: warnings at most.
///
/// # Errors
/// When the body is not a review.
pub fn answer_validate(body: &[u8]) -> Result<Vec<u8>, ReviewError> {
    let review = parse_whole(body)?;
    let is_secret = review.kind.kind == "Secret" && review.kind.group.is_empty();
    let warnings = match (&review.object, is_secret) {
        (Some(object), true) => secret_warnings(&object.0),
        _ => Vec::new(),
    };
    Ok(Response::allow(&review.uid, &[], &warnings).to_json())
}

fn refusal(uid: &str, denial: Denial) -> Response<'_> {
    match denial {
        Denial::Forbidden(message) => Response::deny(uid, 403, "Forbidden", message),
        Denial::Unavailable(message) => Response::deny(uid, 503, "ServiceUnavailable", message),
    }
}

fn reply(json: Vec<u8>) -> HttpResponse {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

fn refuse(error: &ReviewError) -> HttpResponse {
    tracing::warn!(%error, "review refused");
    (StatusCode::BAD_REQUEST, error.to_string()).into_response()
}

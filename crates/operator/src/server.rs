//! Admission over HTTP: `/mutate` for workloads and for results of tests, `/validate` for Secrets, `/livez` and `/readyz`.
//! Listening and TLS are left to `listen`, health of the whole process to `health`.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use bowline_core::WorkloadKind;
use bowline_core::diff::diff;
use bowline_core::manifest::Unique;
use bowline_core::plan::{Denial, Operation, Request, Warning, needs_whole};
use futures::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tracing::{Instrument as _, Span};

use crate::admission::{Admission, DEADLINE, claim_warning, secret_warnings};
use crate::cluster::{Cluster, User};
use crate::metrics::{Metrics, Verdict};
use crate::review::{MAX_BODY, Response, ReviewError, parse_whole, parse_workload};
use crate::secrets::{Users, on_delete};
use crate::spans;
use crate::tally::{Head, verdict};

/// How long a body may take to arrive, which leaves an API server time to hear of it.
pub const BODY_DEADLINE: Duration = Duration::from_secs(5);

/// What reviews are answered with.
pub struct Reviews<C> {
    /// Decides on workloads.
    pub admission: Arc<Admission<C>>,
    /// Knows who uses a Secret.
    pub users: Arc<dyn Users>,
    /// Counts reviews.
    pub metrics: Arc<Metrics>,
}

/// The routes of the admission server.
pub fn routes<C: Cluster>(reviews: Reviews<C>) -> Router {
    Router::new()
        .route("/mutate", post(mutate::<C>))
        .route("/validate", post(validate::<C>))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok" }))
        .with_state(Arc::new(reviews))
}

/// A panic is a defect of ours and costs its own request only; the hook counts and logs it.
pub(crate) async fn outlive_panics(request: HttpRequest, next: Next) -> HttpResponse {
    outlive(async { Ok(next.run(request).await) }).await
}

async fn outlive(work: impl Future<Output = Result<HttpResponse, HttpResponse>>) -> HttpResponse {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(answer) | Err(answer)) => answer,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

// What every review goes through is called here, and no layer of the routes: each layer would take
// memory for every request, which costs as much as answering most of them.

async fn mutate<C: Cluster>(
    State(reviews): State<Arc<Reviews<C>>>,
    request: HttpRequest,
) -> HttpResponse {
    outlive(async {
        let body = whole(request).await?;
        let started = Instant::now();
        let head = Head::of(&body);
        let span = head.span();
        if head.is_secret() {
            let answer = review_results(&reviews.admission, &body).instrument(span.clone());
            return Ok(reviews.finish(&head, &span, true, started, answer.await));
        }
        let answer = review_workload(&reviews.admission, &body).instrument(span.clone());
        let answer = answer.await;
        Ok(reviews.finish(&head, &span, head.is_workload(), started, answer))
    })
    .await
}

async fn validate<C: Cluster>(
    State(reviews): State<Arc<Reviews<C>>>,
    request: HttpRequest,
) -> HttpResponse {
    outlive(async {
        let body = whole(request).await?;
        let started = Instant::now();
        let head = Head::of(&body);
        let span = head.span();
        let answer = span.in_scope(|| review_secret(&reviews.users, &body));
        Ok(reviews.finish(&head, &span, head.is_secret(), started, answer))
    })
    .await
}

impl<C> Reviews<C> {
    fn finish(
        &self,
        head: &Head<'_>,
        span: &Span,
        is_ours: bool,
        started: Instant,
        answer: Result<Response<'_>, ReviewError>,
    ) -> HttpResponse {
        let outcome = match &answer {
            Ok(answer) => verdict(answer, is_ours),
            Err(_) => Verdict::Error,
        };
        spans::reviewed(span, outcome);
        let answer = answer.map_or_else(|error| refuse(&error), |it| reply(it.to_json()));
        let took = started.elapsed();
        self.metrics
            .reviewed(head.kind, head.operation, outcome, took);
        answer
    }
}

/// The body, in JSON and of bounded length, of a client that sends it in time.
async fn whole(request: HttpRequest) -> Result<Bytes, HttpResponse> {
    if !is_json(request.headers()) {
        let text = "send an AdmissionReview with `Content-Type: application/json`";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response());
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    match tokio::time::timeout(BODY_DEADLINE, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let text = "send an AdmissionReview of at most 3 MiB, as an API server does";
            Err((StatusCode::PAYLOAD_TOO_LARGE, text).into_response())
        }
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST.into_response()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

/// Whether a body is of the one media type that API servers send.
fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let essence = media_type.and_then(|value| value.split(|c| *c == b';').next());
    essence.is_some_and(|e| e.trim_ascii().eq_ignore_ascii_case(b"application/json"))
}

/// Answers one review of a workload.
///
/// # Errors
/// When the body is not a review.
pub async fn answer_mutate<C: Cluster>(
    admission: &Admission<C>,
    body: &[u8],
) -> Result<Vec<u8>, ReviewError> {
    Ok(review_workload(admission, body).await?.to_json())
}

async fn review_workload<'a, C: Cluster>(
    admission: &Admission<C>,
    body: &'a [u8],
) -> Result<Response<'a>, ReviewError> {
    let started = Instant::now();
    let review = parse_workload(body)?;
    let uid = review.uid;
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
        return Ok(Response::allow(uid, &[], &[]));
    };
    let object = review
        .object
        .as_ref()
        .ok_or(ReviewError::Missing("request.object"))?;
    if !object.0.is_object() {
        return Err(ReviewError::NotAnObject);
    }
    let mut request = Request {
        kind,
        operation,
        namespace: &review.namespace,
        object: &object.0,
        before: review.old_object.as_ref().map(|old| &old.0),
    };
    let whole = needs_whole(&request).then(|| parse_whole(body));
    let whole = whole.transpose()?;
    if let Some((object, before)) = whole.as_ref().map(|it| (&it.object, &it.old_object)) {
        request.object = object.as_ref().map_or(request.object, |it| &it.0);
        request.before = before.as_ref().map(|it| &it.0);
    }
    let plan = match admission.decide(&request, &review.user_info.into()).await {
        Ok(plan) => plan,
        Err(denial) => return Ok(refusal(uid, denial)),
    };
    let mut warnings = plan.warnings;
    if !review.dry_run.unwrap_or_default() {
        let left = DEADLINE.saturating_sub(started.elapsed());
        let carry_out = admission.carry_out(&review.namespace, &plan.accounts, left);
        warnings.extend(carry_out.await);
    }
    let patch = plan
        .object
        .as_ref()
        .map(|after| diff(request.object, after))
        .unwrap_or_default();
    Ok(Response::allow(uid, &patch, &warnings))
}

/// Answers one review of a Secret that says how a test went: what its sender may not say is put back.
async fn review_results<'a, C: Cluster>(
    admission: &Admission<C>,
    body: &'a [u8],
) -> Result<Response<'a>, ReviewError> {
    let review = parse_whole(body)?;
    let is_write = matches!(review.operation.as_ref(), "CREATE" | "UPDATE");
    let uid = review.uid;
    let Some(Unique(object)) = review.object.filter(|_| is_write) else {
        return Ok(Response::allow(uid, &[], &[]));
    };
    let before = review.old_object.map(|Unique(before)| before);
    let user = User::from(review.user_info);
    let after = admission.without_claims(&object, before.as_ref(), &review.namespace, &user);
    Ok(match after.await {
        None => Response::allow(uid, &[], &[]),
        Some(after) => Response::allow(uid, &diff(&object, &after), &[claim_warning()]),
    })
}

/// Answers one review of a Secret: advice, and a refusal where a vital one is to be deleted.
///
/// # Errors
/// When the body is not a review.
pub fn answer_validate(users: &impl Users, body: &[u8]) -> Result<Vec<u8>, ReviewError> {
    Ok(review_secret(users, body)?.to_json())
}

fn review_secret<'a>(users: &impl Users, body: &'a [u8]) -> Result<Response<'a>, ReviewError> {
    let review = parse_whole(body)?;
    let is_secret = review.kind.kind == "Secret" && review.kind.group.is_empty();
    let is_main = review
        .sub_resource
        .as_deref()
        .unwrap_or_default()
        .is_empty();
    let uid = review.uid;
    let subject = match review.operation.as_ref() {
        "DELETE" => review.old_object,
        _ => review.object,
    };
    let Some(secret) = subject.filter(|_| is_secret && is_main) else {
        return Ok(Response::allow(uid, &[], &[]));
    };
    let warnings: Result<Vec<Warning>, Denial> = match review.operation.as_ref() {
        "CREATE" | "UPDATE" => Ok(secret_warnings(&secret.0)),
        "DELETE" => {
            on_delete(&secret.0, &review.namespace, users).map(|told| told.into_iter().collect())
        }
        _ => Ok(Vec::new()),
    };
    Ok(match warnings {
        Ok(warnings) => Response::allow(uid, &[], &warnings),
        Err(denial) => refusal(uid, denial),
    })
}

fn refusal(uid: Cow<'_, str>, denial: Denial) -> Response<'_> {
    match denial {
        Denial::Forbidden(message) => Response::deny(uid, 403, "Forbidden", message),
        Denial::Unavailable(message) => Response::deny(uid, 503, "ServiceUnavailable", message),
    }
}

fn reply(json: Vec<u8>) -> HttpResponse {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, JSON)], json).into_response()
}

fn refuse(error: &ReviewError) -> HttpResponse {
    tracing::warn!(%error, "review refused");
    (StatusCode::BAD_REQUEST, error.to_string()).into_response()
}

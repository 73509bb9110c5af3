//! Every error of this server as a problem document (RFC 9457) with its findings. What went wrong is
//! said by whoever found it; no text holds a Secret's value.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bowline_catalog::Error;
use bowline_core::{Finding, Kind};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::callers::Refusal;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What the `type` of each problem begins with; the word after it is stable.
const TYPES: &str = "https://bowline.dev/problems/";
/// When it makes sense to ask again, in seconds.
const RETRY_AFTER: u64 = 1;

/// What went wrong with a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Names the sort of problem; stable.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "https://bowline.dev/problems/not-found")]
    pub type_: Cow<'static, str>,
    /// The same for people.
    #[schema(example = "It is not there")]
    pub title: Cow<'static, str>,
    /// The HTTP status of the answer.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub status: u16,
    /// What went wrong this time, and where.
    #[schema(example = "there is no connection `tides` in project `team-a`")]
    pub detail: String,
    /// One next action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Everything that is wrong with what was sent, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Complaint>,
    /// The id of the request, which is also in its `X-Request-Id` header and in the logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Complaint {
    /// `error`, `warning` or `note`.
    #[schema(example = "error")]
    pub severity: String,
    /// The rule; stable.
    #[schema(example = "missing-key")]
    pub rule: String,
    /// The field in question.
    #[schema(example = "AWS_S3_ENDPOINT")]
    pub field: String,
    /// What is wrong, without the value.
    #[schema(example = "the field is required")]
    pub message: String,
    /// One next action.
    #[schema(example = "give the endpoint, such as `https://s3.example.org`")]
    pub help: String,
}

impl From<&Finding> for Complaint {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.to_string(),
            rule: finding.rule.to_owned(),
            field: finding.field.clone(),
            message: finding.message.clone(),
            help: finding.help.clone(),
        }
    }
}

impl Problem {
    /// A problem of a status: what went wrong this time.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let (word, title) = sort(status);
        let problem = Self {
            type_: format!("{TYPES}{word}").into(),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            help: None,
            findings: Vec::new(),
            request_id: None,
            headers: Vec::new(),
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                problem.with_header(header::RETRY_AFTER, RETRY_AFTER.into())
            }
            StatusCode::UNAUTHORIZED => problem.with_header(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"bowline\""),
            ),
            _ => problem,
        }
    }

    /// Sets the one next action.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Sets everything that is wrong with what was sent.
    pub fn findings(mut self, findings: &[Finding]) -> Self {
        self.findings = findings.iter().map(Complaint::from).collect();
        self
    }

    /// Adds a header to the answer; one of the same name that is there goes.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(own, _)| *own != name);
        self.headers.push((name, value));
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The stable word of a status, and its title.
fn sort(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("bad-request", "The request cannot be understood"),
        401 => ("unauthenticated", "Who sends the request is not known"),
        403 => ("forbidden", "The sender may not do this"),
        404 => ("not-found", "It is not there"),
        405 => ("method-not-allowed", "The path does not have this method"),
        406 => ("not-acceptable", "There is no such form of the answer"),
        408 => ("timeout", "The request took too long"),
        409 => ("conflict", "It stands against something else"),
        412 => ("precondition-failed", "It has changed in the meantime"),
        413 => ("too-large", "The request is too large"),
        415 => (
            "unsupported-media-type",
            "The body has the wrong media type",
        ),
        421 => ("misdirected", "This server does not have that name"),
        422 => ("invalid", "What was sent breaks rules"),
        428 => (
            "precondition-required",
            "The request must say what it changes",
        ),
        429 => ("too-many-requests", "There are too many requests"),
        431 => ("headers-too-large", "The headers are too large"),
        503 => ("unavailable", "It does not work now"),
        _ if status.is_client_error() => ("refused", "The request is refused"),
        _ => ("internal", "The server is at fault"),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Anonymous | Refusal::Unknown(_) => StatusCode::UNAUTHORIZED,
            Refusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let problem = Self::new(status, refusal.to_string());
        match refusal {
            Refusal::Anonymous => problem.help("send `Authorization: Bearer TOKEN`, or sign in"),
            Refusal::Unknown(_) => problem.help("get a new token, or sign in again"),
            Refusal::Unavailable(_) => problem.help("try again"),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        let status = StatusCode::from_u16(kind.status()).unwrap_or_default();
        let problem = Self::new(status, error.to_string());
        match error {
            Error::Invalid { findings, .. } => problem.findings(&findings),
            Error::Changed { help, .. }
            | Error::Conflict { help, .. }
            | Error::Unseen { help, .. }
            | Error::Protected { help, .. } => problem.help(help),
            Error::Kubernetes { step, source } => of_kubernetes(kind, &step, &source),
            Error::NotFound { .. } | Error::Unreadable { .. } => problem,
        }
    }
}

/// What the Kubernetes API says quotes names, not values; what a broken connection says is left out,
/// since it may quote anything.
fn of_kubernetes(kind: Kind, step: &str, source: &kube::Error) -> Problem {
    let kube::Error::Api(status) = source else {
        tracing::warn!(
            step,
            error = source as &dyn std::error::Error,
            "the Kubernetes API was not reached"
        );
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{step}: the Kubernetes API does not answer"),
        )
        .help("try again; the log of the server has the cause");
    };
    let answered = StatusCode::from_u16(kind.status()).unwrap_or_default();
    match kind {
        // The same words whether it is there or not.
        Kind::Forbidden => Problem::new(
            answered,
            format!("{step} is not allowed: {}", status.message),
        )
        .help("ask an administrator of the project for the right"),
        Kind::NotFound => Problem::new(answered, format!("{step}: it is not there")),
        _ => Problem::new(answered, format!("{step}: {}", status.message)),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = self.status();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.headers.iter().cloned());
        // Whoever adds the request's id writes the document anew.
        answer.extensions_mut().insert(self);
        answer
    }
}

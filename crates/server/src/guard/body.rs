//! Bodies of requests: JSON, within a limit, read without repeating what they hold.

use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;

use super::members::{self, Body};
use crate::problem::Problem;

/// Bytes of one body: a Secret of 1 MiB in base64, written twice, and some room.
pub const MAX_BODY: usize = 3 * 1024 * 1024;

/// JSON in a request or an answer.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: Body> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        let bytes = whole(request).await?;
        let findings = members::unknown::<T>(&bytes);
        if !findings.is_empty() {
            let what = "the body has members that this operation does not know";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).findings(&findings));
        }
        // What the parser says may quote a value; where it stopped does not.
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let place = format!("line {line}, column {column}");
            match error.classify() {
                serde_json::error::Category::Data => Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    format!("the body has another form than this operation takes: {place}"),
                )
                .help("`/api/v1/openapi.json` has the form"),
                _ => Problem::new(
                    StatusCode::BAD_REQUEST,
                    format!("the body is not JSON: {place}"),
                )
                .help("send JSON"),
            }
        })
    }
}

/// A body that need not be there.
impl<S: Send + Sync, T: Body> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let headers = request.headers();
        let is_empty = headers
            .get(header::CONTENT_LENGTH)
            .is_none_or(|length| length == "0");
        if is_empty && !headers.contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let essence = media_type.and_then(|value| value.split(|byte| *byte == b';').next());
    let is_json = essence.is_some_and(|essence| {
        let essence = essence.trim_ascii().to_ascii_lowercase();
        essence == b"application/json" || essence == b"application/merge-patch+json"
    });
    if is_json {
        return Ok(());
    }
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the body is not said to be JSON",
    );
    Err(problem.help("send `Content-Type: application/json`"))
}

/// The whole body, if it is not too large.
async fn whole(request: Request) -> Result<Bytes, Problem> {
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                too_large()
            } else {
                Problem::new(StatusCode::BAD_REQUEST, "the body ends early").help("send it whole")
            }
        })
}

/// Refuses a body that says that it is too large, before any of it is read.
pub(super) fn check_length(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let length = length
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or_default();
    if length > MAX_BODY as u64 {
        Err(too_large())
    } else {
        Ok(())
    }
}

fn too_large() -> Problem {
    let detail = format!("the body has more than {MAX_BODY} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).help("send less at a time")
}

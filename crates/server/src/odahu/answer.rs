//! Answers in ODAHU's form: JSON, errors as one `message`, and plain text for pages that are not
//! there.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::guard::plain;
use crate::problem::Problem;

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// A value.
    pub(super) fn json(status: StatusCode, value: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", value.to_string())
    }

    /// A sentence, be it good or bad news.
    pub(super) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self::json(status, &json!({"message": message.into()}))
    }

    /// What every unknown path and verb gets.
    pub(super) fn no_such_page() -> Self {
        let body = "404 page not found".to_owned();
        Self::text(StatusCode::NOT_FOUND, "text/plain", body)
    }

    /// The same path without its last slash.
    pub(super) fn elsewhere(method: &Method, place: &str) -> Self {
        let answer = if method == Method::GET {
            let body = format!("<a href=\"{place}\">Moved Permanently</a>.\n\n");
            let status = StatusCode::MOVED_PERMANENTLY;
            Self::text(status, "text/html; charset=utf-8", body)
        } else {
            Self {
                status: StatusCode::TEMPORARY_REDIRECT,
                body: String::new(),
                headers: Vec::new(),
            }
        };
        answer.with(header::LOCATION, place)
    }

    /// A problem in ODAHU's form.
    pub(super) fn problem(problem: Problem) -> Self {
        let status = problem.status();
        let help = problem.help.as_deref().map(|help| format!("; {help}"));
        let message = format!("{}{}", problem.detail, help.unwrap_or_default());
        let mut answer = Self::message(status, message);
        let headers = problem.into_response();
        for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
            if let Some(value) = headers.headers().get(&name) {
                answer.headers.push((name, value.clone()));
            }
        }
        answer
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: HeaderName, text: &str) -> Self {
        self.headers.push((name, plain(text)));
        self
    }

    fn text(status: StatusCode, media_type: &'static str, body: String) -> Self {
        Self {
            status,
            body,
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(media_type))],
        }
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(Body::from(answer.body));
        *response.status_mut() = answer.status;
        response.headers_mut().extend(answer.headers);
        response
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.into()
    }
}

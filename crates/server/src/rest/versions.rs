//! Versions of objects in headers: `ETag`, `If-Match` before changes, `If-None-Match` when reading
//! (RFC 9110). A version is the object's `resourceVersion`.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bowline_catalog::Error;
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode, header};
use std::convert::Infallible;

use crate::guard::plain;
use crate::problem::Problem;

/// What a request says about versions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versions {
    if_match: Option<Vec<String>>,
    if_none_match: Option<Vec<String>>,
}

impl<S: Send + Sync> FromRequestParts<S> for Versions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            if_match: tags(&parts.headers, &header::IF_MATCH),
            if_none_match: tags(&parts.headers, &header::IF_NONE_MATCH),
        })
    }
}

impl Versions {
    /// The one version that a change is meant for; `None` where any will do.
    pub(crate) fn expected(&self) -> Result<Option<String>, Problem> {
        match self.if_match.as_deref() {
            None => Ok(None),
            Some([any]) if any == "*" => Ok(None),
            Some([tag]) => match version(tag) {
                Some(version) => Ok(Some(version.to_owned())),
                // Weak ones and those of others never match.
                None => Err(changed("no version of ours looks like that of `If-Match`")),
            },
            Some(_) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "`If-Match` names more than one version",
            )
            .help("name the one that you have seen")),
        }
    }

    /// Why a change was not made: where `If-Match` names the version, another one is a failed
    /// precondition.
    pub(crate) fn blame(&self, error: Error) -> Problem {
        let is_named = matches!(self.expected(), Ok(Some(_)));
        match error {
            Error::Changed { what, help } if is_named => changed(what).help(help),
            error => error.into(),
        }
    }

    /// The answer of a read: without its body where the sender has this version.
    pub(crate) fn answer(&self, current: Option<&str>, body: impl IntoResponse) -> Response {
        let Some(tag) = current.map(|version| format!("\"{version}\"")) else {
            return body.into_response();
        };
        let has = |seen: &String| seen == "*" || seen.trim_start_matches("W/") == tag;
        let etag = [(header::ETAG, plain(&tag))];
        if self.if_none_match.iter().flatten().any(has) {
            return (StatusCode::NOT_MODIFIED, etag).into_response();
        }
        (etag, body).into_response()
    }
}

/// Somebody was faster.
fn changed(detail: impl Into<String>) -> Problem {
    let problem = Problem::new(StatusCode::PRECONDITION_FAILED, detail);
    problem.help("read it again, and decide anew")
}

fn version(tag: &str) -> Option<&str> {
    tag.strip_prefix('"')?
        .strip_suffix('"')
        .filter(|version| !version.is_empty())
}

/// The parts of a list of tags; none of ours has a comma in it.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let all: Vec<_> = headers.get_all(name).iter().collect();
    let texts = all.iter().map(|value| value.to_str().unwrap_or_default());
    let tags = texts
        .flat_map(|text| text.split(','))
        .map(|tag| tag.trim().to_owned());
    (!all.is_empty()).then(|| tags.collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn versions(name: HeaderName, value: &str) -> Versions {
        let headers = HeaderMap::from_iter([(name, value.parse().expect("a value"))]);
        Versions {
            if_match: tags(&headers, &header::IF_MATCH),
            if_none_match: tags(&headers, &header::IF_NONE_MATCH),
        }
    }

    #[rstest]
    #[case("\"7\"", "7", 304)]
    #[case("W/\"7\"", "7", 304)]
    #[case("\"6\", \"7\"", "7", 304)]
    #[case("*", "7", 304)]
    #[case("\"6\"", "7", 200)]
    #[case("7", "7", 200)]
    fn a_version_that_the_sender_has_is_not_sent_again(
        #[case] header: &str,
        #[case] current: &str,
        #[case] status: u16,
    ) {
        let answer = versions(header::IF_NONE_MATCH, header).answer(Some(current), "body");
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["etag"], format!("\"{current}\""));
    }

    #[rstest]
    #[case("\"7\"", Ok(Some("7")))]
    #[case("*", Ok(None))]
    #[case("W/\"7\"", Err(412))]
    #[case("7", Err(412))]
    #[case("\"6\", \"7\"", Err(400))]
    fn a_change_is_meant_for_one_version(
        #[case] header: &str,
        #[case] expected: Result<Option<&str>, u16>,
    ) {
        let found = versions(header::IF_MATCH, header).expected();
        let found = found
            .as_ref()
            .map(Option::as_deref)
            .map_err(|problem| problem.status);
        assert_eq!(found, expected);
    }
}

//! The id of a request: in its answer, in problem documents and in logs, so that one leads to the
//! others.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName};

use super::plain;
use crate::problem::Problem;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids of clients are not taken over.
const LONGEST: usize = 64;

/// What a request is called: the client's own id where it has a plain one, else a random one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RequestId {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let is_plain = |id: &&str| {
            let has_plain_bytes = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            !id.is_empty() && id.len() <= LONGEST && has_plain_bytes
        };
        given
            .filter(is_plain)
            .map_or_else(Self::random, |id| Self(id.to_owned()))
    }

    fn random() -> Self {
        Self(crate::random::letters(16))
    }
}

/// Puts the id into the answer, and into the document where it is a problem.
pub(super) fn stamp(mut answer: Response, id: RequestId) -> Response {
    let name = plain(&id.0);
    if let Some(mut problem) = answer.extensions_mut().remove::<Problem>() {
        let allow = answer.headers_mut().remove(http::header::ALLOW);
        problem.request_id = Some(id.0);
        answer = problem.into_response();
        answer
            .headers_mut()
            .extend(allow.map(|allow| (http::header::ALLOW, allow)));
    }
    answer.headers_mut().insert(HEADER, name);
    answer
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("7c9e6679-7425", true)]
    #[case("", false)]
    #[case("a b", false)]
    #[case(
        "0123456789012345678901234567890123456789012345678901234567890123456789",
        false
    )]
    fn only_plain_ids_are_taken_over(#[case] given: &str, #[case] expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, given.parse().expect("a header value"));
        assert_eq!(RequestId::of(&headers).0 == given, expected);
    }
}

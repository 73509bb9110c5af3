//! Cross-site request forgery: where a browser adds the credentials by itself, a change must come
//! from our own pages.

use axum::extract::Request;
use http::{HeaderMap, Method, StatusCode, header};

use super::{Ambient, host};
use crate::problem::Problem;

/// The header that changes by a session need; other sites cannot make a browser send it.
pub const CSRF_HEADER: &str = "x-bowline-csrf";

/// Refuses a change that a page of another site may have made the browser send.
pub(super) fn check(request: &Request, how: Ambient) -> Result<(), Problem> {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(());
    }
    let headers = request.headers();
    if !is_same_origin(headers, host::named(request)) {
        let detail = "the request comes from a page of another site";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail)
            .help("send it with a bearer token, or from a page of this server"));
    }
    if how == Ambient::Session && !headers.contains_key(CSRF_HEADER) {
        let detail = format!("a change by a session needs the header `{CSRF_HEADER}`");
        return Err(Problem::new(StatusCode::FORBIDDEN, detail)
            .help(format!("send `{CSRF_HEADER}: 1`, or use a bearer token")));
    }
    Ok(())
}

/// What browsers say about where a request comes from; programs say nothing.
fn is_same_origin(headers: &HeaderMap, own: Option<&str>) -> bool {
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    let origin = headers
        .get(header::ORIGIN)
        .map(|value| value.to_str().unwrap_or("null"));
    let is_same_site = site.is_none_or(|site| site == b"same-origin");
    let is_own = origin.is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some()
            && authority.map(str::to_ascii_lowercase) == own.map(str::to_ascii_lowercase)
    });
    is_same_site && is_own
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use rstest::rstest;

    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder()
            .method(method)
            .header("host", "localhost:8080");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Body::empty()).expect("a request")
    }

    const OWN: (&str, &str) = (CSRF_HEADER, "1");

    #[rstest]
    #[case::our_page(&[OWN, ("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")], true)]
    #[case::a_program(&[OWN], true)]
    #[case::no_header(&[("sec-fetch-site", "same-origin")], false)]
    #[case::another_site(&[OWN, ("sec-fetch-site", "cross-site")], false)]
    #[case::another_port(&[OWN, ("sec-fetch-site", "same-site")], false)]
    #[case::another_origin(&[OWN, ("origin", "http://localhost:3000")], false)]
    #[case::no_origin(&[OWN, ("origin", "null")], false)]
    fn a_change_by_a_session_comes_from_our_pages(
        #[case] headers: &[(&str, &str)],
        #[case] expected: bool,
    ) {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let checked = check(&request(method, headers), Ambient::Session);
            assert_eq!(checked.is_ok(), expected, "{method}");
        }
    }

    #[rstest]
    #[case::a_program(&[], true)]
    #[case::another_site(&[("sec-fetch-site", "cross-site")], false)]
    fn a_change_by_a_certificate_needs_no_header(
        #[case] headers: &[(&str, &str)],
        #[case] expected: bool,
    ) {
        assert_eq!(
            check(&request("POST", headers), Ambient::Connection).is_ok(),
            expected
        );
    }

    #[test]
    fn reading_is_always_allowed_since_other_sites_cannot_see_the_answer() {
        assert!(
            check(
                &request("GET", &[("sec-fetch-site", "cross-site")]),
                Ambient::Session
            )
            .is_ok()
        );
    }
}

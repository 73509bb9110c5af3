//! Who acts for a request. With `open`, unknown senders get what the settings give them; but pages of
//! other sites are not let through, since every browser on the machine reaches loopback.

use axum::extract::Request;
use http::{HeaderMap, Method, StatusCode, header};

use super::Settings;
use super::answer::Answer;
use crate::callers::{Caller, Refusal, Sender};
use crate::problem::Problem;

/// Who sends a request, or what to answer.
pub(super) fn of(settings: &Settings, request: &Request) -> Result<Caller, Answer> {
    let refusal = match request.extensions().get::<Sender>() {
        Some(Sender(Ok(caller))) => return Ok(caller.clone()),
        Some(Sender(Err(refusal))) => refusal.clone(),
        None => Refusal::Anonymous,
    };
    let Some(open) = &settings.open else {
        return Err(Answer::problem(Problem::from(refusal)));
    };
    if request.method() != Method::GET && is_of_another_site(request.headers()) {
        let message = "the request comes from a page of another site; send it from a program";
        return Err(Answer::message(StatusCode::FORBIDDEN, message));
    }
    Ok(open.clone())
}

/// What browsers say about where a request comes from; programs say nothing.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("null"))
    };
    let is_foreign = |site: &str| site != "same-origin" && site != "none";
    let own = text(header::HOST);
    let authority =
        text(header::ORIGIN).map(|origin| origin.split_once("://").map(|(_, host)| host));
    text(header::HeaderName::from_static("sec-fetch-site")).is_some_and(is_foreign)
        || authority.is_some_and(|authority| authority != own)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::program(&[], false)]
    #[case::own_page(&[("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")], false)]
    #[case::typed(&[("sec-fetch-site", "none")], false)]
    #[case::other_page(&[("origin", "https://evil.example")], true)]
    #[case::other_port(&[("origin", "http://localhost:3000")], true)]
    #[case::sandbox(&[("origin", "null")], true)]
    #[case::other_site(&[("sec-fetch-site", "cross-site")], true)]
    fn pages_of_other_sites(#[case] sent: &[(&'static str, &'static str)], #[case] expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("localhost:8080"));
        for (name, value) in sent {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        assert_eq!(is_of_another_site(&headers), expected);
    }
}

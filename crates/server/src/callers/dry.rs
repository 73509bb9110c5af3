//! A client that keeps nothing of what it writes: each of its changes says `dryRun=All`, so that
//! the same code that changes things also plays changes through.

use http::uri::{PathAndQuery, Uri};
use http::{Method, Request};
use kube::client::Body;

pub(super) fn client(client: kube::Client) -> kube::Client {
    let namespace = client.default_namespace().to_owned();
    let send = move |request| {
        let client = client.clone();
        async move { client.send(mark(request)).await }
    };
    kube::Client::new(tower::service_fn(send), namespace)
}

fn mark(mut request: Request<Body>) -> Request<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        *request.uri_mut() = marked(request.uri());
    }
    request
}

/// A target that cannot be marked leads nowhere, which fails, rather than to a change.
fn marked(uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    let path = uri.path();
    let query = uri
        .query()
        .map(|query| format!("{query}&"))
        .unwrap_or_default();
    let target = PathAndQuery::try_from(format!("{path}?{query}dryRun=All"));
    parts.path_and_query = target.ok();
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("/"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "POST",
        "/api/v1/namespaces/a/secrets?",
        "/api/v1/namespaces/a/secrets?&dryRun=All"
    )]
    #[case(
        "DELETE",
        "/api/v1/namespaces/a/secrets/b",
        "/api/v1/namespaces/a/secrets/b?dryRun=All"
    )]
    #[case("PATCH", "/x?fieldManager=m", "/x?fieldManager=m&dryRun=All")]
    #[case("GET", "/x", "/x")]
    fn every_change_says_that_it_is_none(
        #[case] method: &str,
        #[case] target: &str,
        #[case] expected: &str,
    ) {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .body(Body::empty());
        assert_eq!(mark(request.expect("a request")).uri(), expected);
    }
}

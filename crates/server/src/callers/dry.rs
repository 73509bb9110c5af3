//! A client that keeps nothing of what it writes: each of its changes says `dryRun=All`, so that
//! the same code that changes things also plays changes through.

use http::uri::{PathAndQuery, Uri};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Map, Value, json};

pub(super) fn client(client: kube::Client) -> kube::Client {
    let namespace = client.default_namespace().to_owned();
    let send = move |request| {
        let client = client.clone();
        async move { client.send(mark(request).await?).await }
    };
    kube::Client::new(tower::service_fn(send), namespace)
}

async fn mark(mut request: Request<Body>) -> kube::Result<Request<Body>> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(request);
    }
    *request.uri_mut() = marked(request.uri());
    if *request.method() != Method::DELETE {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let options = body.collect().await?.to_bytes();
    let options = marked_options(&options).map_err(kube::Error::SerdeError)?;
    Ok(Request::from_parts(parts, Body::from(options)))
}

/// Where options of a deletion are in the body, Kubernetes does not look at those of the query.
fn marked_options(options: &[u8]) -> serde_json::Result<Vec<u8>> {
    if options.is_empty() {
        return Ok(Vec::new());
    }
    let mut options: Map<String, Value> = serde_json::from_slice(options)?;
    options.insert("dryRun".to_owned(), json!(["All"]));
    serde_json::to_vec(&options)
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
    #[tokio::test]
    async fn every_change_says_that_it_is_none(
        #[case] method: &str,
        #[case] target: &str,
        #[case] expected: &str,
    ) {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .body(Body::empty());
        let marked = mark(request.expect("a request")).await.expect("marked");
        assert_eq!(marked.uri(), expected);
    }

    #[tokio::test]
    async fn a_deletion_with_options_says_so_among_them() {
        let request = Request::delete("/x").body(Body::from(br#"{"preconditions":{}}"#.to_vec()));
        let marked = mark(request.expect("a request")).await.expect("marked");
        let options = marked
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let options: Value = serde_json::from_slice(&options).expect("JSON");
        assert_eq!(options, json!({"preconditions": {}, "dryRun": ["All"]}));
    }
}

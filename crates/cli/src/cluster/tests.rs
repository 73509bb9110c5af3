//! A scripted API stands in for the server: each test says what it answers.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use kube::client::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// A cluster that gives these answers in order, and the paths that were asked for.
fn scripted(answers: Vec<(u16, Value)>) -> (Cluster, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, answers) = (
        Arc::clone(&asked),
        Arc::new(Mutex::new(answers.into_iter())),
    );
    let service = tower::service_fn(move |request: Request<Body>| {
        let (code, body) = answers.lock().unwrap().next().expect("no more requests");
        log.lock().unwrap().push(request.uri().to_string());
        let response = Response::builder()
            .status(code)
            .body(Body::from(body.to_string().into_bytes()));
        async move { Ok::<_, Infallible>(response.expect("a response")) }
    });
    let client = Client::new(service, "team-a");
    let address = "https://127.0.0.1:6443".to_owned();
    (
        Cluster {
            client,
            namespace: "team-a".to_owned(),
            address,
        },
        asked,
    )
}

fn secret(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "team-a"}, "data": {"K": "Y2FuYXJ5"}, "type": "Opaque"})
}

fn page(names: &[&str], next: &str) -> (u16, Value) {
    let items: Vec<Value> = names.iter().map(|name| secret(name)).collect();
    let metadata = json!({"continue": next, "resourceVersion": "1"});
    (
        200,
        json!({"apiVersion": "v1", "kind": "SecretList", "metadata": metadata, "items": items}),
    )
}

fn status(code: u16, message: &str) -> (u16, Value) {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": message, "reason": if code == 404 { "NotFound" } else { "" }, "metadata": {}}),
    )
}

fn scope() -> Scope {
    Scope::Namespace("team-a".to_owned())
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let (cluster, asked) = scripted(vec![page(&["a", "b"], "next"), page(&["c"], "")]);
    let mut names = Vec::new();
    cluster
        .each_secret(&scope(), |secret| names.push(secret.name))
        .await
        .expect("a list");
    assert_eq!(names, ["a", "b", "c"]);
    let asked = asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .all(|uri| uri.contains("limit=500") && uri.contains("fieldSelector=type"))
    );
    assert!(!asked[0].contains("continue=") && asked[1].contains("continue=next"));
}

#[tokio::test]
async fn all_namespaces_are_one_list() {
    let (cluster, asked) = scripted(vec![page(&[], "")]);
    cluster
        .each_secret(&Scope::All, |_| {})
        .await
        .expect("a list");
    assert!(asked.lock().unwrap()[0].starts_with("/api/v1/secrets?"));
}

#[tokio::test]
async fn metadata_come_without_values() {
    let (cluster, _) = scripted(vec![page(&["a"], "")]);
    let mut seen = Vec::new();
    cluster
        .each_metadata(&scope(), |secret| seen.push(secret))
        .await
        .expect("a list");
    assert_eq!((seen[0].name.as_str(), seen[0].data.len()), ("a", 0));
}

#[tokio::test]
async fn a_missing_secret_is_no_failure() {
    let (cluster, _) = scripted(vec![status(404, "secrets \"x\" not found")]);
    assert!(
        cluster
            .secret("team-a", "x")
            .await
            .expect("an answer")
            .is_none()
    );
}

#[rstest]
#[case(401, Kind::Unauthenticated)]
#[case(403, Kind::Forbidden)]
#[case(410, Kind::Unavailable)]
#[case(429, Kind::RateLimited)]
#[case(500, Kind::Internal)]
#[tokio::test]
async fn a_refusal_has_its_kind(#[case] code: u16, #[case] kind: Kind) {
    let (cluster, _) = scripted(vec![status(code, "no")]);
    let failure = cluster
        .each_secret(&scope(), |_| {})
        .await
        .expect_err("a refusal");
    assert_eq!(failure.kind(), kind);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let broken = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"K": "canary!"}});
    let (cluster, _) = scripted(vec![(200, broken), (200, json!({"metadata": "canary"}))]);
    for _ in 0..2 {
        let failure = cluster
            .secret("team-a", "x")
            .await
            .expect_err("not a Secret");
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_flag_wins_over_the_namespace_of_the_context() {
    let (cluster, _) = scripted(Vec::new());
    let flags = |namespace: Option<&str>, all_namespaces| args::Scope {
        namespace: namespace.map(str::to_owned),
        all_namespaces,
    };
    assert_eq!(cluster.scope(&flags(None, false)), scope());
    assert_eq!(
        cluster.scope(&flags(Some("b"), false)),
        Scope::Namespace("b".to_owned())
    );
    assert_eq!(cluster.scope(&flags(None, true)), Scope::All);
}

//! What admission makes of the answers of an API server, which the test itself writes.

use axum::http::{Request, Response, StatusCode};
use bowline_core::Secret;
use bowline_operator::{Cluster as _, ClusterError, Kubernetes, User};
use kube::client::Body;
use rstest::rstest;

/// A cluster that answers everything with this.
fn answering(status: StatusCode, text: &'static str) -> Kubernetes {
    let answer = move |_: Request<Body>| async move {
        let body = Body::from(text.as_bytes().to_vec());
        Response::builder().status(status).body(body)
    };
    Kubernetes::new(kube::Client::new(tower::service_fn(answer), "harbour"))
}

async fn read(status: StatusCode, text: &'static str) -> Result<Option<Secret>, ClusterError> {
    answering(status, text).secret("harbour", "models").await
}

#[tokio::test]
async fn a_secret_is_read_from_its_text() {
    let text = r#"{"kind": "Secret", "metadata": {"name": "models"}, "data": {"A": "eA=="}}"#;
    let secret = read(StatusCode::OK, text).await.unwrap().unwrap();
    assert_eq!(secret.line("A"), Some("x"));
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_none() {
    let text = r#"{"kind": "Status", "code": 404, "reason": "NotFound", "status": "Failure"}"#;
    let found = read(StatusCode::NOT_FOUND, text).await;
    assert!(found.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_that_is_cut_off_is_an_error_without_its_text() {
    let text = r#"{"kind": "Secret", "data": {"A": "d29yZA=="#;
    let error = read(StatusCode::OK, text).await.unwrap_err().to_string();
    assert!(
        error.contains("as JSON") && !error.contains("d29yZA"),
        "{error}"
    );
}

#[rstest]
#[case::allowed(r#"{"spec": {}, "status": {"allowed": true, "reason": "RBAC"}}"#, true)]
#[case::not_allowed(r#"{"spec": {}, "status": {"allowed": false}}"#, false)]
#[case::denied(r#"{"status": {"allowed": true, "denied": true}}"#, false)]
#[case::without_an_answer(r#"{"spec": {}}"#, false)]
#[tokio::test]
async fn a_right_is_what_the_status_of_a_review_says(#[case] text: &'static str, #[case] is: bool) {
    let cluster = answering(StatusCode::CREATED, text);
    let user = User::default();
    let may = cluster.may_get_secret(&user, "harbour", "models").await;
    assert_eq!(may.unwrap(), is);
}

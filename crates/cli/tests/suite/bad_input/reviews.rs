//! Bodies of `/mutate` and `/validate`.

use rstest::rstest;
use serde_json::{Value, json};

use super::{LIMIT, Target, VALUE, nested, overlay};

const JSON: &str = "application/json";

/// A good review of a Notebook that names no connection, with changes.
fn review(change: &Value) -> String {
    let mut review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "4e5b2a30-0000-4000-8000-000000000001",
            "kind": {"group": "kubeflow.org", "version": "v1", "kind": "Notebook"},
            "resource": {"group": "kubeflow.org", "version": "v1", "resource": "notebooks"},
            "operation": "CREATE",
            "namespace": "default",
            "name": "chart-room",
            "userInfo": {"username": "mate"},
            "object": {
                "apiVersion": "kubeflow.org/v1",
                "kind": "Notebook",
                "metadata": {"name": "chart-room", "annotations": {"note": VALUE}},
                "spec": {"template": {"spec": {"containers": [{"name": "chart-room"}]}}},
            },
        },
    });
    overlay(&mut review, change);
    review.to_string()
}

#[rstest]
#[case::empty(String::new(), "it ends too early")]
#[case::truncated(review(&json!({}))[..300].to_owned(), "it ends too early")]
#[case::no_json(VALUE.to_owned(), "it is not JSON")]
#[case::null("null".to_owned(), "not an AdmissionReview")]
#[case::list("[]".to_owned(), "AdmissionReview")]
#[case::nested(nested(100_000), "AdmissionReview")]
#[case::duplicate_member(r#"{"apiVersion":"admission.k8s.io/v1","apiVersion":"a"}"#.to_owned(), "repeated")]
#[case::duplicate_request(review(&json!({})).replacen("\"request\"", "\"request\":null,\"request\"", 1), "repeated")]
#[case::duplicate_in_object(review(&json!({})).replacen("\"spec\"", "\"metadata\":{},\"spec\"", 1), "repeated")]
#[case::duplicate_reference(review(&json!({})).replacen("\"note\"", "\"opendatahub.io/connections\":\"a/b\",\"opendatahub.io/connections\"", 1), "repeated")]
#[case::other_version(review(&json!({"apiVersion": "admission.k8s.io/v1beta1"})), "`admission.k8s.io/v1`")]
#[case::other_kind(review(&json!({"kind": "Notebook"})), "AdmissionReview")]
#[case::no_request(review(&json!({"request": null})), "`request`")]
#[case::no_uid(review(&json!({})).replacen("\"uid\"", "\"id\"", 1), "`request.uid`")]
#[case::null_uid(review(&json!({"request": {"uid": null}})), "wrong type")]
#[case::null_kind(review(&json!({"request": {"kind": null}})), "wrong type")]
#[case::empty_uid(review(&json!({"request": {"uid": ""}})), "`request.uid`")]
#[case::uid_of_another_type(review(&json!({"request": {"uid": 7}})), "wrong type")]
#[case::user_of_another_type(review(&json!({"request": {"userInfo": "mate"}})), "wrong type")]
#[tokio::test]
async fn a_body_that_is_no_review_is_refused(
    #[case] body: String,
    #[case] problem: &str,
    #[values("/mutate", "/validate")] path: &str,
) {
    Target::new()
        .review(path, JSON, body)
        .await
        .refuses(400, problem);
}

/// Members that nothing reads are leapt over, and may be what they like: the page about admission
/// says so.
#[rstest]
#[case::annotation_of_others(review(&json!({})).replacen("\"note\"", "\"note\":\"a\",\"note\"", 1))]
#[case::in_a_container(review(&json!({})).replacen("\"containers\":[{", "\"containers\":[{\"image\":\"a\",\"image\":\"b\",", 1))]
#[tokio::test]
async fn a_member_that_nobody_reads_may_stand_twice(#[case] body: String) {
    let answer = Target::new().review("/mutate", JSON, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Nothing reads what lies that deep, so it may pass, but it must not exhaust the stack.
#[rstest]
#[tokio::test]
async fn deep_nesting_inside_of_an_object_does_no_harm(
    #[values("/mutate", "/validate")] path: &str,
) {
    let body = review(&json!({})).replace(&format!("\"{VALUE}\""), &nested(1_000_000));
    let answer = Target::new().review(path, JSON, body).await;
    assert!([200, 400].contains(&answer.status), "{answer:?}");
}

#[rstest]
#[tokio::test]
async fn a_body_that_is_not_utf8_is_refused(#[values("/mutate", "/validate")] path: &str) {
    let mut body = review(&json!({})).into_bytes();
    body[40] = 0xff;
    Target::new()
        .review(path, JSON, body)
        .await
        .refuses(400, "not UTF-8 from byte 40 on");
}

#[rstest]
#[tokio::test]
async fn a_body_that_is_too_large_is_refused(#[values("/mutate", "/validate")] path: &str) {
    let body = review(&json!({"request": {"object": {"large": "x".repeat(LIMIT)}}}));
    Target::new()
        .review(path, JSON, body)
        .await
        .refuses(413, "");
}

#[rstest]
#[case("text/plain")]
#[case("application/yaml")]
#[case("")]
#[tokio::test]
async fn a_body_of_another_media_type_is_refused(#[case] media_type: &str) {
    let answer = Target::new()
        .review("/mutate", media_type, review(&json!({})))
        .await;
    answer.refuses(415, "application/json");
}

#[rstest]
#[case::null(Value::Null)]
#[case::text(json!("Barnacle-Bill-was-here"))]
#[case::list(json!(["Barnacle-Bill-was-here"]))]
#[case::number(json!(7))]
#[tokio::test]
async fn a_creation_without_an_object_is_refused(#[case] object: Value) {
    let body = review(&json!({"request": {"object": object}}));
    let answer = Target::new().review("/mutate", JSON, body).await;
    answer.refuses(400, "`request.object`");
}

/// The `response` of a review that was answered.
async fn answered(change: &Value) -> Value {
    let answer = Target::new().review("/mutate", JSON, review(change)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let review: Value = serde_json::from_str(&answer.text).expect("JSON");
    assert_eq!(
        review["response"]["uid"],
        "4e5b2a30-0000-4000-8000-000000000001"
    );
    review["response"].clone()
}

#[rstest]
#[case::delete(json!({"request": {"operation": "DELETE", "object": null}}))]
#[case::connect(json!({"request": {"operation": "CONNECT"}}))]
#[case::made_up(json!({"request": {"operation": "SCRAPE"}}))]
#[case::other_kind(json!({"request": {"kind": {"group": "", "version": "v1", "kind": "Node"}}}))]
#[case::subresource(json!({"request": {"subResource": "status"}}))]
#[case::no_metadata(json!({"request": {"object": {"metadata": null}}}))]
#[case::no_spec(json!({"request": {"object": {"spec": null}}}))]
#[case::annotations_of_another_type(json!({"request": {"object": {"metadata": {"annotations": 7}}}}))]
#[case::no_old_object(json!({"request": {"operation": "UPDATE", "oldObject": null}}))]
#[tokio::test]
async fn what_does_not_concern_connections_is_allowed(#[case] change: Value) {
    let response = answered(&change).await;
    assert_eq!(response["allowed"], true, "{response}");
    assert_eq!(response.get("patch"), None);
}

fn annotated(annotations: &Value) -> Value {
    json!({"request": {"object": {"metadata": {"annotations": annotations}}}})
}

#[rstest]
#[case::long(format!("default/{}", "a".repeat(1024 * 1024)), "bytes long; at most 4096 are allowed")]
#[case::many((0..40).map(|number| format!("default/a{number},")).collect(), "more than 32 connections")]
#[case::slashes("a/b/c".to_owned(), "not of the form `namespace/name`")]
#[case::control("default/a\u{7}\u{1b}[31m".to_owned(), "not a valid name")]
#[tokio::test]
async fn a_bad_reference_is_denied(#[case] reference: String, #[case] problem: &str) {
    let response = answered(&annotated(
        &json!({"opendatahub.io/connections": reference}),
    ))
    .await;
    assert_eq!(response["allowed"], false);
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(message.contains(problem), "no `{problem}` in: {message}");
    assert!(
        message.len() < 400 && !message.contains(char::is_control),
        "{message}"
    );
}

#[rstest]
#[case::no_json("Barnacle-Bill-was-here")]
#[case::other_shape("[1, 2, 3]")]
#[case::foreign_path(
    r#"{"connections":[{"name":"a","fields":[{"at":"/metadata/name","value":"b"}]}]}"#
)]
#[tokio::test]
async fn a_record_that_somebody_made_up_does_no_harm(#[case] record: &str) {
    let response = answered(&annotated(&json!({"bowline.dev/injected": record}))).await;
    assert_eq!(response["allowed"], true, "{response}");
}

#[rstest]
#[case::mutate("/mutate", 405)]
#[case::validate("/validate", 405)]
#[case::elsewhere("/elsewhere", 404)]
#[tokio::test]
async fn another_path_or_method_is_refused(#[case] path: &str, #[case] status: u16) {
    let target = Target::new();
    let client = target.shared.server.admission().await.expect("a client");
    let answer = super::send(&client, "GET", path, "", Vec::new()).await;
    assert_eq!(answer.status, status);
}

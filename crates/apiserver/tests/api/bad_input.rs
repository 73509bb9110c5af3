//! Requests that make no sense get a clear answer.

use crate::client::{SECRETS, Server, secret};
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};

const JSON: &str = "application/json";

#[rstest]
#[case::empty(JSON, "")]
#[case::broken(JSON, "{\"metadata\":")]
#[case::list(JSON, "[]")]
#[case::twice("application/yaml", "metadata: {name: a, name: b}")]
#[case::nested(JSON, &"[".repeat(100_000))]
#[case::not_yaml("application/yaml", "a: [")]
#[case::bomb(
    "application/yaml",
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
)]
#[case::long_bomb("application/yaml", &format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a,".repeat(20)))]
#[case::not_protobuf("application/vnd.kubernetes.protobuf", "nonsense")]
#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused(#[case] media_type: &str, #[case] body: &str) {
    let admin = Server::start().await.admin();
    admin
        .send("POST", SECRETS, &[("content-type", media_type)], body)
        .await
        .refused(400, "BadRequest");
}

#[rstest]
#[case::unknown_group("/apis/nonsense.example.com/v1/things", 404)]
#[case::unknown_path("/nonsense", 404)]
#[case::broken_encoding("/api/v1/namespaces/%ff/secrets", 400)]
#[tokio::test]
async fn what_is_outside_of_the_api_is_refused_in_plain_text(
    #[case] path: &str,
    #[case] code: u16,
) {
    let answer = Server::start().await.admin().get(path).await;
    assert_eq!(
        (answer.code, &answer.headers["content-type"]),
        (code, &"text/plain; charset=utf-8".parse().unwrap())
    );
}

#[tokio::test]
async fn members_that_are_there_twice_are_told_or_refused() {
    let admin = Server::start().await.admin();
    let body = "{\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}";
    let headers = [("content-type", JSON)];
    let told = admin.send("POST", SECRETS, &headers, body).await;
    assert_eq!(told.ok()["metadata"]["name"], "b");
    assert_eq!(
        told.warnings(),
        [r#"299 - "duplicate field \"metadata.name\"""#]
    );
    let strict = format!("{SECRETS}?fieldValidation=Strict");
    let answer = admin.send("POST", &strict, &headers, body).await;
    answer.refused(400, "BadRequest");
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_refused() {
    let admin = Server::start().await.admin();
    let answer = admin
        .send(
            "POST",
            SECRETS,
            &[("content-type", JSON)],
            *b"{\"a\":\"\xff\"}",
        )
        .await;
    assert!(answer.refused(400, "BadRequest").contains("not UTF-8"));
}

#[tokio::test]
async fn a_body_may_have_three_mebibytes() {
    let admin = Server::start().await.admin();
    let limit = 3 * 1024 * 1024;
    let object = secret("a").to_string();
    let padded = |size: usize| object.clone() + &" ".repeat(size - object.len());
    admin
        .send("POST", SECRETS, &[("content-type", JSON)], padded(limit))
        .await
        .ok();
    let answer = admin
        .send(
            "POST",
            SECRETS,
            &[("content-type", JSON)],
            padded(limit + 1),
        )
        .await;
    answer.refused(413, "RequestEntityTooLarge");
}

#[tokio::test]
async fn a_body_of_another_form_is_refused() {
    let admin = Server::start().await.admin();
    admin
        .send("POST", SECRETS, &[("content-type", "text/html")], "{}")
        .await
        .refused(415, "UnsupportedMediaType");
}

#[rstest]
#[case::unknown_kind("GET", "/api/v1/namespaces/default/nonsense", 404)]
#[case::unknown_version("GET", "/api/v9/secrets", 404)]
#[case::unknown_subresource("GET", "/api/v1/namespaces/default/secrets/a/status", 404)]
#[case::object_without_namespace("GET", "/api/v1/secrets/a", 404)]
#[case::namespace_for_cluster_kind(
    "GET",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterroles",
    404
)]
#[case::create_of_an_unknown_part("POST", "/api/v1/namespaces/default/secrets/a/nothing", 404)]
#[case::create_of_a_status("POST", "/api/v1/namespaces/default/pods/a/status", 405)]
#[case::create_without_namespace("POST", "/api/v1/secrets", 405)]
#[case::create_with_name("POST", "/api/v1/namespaces/default/secrets/a", 405)]
#[case::update_collection("PUT", "/api/v1/namespaces/default/secrets", 405)]
#[case::delete_everywhere("DELETE", "/api/v1/secrets", 405)]
#[case::list_reviews("GET", "/apis/authorization.k8s.io/v1/subjectaccessreviews", 405)]
#[case::other_method("BREW", "/api/v1/secrets", 405)]
#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused(
    #[case] method: &str,
    #[case] path: &str,
    #[case] code: u16,
) {
    let admin = Server::start().await.admin();
    let answer = admin
        .send(method, path, &[("content-type", JSON)], "{}")
        .await;
    assert_eq!(
        (answer.code, &answer.json()["kind"]),
        (code, &serde_json::json!("Status")),
        "{}",
        answer.json()
    );
}

#[rstest]
#[case::kind(serde_json::json!({"kind": 5}))]
#[case::api_version(serde_json::json!({"apiVersion": ["v1"]}))]
#[case::metadata(serde_json::json!({"metadata": "x"}))]
#[case::name(serde_json::json!({"metadata": {"name": 5}}))]
#[case::labels(serde_json::json!({"metadata": {"name": "a", "labels": ["x"]}}))]
#[case::label(serde_json::json!({"metadata": {"name": "a", "labels": {"x": 1}}}))]
#[case::namespace(serde_json::json!({"metadata": {"name": "a", "namespace": {}}}))]
#[case::finalizers(serde_json::json!({"metadata": {"name": "a", "finalizers": "x"}}))]
#[case::data(serde_json::json!({"metadata": {"name": "a"}, "data": "x"}))]
#[case::version(serde_json::json!({"metadata": {"name": "a", "resourceVersion": 1}}))]
#[tokio::test]
async fn members_of_the_wrong_type_are_refused(#[case] object: serde_json::Value) {
    let admin = Server::start().await.admin();
    admin
        .post(SECRETS, &object)
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn a_body_full_of_mistakes_gets_a_short_answer() {
    let server = Server::start().await;
    let labels: serde_json::Map<String, serde_json::Value> = (0..20_000)
        .map(|number| (format!("not a key {number}"), "not a value".into()))
        .collect();
    let object = serde_json::json!({"metadata": {"name": "a", "labels": labels}});
    let answer = server.admin().post(SECRETS, &object).await;
    answer.refused(422, "Invalid");
    assert!(answer.body.len() < 200_000, "{}", answer.body.len());
}

/// Far more than is needed, and far less than work that grows with the square would take.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn very_many_mistakes_are_told_soon_and_in_part() {
    let admin = Server::start().await.admin();
    let mut object = secret("a");
    object["metadata"]["finalizers"] = (0..100_000).map(|n| format!("a{n}")).collect();
    let started = Instant::now();
    let headers = [("content-type", JSON)];
    let answer = admin
        .send("POST", SECRETS, &headers, object.to_string())
        .await;
    let causes = answer.json()["details"]["causes"].as_array().map(Vec::len);
    answer.refused(422, "Invalid");
    assert_eq!(causes, Some(100));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_object_with_very_many_finalizers_is_changed_soon() {
    let admin = Server::start().await.admin();
    let mut object = secret("a");
    object["metadata"]["finalizers"] = (0..80_000).map(|n| format!("a.io/{n}")).collect();
    let headers = [("content-type", JSON)];
    admin
        .send("POST", SECRETS, &headers, object.to_string())
        .await
        .ok();
    object["metadata"]["labels"] = json!({"a": "b"});
    let started = Instant::now();
    let path = format!("{SECRETS}/a");
    admin
        .send("PUT", &path, &headers, object.to_string())
        .await
        .ok();
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[tokio::test]
async fn claims_of_very_many_owners_are_passed_over() {
    let admin = Server::start().await.admin();
    let entry = |n: u32| {
        json!({
            "manager": format!("m{n}"), "operation": "Update", "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {format!("f:k{n}"): {}}},
        })
    };
    let mut object = secret("a");
    object["metadata"]["managedFields"] = (0..15_000).map(entry).collect();
    let started = Instant::now();
    let headers = [("content-type", JSON)];
    let answer = admin
        .send("POST", SECRETS, &headers, object.to_string())
        .await;
    let entries = answer.ok()["metadata"]["managedFields"]
        .as_array()
        .map(Vec::len);
    assert_eq!(entries, Some(1));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

//! Bodies and paths of the Kubernetes API.

use rstest::rstest;
use serde_json::{Value, json};

use super::{LIMIT, Target, VALUE, nested, secret};

const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const JSON: &str = "application/json";

#[rstest]
#[case::empty(String::new(), "cannot be read as JSON")]
#[case::truncated(format!(r#"{{"kind":"Secret","stringData":{{"a":"{VALUE}"#), "EOF while parsing")]
#[case::no_json(VALUE.to_owned(), "cannot be read as JSON")]
#[case::list(format!("[\"{VALUE}\"]"), "must be a JSON or YAML object")]
#[case::text(format!("\"{VALUE}\""), "must be a JSON or YAML object")]
#[case::two_objects(format!("{{}}{{\"a\":\"{VALUE}\"}}"), "trailing characters")]
#[case::nested(nested(10_000), "recursion limit")]
#[case::nested_deeper(nested(1_000_000), "recursion limit")]
#[case::nested_objects(format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)), "recursion limit")]
#[tokio::test]
async fn a_body_that_is_no_object_is_refused(#[case] body: String, #[case] problem: &str) {
    Target::new()
        .api("POST", SECRETS, JSON, body)
        .await
        .refuses(400, problem);
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_refused_with_the_place() {
    let body = b"{\"kind\":\"Secret\",\"stringData\":{\"a\":\"\xff\xfe\"}}";
    Target::new()
        .api("POST", SECRETS, JSON, *body)
        .await
        .refuses(400, "not UTF-8 from byte 36 on");
}

#[rstest]
#[case::create("POST", SECRETS)]
#[case::update("PUT", "/api/v1/namespaces/default/secrets/barnacle")]
#[case::patch("PATCH", "/api/v1/namespaces/default/secrets/barnacle")]
#[case::delete("DELETE", "/api/v1/namespaces/default/secrets/barnacle")]
#[tokio::test]
async fn a_body_that_is_too_large_is_refused(#[case] method: &str, #[case] path: &str) {
    let media_type = if method == "PATCH" {
        "application/merge-patch+json"
    } else {
        JSON
    };
    let body = secret(&json!({"stringData": {"large": "x".repeat(LIMIT)}}));
    let answer = Target::new().api(method, path, media_type, body).await;
    answer.refuses(413, "Request entity too large: limit is 3145728");
}

#[rstest]
#[case("text/plain")]
#[case("application/octet-stream")]
#[case("application/x-www-form-urlencoded")]
#[case("application/json-patch+json")]
#[case("not a media type")]
#[tokio::test]
async fn a_body_of_another_media_type_is_refused(#[case] media_type: &str) {
    let answer = Target::new()
        .api("POST", SECRETS, media_type, secret(&json!({})))
        .await;
    answer.refuses(415, "accepted media types include: application/json");
}

#[rstest]
#[case::other_kind(json!({"kind": "ConfigMap"}), 400, "kind")]
#[case::other_version(json!({"apiVersion": "v2"}), 400, "v2")]
#[case::other_namespace(json!({"metadata": {"namespace": "elsewhere"}}), 400, "namespace")]
#[case::no_metadata(json!({"metadata": null}), 422, "name")]
#[case::metadata_of_another_type(json!({"metadata": "barnacle"}), 400, "metadata")]
#[case::no_name(json!({"metadata": {"name": ""}}), 422, "name or generateName is required")]
#[case::bad_name(json!({"metadata": {"name": "Barnacle!"}}), 422, "metadata.name: Invalid value")]
#[case::long_name(json!({"metadata": {"name": "b".repeat(254)}}), 422, "metadata.name")]
#[case::name_of_another_type(json!({"metadata": {"name": 7}}), 400, "name")]
#[case::label_of_another_type(json!({"metadata": {"labels": {"a": true}}}), 400, "labels")]
#[case::bad_label(json!({"metadata": {"labels": {"a b": "c"}}}), 422, "metadata.labels")]
#[case::annotation_of_another_type(json!({"metadata": {"annotations": {"a": 1}}}), 400, "annotations")]
#[case::data_that_is_not_base64(json!({"data": {"a": "Barnacle-Bill-was-here"}}), 400, "data")]
#[case::data_of_another_type(json!({"data": ["a"]}), 400, "data")]
#[case::value_of_another_type(json!({"stringData": {"a": {"b": 1}}}), 400, "stringData")]
#[case::bad_key(json!({"stringData": {"a/b": "c"}}), 422, "a/b")]
#[case::uid_of_another_type(json!({"metadata": {"uid": ["a"]}}), 400, "uid")]
#[case::bad_time(json!({"metadata": {"creationTimestamp": "yesterday"}}), 400, "creationTimestamp")]
#[case::type_of_another_type(json!({"type": 1}), 400, "type")]
#[tokio::test]
async fn an_object_that_is_not_valid_is_refused(
    #[case] change: Value,
    #[case] status: u16,
    #[case] problem: &str,
) {
    let answer = Target::new()
        .api("POST", SECRETS, JSON, secret(&change))
        .await;
    answer.refuses(status, problem);
}

#[tokio::test]
async fn huge_annotations_are_refused() {
    let annotations = json!({"metadata": {"annotations": {"a": "x".repeat(300 * 1024)}}});
    let answer = Target::new()
        .api("POST", SECRETS, JSON, secret(&annotations))
        .await;
    answer.refuses(422, "metadata.annotations: Too long");
}

#[tokio::test]
async fn a_huge_secret_is_refused() {
    let values = json!({"stringData": {"a": "x".repeat(1024 * 1024)}});
    let answer = Target::new()
        .api("POST", SECRETS, JSON, secret(&values))
        .await;
    answer.refuses(422, "data: Too long");
}

#[rstest]
#[case::unknown_version("GET", "/api/v9/secrets", 404)]
#[case::unknown_resource("GET", "/api/v1/namespaces/default/barnacles", 404)]
#[case::unknown_subresource("GET", "/api/v1/namespaces/default/secrets/a/scale", 404)]
#[case::too_long("GET", "/api/v1/namespaces/default/secrets/a/b/c/d/e/f", 404)]
#[case::method_of_a_collection("PUT", "/api/v1/namespaces/default/secrets", 405)]
#[case::method_of_an_object("POST", "/api/v1/namespaces/default/secrets/a", 405)]
#[case::trace("TRACE", "/api/v1/namespaces/default/secrets", 405)]
#[case::made_up("BARNACLE", "/api/v1/namespaces/default/secrets", 405)]
#[case::discovery_by_post("POST", "/apis", 405)]
#[tokio::test]
async fn a_path_or_method_that_does_not_exist_is_refused(
    #[case] method: &str,
    #[case] path: &str,
    #[case] status: u16,
) {
    Target::new()
        .api(method, path, "", "")
        .await
        .refuses(status, "\"status\":\"Failure\"");
}

/// Kubernetes answers these as plain text, before it knows of what kind an answer could be.
#[rstest]
#[case::unknown_group("/apis/barnacles.example/v1/bills", 404, "404 page not found")]
#[case::not_utf8("/api/v1/namespaces/%ff/secrets", 400, "400 Bad Request")]
#[case::half_an_escape("/api/v1/namespaces/%f", 400, "400 Bad Request")]
#[tokio::test]
async fn a_path_that_belongs_to_no_group_is_refused_in_plain_text(
    #[case] path: &str,
    #[case] status: u16,
    #[case] text: &str,
) {
    Target::new()
        .api("GET", path, "", "")
        .await
        .refuses(status, text);
}

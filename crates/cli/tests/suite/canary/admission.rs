//! What the admission server answers, and what health checks and the like say.

use http::Request;
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::Scene;

async fn send(client: &Client, request: Request<Body>) -> (u16, String) {
    let response = client.send(request).await.expect("an answer");
    let status = response.status().as_u16();
    let headers = format!("{:?}\n", response.headers());
    let body = response.into_body().collect().await.expect("a body");
    let text = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
    (status, headers + &text)
}

fn review(object: &Value, operation: &str, before: Option<&Value>) -> Request<Body> {
    let kind = object["kind"].as_str().expect("a kind");
    let (group, version) = match object["apiVersion"]
        .as_str()
        .expect("a version")
        .split_once('/')
    {
        Some((group, version)) => (group, version),
        None => ("", "v1"),
    };
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "4e5b2a30-0000-4000-8000-000000000002",
            "kind": {"group": group, "version": version, "kind": kind},
            "operation": operation,
            "namespace": object["metadata"]["namespace"],
            "userInfo": {"username": "system:admin", "groups": ["system:masters"]},
            "object": object,
            "oldObject": before,
        },
    });
    let path = if kind == "Secret" {
        "/validate"
    } else {
        "/mutate"
    };
    let request = Request::post(path).header("content-type", "application/json");
    request
        .body(Body::from(review.to_string().into_bytes()))
        .expect("a request")
}

#[tokio::test]
async fn no_answer_to_a_review_holds_a_value() {
    let scene = Scene::in_use();
    let client = scene
        .project
        .shared
        .server
        .admission()
        .await
        .expect("a client");
    let workloads = scene.workloads();
    for object in scene.secrets.iter().chain(&workloads) {
        let mut object = object.clone();
        let text = object.to_string().replace("$PROJECT", &scene.project.name);
        object.clone_from(&serde_json::from_str(&text).expect("JSON"));
        object["metadata"]["namespace"] = scene.project.name.as_str().into();
        let mut before = object.clone();
        before["metadata"]["annotations"] = json!({});
        for request in [
            review(&object, "CREATE", None),
            review(&object, "UPDATE", Some(&object)),
            review(&object, "UPDATE", Some(&before)),
            review(&before, "UPDATE", Some(&object)),
        ] {
            let (status, text) = send(&client, request).await;
            assert_eq!(status, 200, "{text}");
            scene.search("admission", &text);
            scene.search("admission, patch", &patch(&text));
        }
    }
}

/// The patch in an answer, decoded.
fn patch(answer: &str) -> String {
    use base64::Engine as _;
    let (_, json) = answer.split_once('\n').expect("a body");
    let review: Value = serde_json::from_str(json).expect("JSON");
    let patch = review["response"]["patch"].as_str().unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(patch)
        .expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

/// Health, version, metrics and discovery: what is there is searched, what is not there says so.
#[rstest]
#[case("/livez")]
#[case("/readyz")]
#[case("/healthz")]
#[case("/version")]
#[case("/metrics")]
#[case("/openapi/v2")]
#[case("/openapi/v3")]
#[case("/apis")]
#[case("/")]
#[tokio::test]
async fn nothing_that_is_served_about_the_server_holds_a_value(#[case] path: &str) {
    let scene = Scene::in_use();
    let server = &scene.project.shared.server;
    let mut http = server.config().await.expect("a configuration");
    http.cluster_url = server.ready.http.parse().expect("a URL");
    let clients = [
        server.client().await.expect("a client"),
        server.admission().await.expect("a client"),
        Client::try_from(http).expect("a client"),
    ];
    for client in clients {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (status, text) = send(&client, request).await;
        assert!(status < 500, "{text}");
        scene.search(path, &text);
    }
}

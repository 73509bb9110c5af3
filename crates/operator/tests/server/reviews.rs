//! What `/validate` and `/mutate` answer, and what is counted of it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_operator::Users;
use bowline_operator::listen::Limits;
use bowline_operator::metrics::count_panics;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::World;

/// Knows a user of every Secret, and panics about one.
struct Desk;

impl Users for Desk {
    fn of(&self, _: &str, secret: &str) -> Vec<String> {
        assert!(secret != "cursed", "this Secret is cursed");
        vec![format!("Notebook/{secret}-desk")]
    }
}

async fn world() -> World {
    World::start(Limits::default(), Arc::new(Desk)).await
}

fn review(operation: &str, object: &Value, old: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Secret"},
        "namespace": "harbour",
        "operation": operation,
        "object": object,
        "oldObject": old,
    }})
}

fn secret(annotations: &Value) -> Value {
    let metadata = json!({"name": "soundings", "namespace": "harbour", "annotations": annotations});
    let data = json!({"AWS_S3_ENDPOINT": "bm90IGEgdXJs", "AWS_S3_BUCKET": "Yg=="});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
}

fn notebook(connections: &str) -> Value {
    let annotations = json!({"opendatahub.io/connections": connections});
    json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {"name": "desk", "namespace": "harbour", "annotations": annotations},
        "spec": {"template": {"spec": {"containers": [{"name": "desk"}]}}},
    })
}

async fn ask(world: &World, review: &Value) -> Value {
    let answer = world.trust.post(world.address, "/validate", review).await;
    let answer = answer.unwrap();
    assert_eq!(answer.code, 200, "{}", answer.body);
    answer.json()["response"].clone()
}

/// The world's cluster lets nobody record.
#[tokio::test]
async fn a_result_that_somebody_writes_is_put_back() {
    let world = world().await;
    let key = "opendatahub.io/connection-test-status";
    let (was, wanted) = (json!({key: "failed"}), json!({key: "verified"}));
    let review = review("UPDATE", &secret(&wanted), &secret(&was));
    let answer = world.trust.post(world.address, "/mutate", &review).await;
    let answer = answer.unwrap().json()["response"].clone();
    assert_eq!(answer["allowed"], true);
    let patch = STANDARD.decode(answer["patch"].as_str().unwrap()).unwrap();
    let patch: Value = serde_json::from_slice(&patch).unwrap();
    let path = "/metadata/annotations/opendatahub.io~1connection-test-status";
    assert_eq!(
        patch,
        json!([
            {"op": "test", "path": path, "value": "verified"},
            {"op": "replace", "path": path, "value": "failed"},
        ])
    );
    assert!(
        answer["warnings"][0]
            .as_str()
            .unwrap()
            .contains("only Bowline says")
    );
}

#[tokio::test]
async fn deleting_a_secret_in_use_warns() {
    let world = world().await;
    let answer = ask(&world, &review("DELETE", &Value::Null, &secret(&json!({})))).await;
    let warning = "Secret `soundings` is still used by Notebook/soundings-desk";
    assert_eq!(
        answer,
        json!({"uid": "1", "allowed": true, "warnings": [warning]})
    );
}

#[tokio::test]
async fn deleting_a_vital_secret_is_denied() {
    let world = world().await;
    let vital = secret(&json!({"bowline.dev/vital": "true"}));
    let answer = ask(&world, &review("DELETE", &Value::Null, &vital)).await;
    assert_eq!(
        (&answer["allowed"], &answer["status"]["code"]),
        (&json!(false), &json!(403))
    );
}

#[rstest]
#[case::create("CREATE", Value::Null)]
#[case::update("UPDATE", secret(&json!({"bowline.dev/vital": "true"})))]
#[tokio::test]
async fn a_faulty_connection_is_stored_with_a_warning(#[case] operation: &str, #[case] old: Value) {
    let world = world().await;
    let faulty = secret(&json!({"opendatahub.io/connection-type-protocol": "s3"}));
    let answer = ask(&world, &review(operation, &faulty, &old)).await;
    assert_eq!(answer["allowed"], true);
    assert!(!answer["warnings"].as_array().unwrap().is_empty());
}

#[rstest]
#[case::without_the_old_object(review("DELETE", &Value::Null, &Value::Null))]
#[case::connect(review("CONNECT", &secret(&json!({})), &Value::Null))]
#[case::another_kind({
    let mut other = review("DELETE", &Value::Null, &secret(&json!({"bowline.dev/vital": "true"})));
    other["request"]["kind"]["kind"] = "ConfigMap".into();
    other
})]
#[case::a_subresource({
    let mut other = review("DELETE", &Value::Null, &secret(&json!({"bowline.dev/vital": "true"})));
    other["request"]["subResource"] = "status".into();
    other
})]
#[tokio::test]
async fn what_is_not_for_us_passes_quietly(#[case] review: Value) {
    let answer = ask(&world().await, &review).await;
    assert_eq!(answer, json!({"uid": "1", "allowed": true}));
}

#[tokio::test]
async fn reviews_are_counted_by_verdict() {
    let world = world().await;
    let vital = secret(&json!({"bowline.dev/vital": "true"}));
    ask(&world, &review("DELETE", &Value::Null, &vital)).await;
    ask(&world, &review("DELETE", &Value::Null, &secret(&json!({})))).await;
    let mut other = review("CREATE", &json!({}), &Value::Null);
    other["request"]["kind"]["kind"] = "Lighthouse".into();
    ask(&world, &other).await;
    let nonsense = world.trust.post(world.address, "/mutate", &json!({})).await;
    assert_eq!(nonsense.unwrap().code, 400);
    let text = world.metrics.encode();
    for line in [
        r#"bowline_admission_reviews_total{kind="Secret",operation="DELETE",verdict="denied"} 1"#,
        r#"bowline_admission_reviews_total{kind="Secret",operation="DELETE",verdict="allowed"} 1"#,
        r#"bowline_admission_reviews_total{kind="other",operation="CREATE",verdict="not_ours"} 1"#,
        r#"bowline_admission_reviews_total{kind="other",operation="other",verdict="error"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn a_panic_costs_one_request_and_is_counted() {
    let world = world().await;
    count_panics(&world.metrics);
    let mut cursed = secret(&json!({}));
    cursed["metadata"]["name"] = "cursed".into();
    let deleted = review("DELETE", &Value::Null, &cursed);
    let mut named = review("CREATE", &notebook("harbour/cursed"), &Value::Null);
    named["request"]["kind"] =
        json!({"group": "kubeflow.org", "version": "v1", "kind": "Notebook"});
    let answers = [
        world.trust.post(world.address, "/validate", &deleted).await,
        world.trust.post(world.address, "/mutate", &named).await,
    ];
    let _ = std::panic::take_hook();
    for answer in answers {
        assert_eq!(answer.unwrap().code, 500);
    }
    assert!(world.metrics.panics() >= 2);
    ask(&world, &review("DELETE", &Value::Null, &secret(&json!({})))).await;
}

//! Kinds that nothing acts on: what limits workloads, ranks them or leads to them.

use crate::client::Server;
use rstest::rstest;
use serde_json::{Value, json};

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";
const CLASSES: &str = "/apis/scheduling.k8s.io/v1/priorityclasses";

fn ingress(path: Value) -> Value {
    let mut rule = json!({"host": "web.example.com", "http": {"paths": []}});
    rule["http"]["paths"] = Value::Array(vec![path]);
    spec(json!({"rules": [rule]}))
}

/// A path that leads to a service.
fn path(kind: &str, path: &str) -> Value {
    json!({"path": path, "pathType": kind, "backend": {"service": {"name": "web", "port": {"number": 80}}}})
}

fn spec(spec: Value) -> Value {
    let mut object = json!({"metadata": {"name": "one"}});
    object["spec"] = spec;
    object
}

#[tokio::test]
async fn an_ingress_has_a_generation_and_a_status_of_its_own() {
    let admin = Server::start().await.admin();
    let mut object = ingress(path("Prefix", "/"));
    object["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    let created = admin.post(INGRESSES, &object).await.ok();
    assert_eq!(created["metadata"]["generation"], 1);
    assert_eq!(created["status"], json!({"loadBalancer": {}}));
    let status = json!({"status": object["status"]});
    let path = format!("{INGRESSES}/one/status");
    let patched = admin.patch(&path, "merge", &status).await.ok();
    assert_eq!(patched["status"], object["status"]);
}

#[tokio::test]
async fn a_priority_class_has_a_default_policy_and_stays_what_it_is() {
    let admin = Server::start().await.admin();
    let class = json!({"metadata": {"name": "first"}, "value": 7});
    let created = admin.post(CLASSES, &class).await.ok();
    assert_eq!(created["preemptionPolicy"], "PreemptLowerPriority");
    let path = format!("{CLASSES}/first");
    let changed = admin.patch(&path, "merge", &json!({"value": 8})).await;
    assert_eq!(changed.code, 422);
    let described = json!({"description": "goes first"});
    assert_eq!(admin.patch(&path, "merge", &described).await.code, 200);
}

#[tokio::test]
async fn a_quota_limits_nothing() {
    let admin = Server::start().await.admin();
    let none = spec(json!({"hard": {"configmaps": "0"}}));
    let quota = admin.post(QUOTAS, &none).await.ok();
    assert_eq!(quota["status"], json!({}));
    let config_maps = "/api/v1/namespaces/default/configmaps";
    let object = json!({"metadata": {"name": "one"}});
    assert_eq!(admin.post(config_maps, &object).await.code, 201);
}

#[rstest]
#[case::nothing(INGRESSES, spec(json!({})), "spec")]
#[case::no_paths(INGRESSES, spec(json!({"rules": [{"http": {"paths": []}}]})), "spec.rules[0].http.paths")]
#[case::address(INGRESSES, spec(json!({"rules": [{"host": "192.0.2.1"}]})), "spec.rules[0].host")]
#[case::host(INGRESSES, spec(json!({"rules": [{"host": "No_Host"}]})), "spec.rules[0].host")]
#[case::tls_host(INGRESSES, spec(json!({"rules": [{}], "tls": [{"hosts": ["a.example.com", "*.*"]}]})), "spec.tls[0].hosts[1]")]
#[case::relative_path(
    INGRESSES,
    ingress(path("Exact", "web")),
    "spec.rules[0].http.paths[0].path"
)]
#[case::odd_path(
    INGRESSES,
    ingress(path("Prefix", "/a//b")),
    "spec.rules[0].http.paths[0].path"
)]
#[case::upward_path(
    INGRESSES,
    ingress(path("Prefix", "/a/..")),
    "spec.rules[0].http.paths[0].path"
)]
#[case::path_type(
    INGRESSES,
    ingress(path("Regex", "/")),
    "spec.rules[0].http.paths[0].pathType"
)]
#[case::no_path_type(INGRESSES, ingress(json!({"path": "/", "backend": {"resource": {"kind": "A", "name": "b"}}})), "spec.rules[0].http.paths[0].pathType")]
#[case::no_backend(INGRESSES, spec(json!({"defaultBackend": {}})), "spec.defaultBackend")]
#[case::two_backends(INGRESSES, spec(json!({"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}, "resource": {"kind": "A", "name": "b"}}})), "spec.defaultBackend")]
#[case::no_port(INGRESSES, spec(json!({"defaultBackend": {"service": {"name": "web"}}})), "spec.defaultBackend")]
#[case::port(INGRESSES, spec(json!({"defaultBackend": {"service": {"name": "web", "port": {"number": 70000}}}})), "spec.defaultBackend.service.port.number")]
#[case::service(INGRESSES, spec(json!({"defaultBackend": {"service": {"name": "No_Name", "port": {"name": "http"}}}})), "spec.defaultBackend.service.name")]
#[case::both_limits(BUDGETS, spec(json!({"minAvailable": 1, "maxUnavailable": 1})), "spec")]
#[case::negative(BUDGETS, spec(json!({"minAvailable": -1})), "spec.minAvailable")]
#[case::percent(BUDGETS, spec(json!({"minAvailable": "half"})), "spec.minAvailable")]
#[case::bare_percent(BUDGETS, spec(json!({"minAvailable": "%"})), "spec.minAvailable")]
#[case::much(BUDGETS, spec(json!({"maxUnavailable": "101%"})), "spec.maxUnavailable")]
#[case::eviction(BUDGETS, spec(json!({"unhealthyPodEvictionPolicy": "Never"})), "spec.unhealthyPodEvictionPolicy")]
#[case::quota(QUOTAS, spec(json!({"hard": {"storage": "1"}})), "spec.hard[storage]")]
#[case::negative_quota(QUOTAS, spec(json!({"hard": {"pods": "-1"}})), "spec.hard[pods]")]
#[case::scope(QUOTAS, spec(json!({"scopes": ["Everything"]})), "spec.scopes")]
#[case::reserved_name(CLASSES, json!({"metadata": {"name": "system-mine"}, "value": 1}), "metadata.name")]
#[case::reserved_value(CLASSES, json!({"metadata": {"name": "first"}, "value": 2_000_000_000}), "value")]
#[case::preemption(CLASSES, json!({"metadata": {"name": "first"}, "value": 1, "preemptionPolicy": "Always"}), "preemptionPolicy")]
#[tokio::test]
async fn what_is_wrong_is_named(#[case] kind: &str, #[case] object: Value, #[case] field: &str) {
    let answer = Server::start().await.admin().post(kind, &object).await;
    let causes = &answer.json()["details"]["causes"];
    assert_eq!(
        (answer.code, causes.as_array().map(Vec::len)),
        (422, Some(1)),
        "{causes}"
    );
    assert_eq!(causes[0]["field"], field);
}

#[rstest]
#[case::wildcard(INGRESSES, spec(json!({"rules": [{"host": "*.example.com"}]})))]
#[case::any_path(INGRESSES, ingress(path("ImplementationSpecific", "")))]
#[case::port_by_name(INGRESSES, spec(json!({"defaultBackend": {"service": {"name": "web", "port": {"name": "http"}}}})))]
#[case::other_backend(INGRESSES, spec(json!({"defaultBackend": {"resource": {"kind": "A", "name": "b"}}})))]
#[case::percent(BUDGETS, spec(json!({"maxUnavailable": "100%", "unhealthyPodEvictionPolicy": "AlwaysAllow"})))]
#[case::quota(QUOTAS, spec(json!({"hard": {"requests.nvidia.com/gpu": "4", "count/secrets": "1", "hugepages-2Mi": "1"}, "scopes": ["NotTerminating"]})))]
#[case::of_the_system(CLASSES, json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}))]
#[tokio::test]
async fn what_is_right_is_stored(#[case] kind: &str, #[case] object: Value) {
    let answer = Server::start().await.admin().post(kind, &object).await;
    assert_eq!(answer.code, 201, "{}", answer.json());
}

//! Values that a typed client could not read are refused, or stored in the form that it reads.

use crate::client::{Client, Server};
use crate::workloads::{DEPLOYMENTS, deployment};
use rstest::rstest;
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
const EVENTS: &str = "/api/v1/namespaces/default/events";
const NODES: &str = "/api/v1/nodes";
const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
const CASKS: &str = "/apis/example.com/v1/namespaces/default/casks";

/// A custom kind with the types of numbers, with anything, and with objects within it.
fn casks() -> Value {
    let spec = json!({"type": "object", "properties": {
        "whole": {"type": "integer"},
        "filled": {"type": "integer", "default": 3.0},
        "amount": {"type": "number"},
        "port": {"x-kubernetes-int-or-string": true},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "inner": {
            "type": "object", "x-kubernetes-embedded-resource": true,
            "x-kubernetes-preserve-unknown-fields": true,
        },
    }});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "casks.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "casks", "kind": "Cask"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    })
}

fn cask(spec: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Cask", "metadata": {"name": "a"}, "spec": spec})
}

async fn with_casks() -> Client {
    Server::with_definitions(vec![casks()]).await.admin()
}

fn pod(spec: &Value) -> Value {
    let mut pod =
        json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
    let members = spec.as_object().unwrap().clone();
    pod["spec"].as_object_mut().unwrap().extend(members);
    pod
}

fn scaled_deployment(replicas: &Value) -> Value {
    let mut object = deployment("web");
    object["spec"]["replicas"] = replicas.clone();
    object
}

fn service(port: &Value) -> Value {
    json!({"metadata": {"name": "a"}, "spec": {"type": "NodePort", "ports": [port]}})
}

#[rstest]
#[case::fraction(DEPLOYMENTS, scaled_deployment(&json!(2.0)))]
#[case::exponent(DEPLOYMENTS, scaled_deployment(&json!(1e1)))]
#[case::beyond_32_bits(DEPLOYMENTS, scaled_deployment(&json!(99_999_999_999_u64)))]
#[case::below_32_bits(DEPLOYMENTS, scaled_deployment(&json!(-2_147_483_649_i64)))]
#[case::container_port(PODS, pod(&json!({"containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 80.0}]}]})))]
#[case::beyond_64_bits(PODS, pod(&json!({"terminationGracePeriodSeconds": 9_223_372_036_854_775_808_u64})))]
#[case::target_port(SERVICES, service(&json!({"port": 80, "targetPort": 80.0})))]
#[case::large_target_port(SERVICES, service(&json!({"port": 80, "targetPort": 4_294_967_296_u64})))]
#[case::node_port(SERVICES, service(&json!({"port": 80, "nodePort": 3e4})))]
#[case::metadata(DEPLOYMENTS, json!({"metadata": {"name": "a", "deletionGracePeriodSeconds": 1.0}}))]
#[tokio::test]
async fn a_number_that_a_built_in_integer_cannot_hold_is_refused(
    #[case] path: &str,
    #[case] object: Value,
) {
    let admin = Server::start().await.admin();
    let refusal = admin.post(path, &object).await.refused(400, "BadRequest");
    assert!(refusal.contains("must be of type int"), "{refusal}");
}

#[tokio::test]
async fn a_merge_patch_to_a_fraction_of_a_built_in_integer_is_refused() {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let patch = json!({"spec": {"replicas": 2.0}});
    let web = format!("{DEPLOYMENTS}/web");
    admin
        .patch(&web, "merge", &patch)
        .await
        .refused(422, "Invalid");
}

#[rstest]
#[case::strategic("application/strategic-merge-patch+json", "{\"spec\": {\"replicas\": 2.0}}".to_owned())]
#[case::applied_json("application/apply-patch+yaml", scaled_deployment(&json!(2.0)).to_string())]
#[case::applied_yaml("application/apply-patch+yaml", format!("# YAML\n{}", scaled_deployment(&json!(2.0))))]
#[tokio::test]
async fn a_patch_that_is_read_without_types_takes_whole_numbers(
    #[case] media_type: &str,
    #[case] body: String,
) {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let path = format!("{DEPLOYMENTS}/web?fieldManager=one&force=true");
    let path = if media_type.contains("apply") {
        &path
    } else {
        &format!("{DEPLOYMENTS}/web")
    };
    let headers = [("content-type", media_type)];
    let patched = admin.send("PATCH", path, &headers, body).await.ok();
    assert_eq!(patched["spec"]["replicas"], 2);
}

#[tokio::test]
async fn yaml_has_whole_numbers_however_they_are_written() {
    let admin = Server::start().await.admin();
    let body = format!("# YAML\n{}", scaled_deployment(&json!(3.0)));
    let headers = [("content-type", "application/yaml")];
    let made = admin.send("POST", DEPLOYMENTS, &headers, body).await.ok();
    assert_eq!(made["spec"]["replicas"], 3);
}

#[tokio::test]
async fn a_mode_with_a_leading_zero_is_octal_in_yaml() {
    let admin = Server::start().await.admin();
    let body = "metadata: {name: a}\nspec:\n  containers: [{name: a, image: a}]\n  volumes:\n  - {name: a, secret: {secretName: a, defaultMode: 0644}}\n";
    let headers = [("content-type", "application/yaml")];
    let made = admin.send("POST", PODS, &headers, body).await.ok();
    let mode = made.pointer("/spec/volumes/0/secret/defaultMode");
    assert_eq!(mode, Some(&json!(0o644)));
}

#[rstest]
#[case::integer(json!({"whole": 2.0}), json!({"whole": 2, "filled": 3}))]
#[case::exponent(json!({"whole": 1e4}), json!({"whole": 10_000, "filled": 3}))]
#[case::number(json!({"amount": 2.0, "filled": 1}), json!({"amount": 2, "filled": 1}))]
#[case::real_fraction(json!({"amount": 2.5, "filled": 1}), json!({"amount": 2.5, "filled": 1}))]
#[case::or_text(json!({"port": 80.0, "filled": 1}), json!({"port": 80, "filled": 1}))]
#[case::or_text_beyond_32_bits(json!({"port": 4_294_967_296_u64, "filled": 1}), json!({"port": 4_294_967_296_u64, "filled": 1}))]
#[case::anything(json!({"free": {"a": [2.0, {"b": 1e3}]}, "filled": 1}), json!({"free": {"a": [2, {"b": 1000}]}, "filled": 1}))]
#[tokio::test]
async fn a_whole_number_of_a_custom_resource_is_stored_as_one(
    #[case] spec: Value,
    #[case] stored: Value,
) {
    let admin = with_casks().await;
    admin.post(CASKS, &cask(&spec)).await.ok();
    let found = admin.get(&format!("{CASKS}/a")).await.ok();
    assert_eq!(found["spec"], stored);
}

#[tokio::test]
async fn a_whole_number_that_is_patched_into_a_custom_resource_is_stored_as_one() {
    let admin = with_casks().await;
    admin.post(CASKS, &cask(&json!({}))).await.ok();
    let patch = json!({"spec": {"whole": 2.0}});
    let patched = admin
        .patch(&format!("{CASKS}/a"), "merge", &patch)
        .await
        .ok();
    assert_eq!(patched["spec"]["whole"], 2);
}

#[rstest]
#[case::fraction(json!({"whole": 2.5}))]
#[case::beyond_64_bits(json!({"whole": 9_223_372_036_854_775_808_u64}))]
#[case::more_than_a_fraction_tells_apart(json!({"whole": 1e16}))]
#[case::or_text(json!({"port": 9_223_372_036_854_775_808_u64}))]
#[tokio::test]
async fn a_number_that_is_no_integer_is_none_in_a_custom_resource(#[case] spec: Value) {
    let admin = with_casks().await;
    let refusal = admin
        .post(CASKS, &cask(&spec))
        .await
        .refused(422, "Invalid");
    assert!(refusal.contains("must be of type integer"), "{refusal}");
}

fn event(time: &str) -> Value {
    json!({
        "metadata": {"name": "a"}, "involvedObject": {"namespace": "default"},
        "lastTimestamp": time,
    })
}

fn lease(time: &str) -> Value {
    json!({"metadata": {"name": "a"}, "spec": {"renewTime": time}})
}

#[rstest]
#[case::utc("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z")]
#[case::elsewhere("2026-11-23T08:00:00+02:00", "2026-11-23T06:00:00Z")]
#[case::fraction("2026-11-23T08:00:00.9999999999Z", "2026-11-23T08:00:00Z")]
#[case::last("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z")]
#[tokio::test]
async fn a_time_is_stored_in_utc_by_the_second(#[case] time: &str, #[case] stored: &str) {
    let admin = Server::start().await.admin();
    let made = admin.post(EVENTS, &event(time)).await.ok();
    assert_eq!(made["lastTimestamp"], stored);
}

#[rstest]
#[case::blank("2026-11-23 07:00:00+00:00")]
#[case::no_seconds("2026-11-23T07:00Z")]
#[case::short_offset("2026-11-23T07:00:00+0200")]
#[case::no_offset("2026-11-23T07:00:00")]
#[case::zone("2026-11-23T07:00:00Z[UTC]")]
#[case::small_t("2026-11-23t07:00:00Z")]
#[case::small_z("2026-11-23T07:00:00z")]
#[case::basic("20261123T070000Z")]
#[case::leap_second("2026-11-23T07:00:60Z")]
#[case::long_year("+002026-11-23T07:00:00Z")]
#[case::no_such_day("2026-02-30T07:00:00Z")]
#[case::far_offset("2026-11-23T07:00:00+25:00")]
#[case::empty("")]
#[tokio::test]
async fn a_time_that_go_could_not_read_is_refused(#[case] time: &str) {
    let admin = Server::start().await.admin();
    let refusal = admin.post(EVENTS, &event(time)).await;
    refusal.refused(400, "BadRequest");
}

#[rstest]
#[case::utc("2026-11-23T08:00:00.123456Z", "2026-11-23T08:00:00.123456Z")]
#[case::elsewhere("2026-11-23T08:00:00.000000+02:00", "2026-11-23T06:00:00.000000Z")]
#[tokio::test]
async fn a_time_by_the_microsecond_keeps_its_six_digits(#[case] time: &str, #[case] stored: &str) {
    let admin = Server::start().await.admin();
    let made = admin.post(LEASES, &lease(time)).await.ok();
    assert_eq!(made["spec"]["renewTime"], stored);
}

#[rstest]
#[case::none("2026-11-23T08:00:00Z")]
#[case::three("2026-11-23T08:00:00.123Z")]
#[case::seven("2026-11-23T08:00:00.1234567Z")]
#[tokio::test]
async fn a_time_by_the_microsecond_without_six_digits_is_refused(#[case] time: &str) {
    let admin = Server::start().await.admin();
    let refusal = admin.post(LEASES, &lease(time)).await;
    refusal.refused(400, "BadRequest");
}

#[rstest]
#[case(json!({"nodeInfo": 5}))]
#[case(json!({"nodeInfo": {"kubeletVersion": 5}}))]
#[case(json!({"daemonEndpoints": {"kubeletEndpoint": {"Port": "10250"}}}))]
#[case(json!({"images": ["a"]}))]
#[case(json!({"images": [{"sizeBytes": "5"}]}))]
#[case(json!({"volumesAttached": [5]}))]
#[case(json!({"config": {"error": 5}}))]
#[case(json!({"runtimeHandlers": [{"features": 5}]}))]
#[case(json!({"features": {"supplementalGroupsPolicy": "yes"}}))]
#[tokio::test]
async fn a_status_of_a_node_that_is_of_another_type_is_refused(#[case] status: Value) {
    let admin = Server::start().await.admin();
    let node = json!({"metadata": {"name": "a"}, "status": status});
    admin.post(NODES, &node).await.refused(400, "BadRequest");
}

#[tokio::test]
async fn a_node_says_what_it_runs_also_where_nobody_said_so() {
    let admin = Server::start().await.admin();
    admin
        .post(NODES, &json!({"metadata": {"name": "a"}}))
        .await
        .ok();
    let status = json!({"status": {"nodeInfo": {"osImage": "deck"}}});
    let patched = admin
        .patch(&format!("{NODES}/a/status"), "merge", &status)
        .await;
    let made = patched.ok();
    let info = &made["status"]["nodeInfo"];
    assert_eq!(
        (&info["osImage"], &info["bootID"]),
        (&json!("deck"), &json!(""))
    );
    let port = made.pointer("/status/daemonEndpoints/kubeletEndpoint/Port");
    assert_eq!(port, Some(&json!(0)));
}

#[rstest]
#[case::nodes(NODES, json!({"metadata": {"name": "a"}}), "spec.unschedulable=false")]
#[case::pods(PODS, pod(&json!({})), "spec.hostNetwork=false")]
#[case::jobs(JOBS, json!({"metadata": {"name": "a"}, "spec": {"template": pod(&json!({"restartPolicy": "Never"}))}}), "status.successful=0")]
#[tokio::test]
async fn a_field_that_is_not_there_is_chosen_by_what_it_stands_for(
    #[case] path: &str,
    #[case] object: Value,
    #[case] selector: &str,
) {
    let admin = Server::start().await.admin();
    admin.post(path, &object).await.ok();
    let chosen =
        |selector: String| format!("{path}?fieldSelector={}", selector.replace('=', "%3D"));
    let found = admin.get(&chosen(selector.to_owned())).await.ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let others = admin.get(&chosen(selector.replace('=', "!="))).await.ok();
    assert_eq!(others["items"], json!([]));
}

#[tokio::test]
async fn a_job_is_chosen_by_how_many_pods_have_succeeded() {
    let admin = Server::start().await.admin();
    let template = pod(&json!({"restartPolicy": "Never"}));
    let job = json!({"metadata": {"name": "a"}, "spec": {"template": template}});
    admin.post(JOBS, &job).await.ok();
    let status = json!({"status": {"succeeded": 1}});
    let patched = admin
        .patch(&format!("{JOBS}/a/status"), "merge", &status)
        .await;
    patched.ok();
    let found = admin
        .get(&format!("{JOBS}?fieldSelector=status.successful%3D1"))
        .await
        .ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_is_chosen_by_the_component_that_it_comes_from() {
    let admin = Server::start().await.admin();
    let mut moored = event("2026-11-23T08:00:00Z");
    moored["source"] = json!({"component": "master"});
    admin.post(EVENTS, &moored).await.ok();
    let found = admin
        .get(&format!("{EVENTS}?fieldSelector=source%3Dmaster"))
        .await
        .ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case::neither(json!({}), &["spec.inner.apiVersion: Required value", "spec.inner.kind: Required value"])]
#[case::no_kind(json!({"apiVersion": "v1"}), &["spec.inner.kind: Required value"])]
#[case::empty(json!({"apiVersion": "", "kind": ""}), &[
    "spec.inner.apiVersion: Invalid value: \"\": must not be empty",
    "spec.inner.kind: Invalid value: \"\": must not be empty",
])]
#[tokio::test]
async fn an_object_within_a_custom_resource_says_what_it_is(
    #[case] inner: Value,
    #[case] faults: &[&str],
) {
    let admin = with_casks().await;
    let refused = admin.post(CASKS, &cask(&json!({"inner": inner}))).await;
    let refusal = refused.refused(422, "Invalid");
    for fault in faults {
        assert!(refusal.contains(fault), "{refusal}");
    }
}

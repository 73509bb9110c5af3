//! What a change may not do, and rules of workloads that several members make together.

use super::*;
use rstest::rstest;
use serde_json::{Value, json};

type Check = fn(&Value, Option<&Value>) -> Vec<FieldError>;

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn merged(object: &Value, patch: &Value) -> Value {
    let mut object = object.clone();
    json_patch::merge(&mut object, patch);
    object
}

fn claim() -> Value {
    json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"}})
}

fn service() -> Value {
    json!({"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ports": [{"port": 80, "protocol": "TCP"}]}})
}

fn node() -> Value {
    json!({"spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"], "providerID": "one"}})
}

fn job() -> Value {
    json!({"spec": {"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}, "completionMode": "NonIndexed",
        "template": {"metadata": {"labels": {"a": "b", "c": "d"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "x"}]}}}})
}

fn replicated() -> Value {
    json!({"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"restartPolicy": "Always", "containers": [{"name": "a", "image": "x"}]}}}})
}

const CLAIM_STAYS: &str = "spec: Forbidden: spec is immutable after creation except resources.requests and \
    volumeAttributesClassName for bound claims";

#[rstest]
#[case::modes(claim::check_claim, claim(), json!({"spec": {"accessModes": ["ReadWriteMany"]}}), CLAIM_STAYS)]
#[case::size(claim::check_claim, claim(), json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}}), CLAIM_STAYS)]
#[case::volume_mode(claim::check_claim, claim(), json!({"spec": {"volumeMode": "Block"}}), CLAIM_STAYS)]
#[case::address(service::check_service, service(), json!({"spec": {"clusterIPs": ["10.0.0.8"]}}), "spec.clusterIPs[0]: Invalid value: [\"10.0.0.8\"]: may not change once set")]
#[case::network(node::check, node(), json!({"spec": {"podCIDRs": ["10.2.0.0/24"]}}), "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid")]
#[case::provider(node::check, node(), json!({"spec": {"providerID": "other"}}), "spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid")]
#[case::job_selector(workload::check_job, job(), json!({"spec": {"selector": {"matchLabels": {"a": null, "c": "d"}}}}), "spec.selector: Invalid value: {\"matchLabels\":{\"c\":\"d\"}}: field is immutable")]
#[case::job_mode(workload::check_job, job(), json!({"spec": {"completionMode": "Indexed"}}), "spec.completionMode: Invalid value: \"Indexed\": field is immutable")]
fn what_is_fixed_stays(
    #[case] check: Check,
    #[case] old: Value,
    #[case] patch: Value,
    #[case] expected: &str,
) {
    assert_eq!(texts(&check(&old, Some(&old))), [""; 0]);
    let found = texts(&check(&merged(&old, &patch), Some(&old)));
    assert_eq!(found.first().map(String::as_str), Some(expected));
}

#[rstest]
#[case::first_volume(claim(), json!({"spec": {"volumeName": "v"}}))]
#[case::first_class(claim(), json!({"spec": {"storageClassName": "fast"}}))]
#[case::size_of_a_bound_one(merged(&claim(), &json!({"spec": {"volumeName": "v"}, "status": {"phase": "Bound"}})), json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}}))]
fn a_claim_may_change_in_some_ways(#[case] old: Value, #[case] patch: Value) {
    let changed = merged(&old, &patch);
    assert_eq!(texts(&claim::check_claim(&changed, Some(&old))), [""; 0]);
}

#[rstest]
#[case::surge(workload::check_deployment, json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}}}), "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0")]
#[case::recreate(workload::check_deployment, json!({"strategy": {"type": "Recreate", "rollingUpdate": {}}}), "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'")]
#[case::percent(workload::check_deployment, json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "120%"}}}), "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"120%\": must not be greater than 100%")]
#[case::progress(workload::check_deployment, json!({"minReadySeconds": 10, "progressDeadlineSeconds": 10}), "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds")]
#[case::daemons_surge(workload::check_daemon_set, json!({"updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}}), "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero")]
#[case::order(workload::check_stateful_set, json!({"podManagementPolicy": "Any"}), "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'")]
#[case::selector_key(workload::check_replica_set, json!({"selector": {"matchLabels": {"a b": "c"}}}), "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist")]
#[case::selector_values(workload::check_replica_set, json!({"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}), "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
#[case::selector_of_others(workload::check_replica_set, json!({"selector": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}), "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`")]
fn a_workload_keeps_its_rules(#[case] check: Check, #[case] spec: Value, #[case] expected: &str) {
    assert_eq!(texts(&check(&replicated(), None)), [""; 0]);
    let found = texts(&check(
        &merged(&replicated(), &json!({ "spec": spec })),
        None,
    ));
    assert!(
        found.first().is_some_and(|text| text.starts_with(expected)),
        "{found:?}"
    );
}

#[rstest]
#[case::names(json!([{"name": "a", "port": 80}, {"name": "a", "port": 81}]), "spec.ports[1].name: Duplicate value: \"a\"")]
#[case::numbers(json!([{"name": "a", "port": 80, "protocol": "TCP"}, {"name": "b", "port": 80, "protocol": "TCP"}]), "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}")]
#[case::target(json!([{"port": 80, "targetPort": "a_b"}]), "spec.ports[0].targetPort: Invalid value: \"a_b\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")]
fn the_ports_of_a_service_keep_their_rules(#[case] ports: Value, #[case] expected: &str) {
    let found = merged(&service(), &json!({"spec": {"ports": ports}}));
    assert_eq!(texts(&service::check_service(&found, None)), [expected]);
}

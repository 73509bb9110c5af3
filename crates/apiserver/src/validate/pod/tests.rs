//! The rules of containers and volumes, one by one.

use super::*;
use rstest::rstest;
use serde_json::json;

fn findings(spec: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check_spec(Some(spec), "spec", &mut errors);
    errors.iter().map(ToString::to_string).collect()
}

/// What is wrong with a container of these members, without the place of the container.
fn about_container(members: &Value) -> Vec<String> {
    let mut container = json!({"name": "a", "image": "x"});
    json_patch::merge(&mut container, members);
    let volumes = json!([{"name": "v", "emptyDir": {}}]);
    let found = findings(&json!({"containers": [container], "volumes": volumes}));
    let place = "spec.containers[0].";
    let own = found.iter().map(|text| text.strip_prefix(place));
    own.map(|text| text.expect("it is about the container").to_owned())
        .collect()
}

#[rstest]
#[case::nothing_from(json!({"envFrom": [{}]}), "envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`")]
#[case::both_from(json!({"envFrom": [{"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}}]}), "envFrom: Invalid value: \"\": may not have more than one field specified at a time")]
#[case::secret_name(json!({"envFrom": [{"secretRef": {"name": "Bad Name"}}]}), "envFrom[0].secretRef.name: Invalid value: \"Bad Name\": a lowercase RFC 1123 subdomain")]
#[case::secret_unnamed(json!({"envFrom": [{"secretRef": {}}]}), "envFrom[0].secretRef.name: Required value")]
#[case::prefix(json!({"envFrom": [{"prefix": "a=", "secretRef": {"name": "a"}}]}), "envFrom[0].prefix: Invalid value: \"a=\": a valid environment variable name")]
#[case::value_and_from(json!({"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}), "env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty")]
#[case::two_keys(json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}, "configMapKeyRef": {"name": "a", "key": "b"}}}]}), "env[0].valueFrom: Invalid value: \"\": may not have more than one field")]
#[case::from_nothing(json!({"env": [{"name": "A", "valueFrom": {}}]}), "env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`")]
#[case::key(json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "a b"}}}]}), "env[0].valueFrom.secretKeyRef.key: Invalid value: \"a b\": a valid config key")]
#[case::no_key(json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}}]}), "env[0].valueFrom.secretKeyRef.key: Required value")]
#[case::name_of_key(json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "A_", "key": "a"}}}]}), "env[0].valueFrom.configMapKeyRef.name: Invalid value: \"A_\"")]
#[case::field(json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]}), "env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": error converting fieldPath: field label not supported: spec.x")]
#[case::field_of_files(json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}}]}), "env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\"")]
#[case::field_version(json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v2", "fieldPath": "metadata.name"}}}]}), "env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name\": error converting fieldPath: unsupported pod version: v2")]
#[case::resource(json!({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "cpu"}}}]}), "env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"cpu\"")]
#[case::variable(json!({"env": [{"name": "A=B"}]}), "env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='")]
#[case::no_variable(json!({"env": [{"value": "b"}]}), "env[0].name: Required value")]
#[case::nowhere(json!({"volumeMounts": [{"name": "v", "mountPath": ""}]}), "volumeMounts[0].mountPath: Required value")]
#[case::mounted_twice(json!({"volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"}]}), "volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique")]
#[case::mounted_outside(json!({"volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "../b"}]}), "volumeMounts.subPath: Invalid value: \"../b\": must not contain '..'")]
#[case::mount_of_nothing(json!({"volumeMounts": [{"name": "w", "mountPath": "/a"}]}), "volumeMounts[0].name: Not found: \"w\"")]
#[case::two_handlers(json!({"livenessProbe": {"httpGet": {"port": 80}, "exec": {"command": ["x"]}}}), "livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type")]
#[case::no_handler(json!({"startupProbe": {}}), "startupProbe: Required value: must specify a handler type")]
#[case::handler_of_hook(json!({"lifecycle": {"preStop": {}}}), "lifecycle.preStop: Required value: must specify a handler type")]
#[case::threshold(json!({"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}), "livenessProbe.successThreshold: Invalid value: 2: must be 1")]
#[case::readiness_grace(json!({"readinessProbe": {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 2}}), "readinessProbe.terminationGracePeriodSeconds: Invalid value: 2: must not be set for readinessProbes")]
#[case::port_name(json!({"ports": [{"name": "a--b", "containerPort": 80}]}), "ports[0].name: Invalid value: \"a--b\": must not contain consecutive hyphens")]
#[case::port_names(json!({"ports": [{"name": "a", "containerPort": 80}, {"name": "a", "containerPort": 81}]}), "ports[1].name: Duplicate value: \"a\"")]
#[case::no_port(json!({"ports": [{"containerPort": 0}]}), "ports[0].containerPort: Required value")]
#[case::host_port(json!({"ports": [{"containerPort": 80, "hostPort": 70000}]}), "ports[0].hostPort: Invalid value: 70000: must be between 1 and 65535, inclusive")]
fn a_container_keeps_its_rules(#[case] members: Value, #[case] expected: &str) {
    let found = about_container(&members);
    assert!(
        matches!(found.as_slice(), [one] if one.starts_with(expected)),
        "{found:?}"
    );
}

#[test]
fn what_a_connection_gives_to_a_container_is_good() {
    let found = about_container(&json!({
        "env": [
            {"name": "aws.key", "valueFrom": {"secretKeyRef": {"name": "sea", "key": "AWS_ACCESS_KEY_ID", "optional": true}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app.kubernetes.io/name']"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.hugepages-2Mi"}}},
            {"name": "EMPTY", "value": ""},
        ],
        "envFrom": [{"prefix": "1-", "secretRef": {"name": "sea"}}, {"configMapRef": {"name": "sea.v1"}}],
        "volumeMounts": [{"name": "v", "mountPath": "/a:b", "subPath": "a..b/c"}],
        "livenessProbe": {"httpGet": {"port": "http"}, "successThreshold": 0},
        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
    }));
    assert_eq!(found, [""; 0]);
}

#[rstest]
#[case::two_sources(json!({"secret": {"secretName": "a"}, "emptyDir": {}}), "secret: Forbidden: may not specify more than 1 volume type")]
#[case::secret(json!({"secret": {}}), "secret.secretName: Required value")]
#[case::mode(json!({"secret": {"secretName": "a", "defaultMode": 512}}), "secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive")]
#[case::item_path(json!({"secret": {"secretName": "a", "items": [{"key": "k", "path": "/x"}]}}), "secret.items[0].path: Invalid value: \"/x\": must be a relative path")]
#[case::item_hidden(json!({"secret": {"secretName": "a", "items": [{"key": "k", "path": "..x"}]}}), "secret.items[0].path: Invalid value: \"..x\": must not start with '..'")]
#[case::item_key(json!({"configMap": {"name": "a", "items": [{"path": "x"}]}}), "configMap.items[0].key: Required value")]
#[case::claim(json!({"persistentVolumeClaim": {}}), "persistentVolumeClaim.claimName: Required value")]
#[case::host(json!({"hostPath": {"path": "/a/../b"}}), "hostPath.path: Invalid value: \"/a/../b\": must not contain '..'")]
#[case::two_in_one(json!({"projected": {"sources": [{"secret": {"name": "a"}, "configMap": {"name": "a"}}]}}), "projected.sources[0]: Forbidden: may not specify more than 1 volume type per source")]
#[case::same_file(json!({"projected": {"sources": [{"secret": {"name": "a", "items": [{"key": "k", "path": "x"}]}}, {"secret": {"name": "b", "items": [{"key": "k", "path": "x"}]}}]}}), "projected: Invalid value: \"b\": conflicting duplicate paths")]
#[case::short_token(json!({"projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 5}}]}}), "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes")]
#[case::two_fields(json!({"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.name"}, "resourceFieldRef": {"resource": "limits.cpu"}}]}}), "downwardAPI: Invalid value: \"resource\": fieldRef and resourceFieldRef can not be specified simultaneously")]
fn a_volume_keeps_its_rules(#[case] source: Value, #[case] expected: &str) {
    let mut volume = json!({"name": "v"});
    json_patch::merge(&mut volume, &source);
    let spec = json!({"containers": [{"name": "a", "image": "x"}], "volumes": [volume]});
    assert_eq!(findings(&spec), [format!("spec.volumes[0].{expected}")]);
}

#[rstest]
#[case::account(json!({"serviceAccountName": "Bad Name"}), "spec.serviceAccountName: Invalid value: \"Bad Name\"")]
#[case::host(json!({"hostname": "A_B"}), "spec.hostname: Invalid value: \"A_B\"")]
#[case::node_labels(json!({"nodeSelector": {"a b": "c"}}), "spec.nodeSelector: Invalid value: \"a b\"")]
#[case::deadline(json!({"activeDeadlineSeconds": 0}), "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive")]
#[case::asked_before(json!({"initContainers": [{"name": "b", "image": "x", "livenessProbe": {"exec": {"command": ["x"]}}}]}), "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always")]
#[case::same_name(json!({"initContainers": [{"name": "a", "image": "x"}]}), "spec.containers[0].name: Duplicate value: \"a\"")]
fn a_pod_keeps_its_rules(#[case] members: Value, #[case] expected: &str) {
    let mut spec = json!({"containers": [{"name": "a", "image": "x"}]});
    json_patch::merge(&mut spec, &members);
    let found = findings(&spec);
    assert!(
        matches!(found.as_slice(), [one] if one.starts_with(expected)),
        "{found:?}"
    );
}

//! Kyverno's policies, in deployKF's form: copying Secrets, restarting what uses them, and giving
//! keys to pods of v2 runs.
//!
//! The form of policies is <https://kyverno.io/docs/policy-types/cluster-policy/>; names and rules
//! are deployKF's, so that one can be put in the place of the other.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::Pair;
use super::env;
use super::object::{annotated, cluster_object, with};
use crate::model::SecretRef;

/// The annotations that keep Argo CD away from copies.
pub(super) const CLONE_ANNOTATIONS: [(&str, &str); 2] = [
    ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
    ("argocd.argoproj.io/sync-options", "Prune=false"),
];

/// The name of a profile's policy: with a part of the name's hash, since long names are cut.
pub(super) fn profile_policy(start: &str, profile: &str) -> String {
    let hash = digest(&SHA256, profile.as_bytes());
    let hash: String = hash.as_ref()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name: String = format!("{start}-{hash}-{profile}")
        .chars()
        .take(63)
        .collect();
    name.strip_suffix('-').unwrap_or(&name).to_owned()
}

/// The SHA-256 of a text, as deployKF names accounts by it.
pub(super) fn sha256(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A policy that copies a Secret into a namespace and keeps the copy in step.
pub(super) fn clone_policy(policy: &str, source: &SecretRef, namespace: &str, name: &str) -> Value {
    let rules = json!([
        {
            "name": "clone-secret",
            "match": any(&json!({"kinds": ["Namespace"], "names": [namespace]})),
            "generate": {
                "apiVersion": "v1",
                "kind": "Secret",
                "name": name,
                "namespace": "{{ request.object.metadata.name }}",
                "synchronize": true,
                "clone": {"namespace": source.namespace, "name": source.name},
            },
        },
        {
            "name": "annotate-cloned-secret",
            "match": any(&json!({
                "kinds": ["Secret"],
                "names": [name],
                "namespaces": [namespace],
                "operations": ["CREATE", "UPDATE"],
                "selector": {"matchLabels": {"generate.kyverno.io/policy-name": policy}},
            })),
            "mutate": {"patchStrategicMerge": {"metadata": {
                "annotations": CLONE_ANNOTATIONS
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), Value::from(value)))
                    .collect::<serde_json::Map<_, _>>(),
            }}},
        },
        {
            "name": "trigger-deployment-restarts",
            "match": any(&json!({
                "kinds": ["Secret"],
                "names": [source.name],
                "namespaces": [source.namespace],
                "operations": ["CREATE", "UPDATE"],
            })),
            "preconditions": {"all": [{
                "key": "{{ request.operation || 'BACKGROUND' }}",
                "operator": "AnyIn",
                "value": ["CREATE", "UPDATE"],
            }]},
            "mutate": restart(namespace, &json!({"secretKeyRef": {"<(name)": name}})),
        },
    ]);
    let object = cluster_object("kyverno.io/v1", "ClusterPolicy", policy);
    let object = annotated(
        object,
        [
            // Policies that generate cannot be changed in place.
            ("argocd.argoproj.io/sync-options", "Replace=true"),
            ("argocd.argoproj.io/sync-wave", "-1"),
        ],
    );
    with(
        object,
        "spec",
        json!({"generateExisting": true, "rules": rules}),
    )
}

/// A policy that restarts what reads the store's ConfigMap when that changes.
pub(super) fn restart_on_config_change(namespace: &str) -> Value {
    let name = "kubeflow-pipelines--restart-on-pipeline-configmap-update";
    let changed = json!({
        "kinds": ["ConfigMap"],
        "names": [env::INSTALL_CONFIG],
        "namespaces": [namespace],
        "operations": ["CREATE", "UPDATE"],
    });
    let source = json!({"configMapKeyRef": {"<(name)": "{{ request.object.metadata.name }}"}});
    let rule = json!({
        "name": "trigger-deployment-restarts",
        "match": any(&changed),
        "mutate": restart("{{ request.object.metadata.namespace }}", &source),
    });
    let object = cluster_object("kyverno.io/v1", "ClusterPolicy", name);
    with(object, "spec", json!({"rules": [rule]}))
}

/// A policy that gives keys to every container of a profile's v2 runs.
pub(super) fn v2_pods(profile: &str, keys: Option<&Pair>, v1_launcher: &str) -> Value {
    let policy = profile_policy("patch-kfp-v2-pods", profile);
    let mut variables = vec![
        env::value(
            "ML_PIPELINE_SERVICE_HOST",
            "ml-pipeline.kubeflow.svc.cluster.local",
        ),
        env::value("ML_PIPELINE_SERVICE_PORT_GRPC", "8887"),
    ];
    variables.extend(env::pair(
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        keys,
    ));
    let labels = json!({
        "pipelines.kubeflow.org/v2_component": "true",
        "workflows.argoproj.io/workflow": "*",
    });
    let mut rules = vec![json!({
        "name": "patch-v2-container-env",
        "match": any(&pods(json!({"namespaces": [profile]}), &labels)),
        "mutate": every_container(&variables),
    })];
    if !v1_launcher.is_empty() {
        let mut labels = labels.clone();
        labels["pipelines.kubeflow.org/kfp_sdk_version"] = Value::from("1.*");
        rules.push(json!({
            "name": "patch-v2-compatible-launcher-image",
            "match": any(&pods(json!({"namespaces": [profile]}), &labels)),
            "mutate": launcher_image(v1_launcher),
        }));
    }
    let object = cluster_object("kyverno.io/v1", "ClusterPolicy", &policy);
    with(object, "spec", json!({"background": false, "rules": rules}))
}

/// deployKF's one policy for v2 runs up to v0.1.4; `None` when nothing asks for it.
pub(super) fn old_v2_pods(minio_namespace: &str, fix: bool, launcher: &str) -> Option<Value> {
    let labels = json!({
        "pipelines.kubeflow.org/v2_component": "true",
        "workflows.argoproj.io/workflow": "*",
    });
    let everywhere = json!({"namespaceSelector": {"matchLabels": {
        "pipelines.kubeflow.org/enabled": "true",
    }}});
    let mut rules = Vec::new();
    if fix {
        let host = format!("deploykf-minio-api.{minio_namespace}.svc.cluster.local");
        rules.push(json!({
            "name": "apply-minio-fix",
            "match": any(&pods(everywhere.clone(), &labels)),
            "mutate": every_container(&[
                env::value("MINIO_SERVICE_SERVICE_HOST", &host),
                env::value("MINIO_SERVICE_SERVICE_PORT", "9000"),
                env::value("ML_PIPELINE_SERVICE_HOST", "ml-pipeline.kubeflow.svc.cluster.local"),
                env::value("ML_PIPELINE_SERVICE_PORT_GRPC", "8887"),
            ]),
        }));
    }
    if !launcher.is_empty() {
        rules.push(json!({
            "name": "override-launcher-image",
            "match": any(&pods(everywhere, &labels)),
            "mutate": launcher_image(launcher),
        }));
    }
    let name = "kubeflow-pipelines--patch-v2-workflow-pods";
    let object = cluster_object("kyverno.io/v1", "ClusterPolicy", name);
    let spec = json!({"background": true, "rules": rules});
    (!rules.is_empty()).then(|| with(object, "spec", spec))
}

fn any(resources: &Value) -> Value {
    json!({"any": [{"resources": resources}]})
}

/// Pods at their creation, by labels and whatever else tells where.
fn pods(mut resources: Value, labels: &Value) -> Value {
    resources["kinds"] = json!(["Pod"]);
    resources["selector"] = json!({"matchLabels": labels});
    resources["operations"] = json!(["CREATE"]);
    resources
}

fn every_container(variables: &[Value]) -> Value {
    let containers = json!([{"(name)": "*", "env": variables}]);
    json!({"patchStrategicMerge": {"spec": {
        "initContainers": containers,
        "containers": containers,
    }}})
}

fn launcher_image(image: &str) -> Value {
    json!({"patchStrategicMerge": {"spec": {
        "initContainers": [{"(name)": "kfp-launcher", "image": image}],
    }}})
}

/// Changes an annotation of every Deployment that has a variable from a source.
fn restart(namespace: &str, source: &Value) -> Value {
    json!({
        "targets": [{"apiVersion": "apps/v1", "kind": "Deployment", "namespace": namespace}],
        "patchStrategicMerge": {"spec": {"template": {
            "metadata": {"annotations": {
                "deploykf.org/restart-trigger": "{{ random('[0-9a-z]{32}') }}",
            }},
            "spec": {"containers": [{"env": [{"valueFrom": source}]}]},
        }}},
    })
}

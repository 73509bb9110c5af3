//! The objects of a profile that both layouts have.

use serde_json::{Value, json};

use super::object::{annotated, cluster_object, config_map, object, with};
use crate::model::Profile;

/// The key of the profile's repository in its ConfigMap.
const REPOSITORY: &str = "default-v1";

/// Argo's repository for runs in the profile.
pub(super) fn artifact_repositories(namespace: &str, repository: &str) -> Value {
    let map = config_map(
        namespace,
        "artifact-repositories",
        json!({REPOSITORY: repository}),
    );
    let annotation = "workflows.argoproj.io/default-artifact-repository";
    annotated(map, [(annotation, REPOSITORY)])
}

/// The profile itself, as far as its plugins are concerned.
pub(super) fn profile(prefix: &str, profile: &Profile) -> Value {
    let name = format!("{prefix}{}", profile.name);
    let mut spec = json!({});
    if let Some(owner) = &profile.owner {
        spec["owner"] = json!({"kind": "User", "name": owner});
    }
    if !profile.plugins.is_empty() {
        spec["plugins"] = Value::from(profile.plugins.clone());
    }
    with(
        cluster_object("kubeflow.org/v1", "Profile", &name),
        "spec",
        spec,
    )
}

/// Where runs find the metadata service.
pub(super) fn metadata_config(namespace: &str) -> Value {
    let data = json!({
        "METADATA_GRPC_SERVICE_HOST": "metadata-grpc-service.kubeflow",
        "METADATA_GRPC_SERVICE_PORT": "8080",
    });
    config_map(namespace, "metadata-grpc-configmap", data)
}

/// The PodDefault that gives notebooks a token for the API server.
pub(super) fn api_token_pod_default(namespace: &str) -> Value {
    let folder = "/var/run/secrets/ml-pipeline";
    let name = "kubeflow-pipelines-api-token";
    let volume = "volume-ml-pipeline-token";
    let token = json!({"serviceAccountToken": {
        "audience": "pipelines.kubeflow.org",
        "expirationSeconds": 7200,
        "path": "token",
    }});
    let spec = json!({
        "desc": "Mount a token for the API of Kubeflow Pipelines",
        "env": [{"name": "KF_PIPELINES_SA_TOKEN_PATH", "value": format!("{folder}/token")}],
        "selector": {"matchLabels": {name: "true"}},
        "volumeMounts": [{"mountPath": folder, "name": volume, "readOnly": true}],
        "volumes": [{"name": volume, "projected": {"sources": [token]}}],
    });
    with(
        object("kubeflow.org/v1alpha1", "PodDefault", namespace, name),
        "spec",
        spec,
    )
}

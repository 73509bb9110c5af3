//! Workloads that name a connection, as a person would write them.

use serde_json::{Value, json};

use super::dialect::NAME;
use super::objects::NAMESPACE;

/// Name of every workload here.
pub(crate) const WORKLOAD: &str = "tide";

fn metadata(annotations: &Value) -> Value {
    json!({"name": WORKLOAD, "namespace": NAMESPACE, "annotations": annotations})
}

fn reference(path: &str) -> Value {
    json!({"opendatahub.io/connections": NAME, "opendatahub.io/connection-path": path})
}

pub(crate) fn inference_service(path: &str) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": metadata(&reference(path)),
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    })
}

/// As on Alauda AI, where an annotation of its own names the connection.
pub(crate) fn alauda_inference_service(path: &str) -> Value {
    let mut object = inference_service(path);
    object["metadata"] = metadata(&json!({
        "aml-model-source-connection": NAME, "opendatahub.io/connection-path": path,
    }));
    object
}

pub(crate) fn llm_inference_service(path: &str) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService",
        "metadata": metadata(&reference(path)),
        "spec": {"model": {"name": "tide/forecast"}, "replicas": 1},
    })
}

/// The path is a variable of the person's own.
pub(crate) fn notebook(path: &str) -> Value {
    let connections = format!("{NAMESPACE}/{NAME}");
    let container = json!({
        "name": WORKLOAD, "image": "notebook", "env": [{"name": "MODEL_PATH", "value": path}],
    });
    json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": metadata(&json!({"opendatahub.io/connections": connections})),
        "spec": {"template": {"spec": {"containers": [container]}}},
    })
}

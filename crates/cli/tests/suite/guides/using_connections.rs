//! OpenShift AI's chapter "Using connections", one module per kind of connection or rule. Its
//! connections carry the protocol annotation. What is done by clicking there is left out.

mod life_cycle;
mod namespace_isolation;
mod oci;
mod references;
mod s3;
mod uri;
mod validation_scope;

use serde_json::{Value, json};

const S3: &str = include_str!("manifests/s3-protocol.yaml");
const URI: &str = include_str!("manifests/uri-protocol.yaml");

/// The chapter's InferenceService: a reference, perhaps a path, and a model format.
fn inference_service(connection: &str, path: Option<&str>) -> String {
    let service = json!({
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "tide-forecast",
            "namespace": "$PROJECT",
            "annotations": annotations(connection, path),
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "pytorch"}}}},
    });
    service.to_string()
}

/// The chapter's LLMInferenceService, whose `model` section has comments in it and nothing else.
fn llm_inference_service(connection: &str, path: Option<&str>) -> String {
    let service = json!({
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "LLMInferenceService",
        "metadata": {
            "name": "harbour-pilot",
            "namespace": "$PROJECT",
            "annotations": annotations(connection, path),
        },
        "spec": {"model": null},
    });
    service.to_string()
}

fn annotations(connection: &str, path: Option<&str>) -> Value {
    let mut annotations = json!({"opendatahub.io/connections": connection});
    if let Some(path) = path {
        annotations["opendatahub.io/connection-path"] = path.into();
    }
    annotations
}

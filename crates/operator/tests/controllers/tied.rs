//! A connection and a workload that names it, as tests of their status begin.

use serde_json::{Value, json};

/// The connection `models`, which is a URI.
pub(crate) fn secret(uri: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "models", "namespace": "team-a",
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
        },
        "stringData": {"URI": uri},
    })
}

/// A Notebook that names it.
pub(crate) fn notebook(name: &str) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {
            "name": name, "namespace": "team-a",
            "annotations": {"opendatahub.io/connections": "team-a/models"},
        },
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": "example"}]}}},
    })
}

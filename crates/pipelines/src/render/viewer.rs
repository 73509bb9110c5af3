//! The pod template of TensorBoard viewers.

use serde_json::{Value, json};

use super::Pair;
use super::env;
use crate::model::Store;

/// The ConfigMap that holds it.
pub(super) const CONFIG_MAP: &str = "ml-pipeline-ui-configmap";

/// The template as JSON text. Before v0.1.5, deployKF named the endpoint by another variable and
/// without its scheme.
pub(super) fn template(store: &Store, keys: Option<&Pair>, is_old: bool) -> String {
    let endpoint = match is_old {
        true => env::value("AWS_S3_ENDPOINT", &store.endpoint.authority()),
        false => env::value("S3_ENDPOINT", &store.endpoint.url()),
    };
    let mut variables = vec![env::value("AWS_REGION", &store.region), endpoint];
    variables.extend(env::pair(
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        keys,
    ));
    let template = json!({"spec": {
        "serviceAccountName": "default-editor",
        "containers": [{"env": variables}],
    }});
    format!("{template:#}")
}

/// The ConfigMap's data.
pub(super) fn data(store: &Store, keys: Option<&Pair>, is_old: bool) -> Value {
    json!({"viewer-pod-template.json": template(store, keys, is_old)})
}

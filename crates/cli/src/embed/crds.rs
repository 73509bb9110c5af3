//! The workload kinds that the embedded API knows from the start. In a cluster they come from the
//! operators that own them.

use bowline_core::manifest;
use serde_json::Value;

const MANIFESTS: [&str; 6] = [
    include_str!("../../crds/notebooks.kubeflow.org.yaml"),
    include_str!("../../crds/inferenceservices.serving.kserve.io.yaml"),
    include_str!("../../crds/llminferenceservices.serving.kserve.io.yaml"),
    include_str!("../../crds/servingruntimes.serving.kserve.io.yaml"),
    include_str!("../../crds/rayclusters.ray.io.yaml"),
    include_str!("../../crds/rayjobs.ray.io.yaml"),
];

/// The CustomResourceDefinitions of the workload kinds.
pub(crate) fn workload_kinds() -> Vec<Value> {
    let parse = |text: &str| manifest::parse(text.as_bytes()).expect("embedded manifests parse");
    MANIFESTS.iter().flat_map(|text| parse(text)).collect()
}

//! Where pod specifications and single containers sit in each kind of object; core says it for the
//! kinds that it ties variables into. What they use is left to `pod`.

use bowline_core::WorkloadKind;
use serde_json::Value;

use super::path::FieldPath;
use crate::kinds::Shape;

/// Parts of an InferenceService, each a pod specification with the model server's container, and
/// KServe's own fields, beside its fields.
const COMPONENTS: [&[&str]; 4] = [
    &["spec", "predictor"],
    &["spec", "transformer"],
    &["spec", "explainer"],
    &["spec", "canary", "*", "predictor"],
];
const WORKERS: [&[&str]; 2] = [
    &["spec", "predictor", "workerSpec"],
    &["spec", "canary", "*", "predictor", "workerSpec"],
];
const LLM: [&[&str]; 6] = [
    &["spec", "template"],
    &["spec", "worker"],
    &["spec", "prefill", "template"],
    &["spec", "prefill", "worker"],
    &["spec", "router", "scheduler", "template"],
    &["spec", "router", "scheduler", "tokenizer", "template"],
];
const REPLICA_SET: [&[&str]; 1] = [&["spec", "template", "spec"]];

/// The pod specifications of an object.
pub(super) fn pods(shape: Shape, object: &Value) -> Vec<FieldPath> {
    let expand = |patterns: &[&[&str]]| -> Vec<FieldPath> {
        let each = |pattern: &&[&str]| FieldPath::expand(pattern, object);
        patterns.iter().flat_map(each).collect()
    };
    match shape {
        Shape::Workload(WorkloadKind::InferenceService) => {
            expand(&[&COMPONENTS[..], &WORKERS].concat())
        }
        Shape::Workload(WorkloadKind::LlmInferenceService) => expand(&LLM),
        Shape::Workload(kind) => {
            let specs: Vec<_> = kind.pods().iter().map(|place| place.spec).collect();
            expand(&specs)
        }
        Shape::ReplicaSet => expand(&REPLICA_SET),
        Shape::Template(paths) => expand(paths),
        Shape::PodDefault => expand(&[&["spec"]]),
        Shape::Account
        | Shape::StorageConfig
        | Shape::Pipelines
        | Shape::Launcher
        | Shape::Store => Vec::new(),
    }
}

/// The metadata of pod templates, which may name connections themselves.
pub(super) fn template_metadata(shape: Shape, object: &Value) -> Vec<FieldPath> {
    let Shape::Workload(kind) = shape else {
        return Vec::new();
    };
    let patterns = kind.pods().iter().filter_map(|place| place.metadata);
    patterns
        .flat_map(|pattern| FieldPath::expand(pattern, object))
        .collect()
}

/// The model servers of an InferenceService: whatever object stands beside a component's fields,
/// since every runtime may have one of its own name.
pub(super) fn servers(shape: Shape, object: &Value) -> Vec<FieldPath> {
    if shape != Shape::Workload(WorkloadKind::InferenceService) {
        return Vec::new();
    }
    let components = COMPONENTS
        .iter()
        .flat_map(|pattern| FieldPath::expand(pattern, object));
    let members = |component: FieldPath| {
        let members = component.get(object).and_then(Value::as_object);
        let objects = members.into_iter().flatten();
        let objects = objects.filter(|(key, value)| value.is_object() && *key != "workerSpec");
        let paths: Vec<_> = objects.map(|(key, _)| component.key(key)).collect();
        paths
    };
    components.flat_map(members).collect()
}

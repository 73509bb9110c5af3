//! Objects as a Kustomization over the manifests of an installation: patches for what these have already,
//! generators for other ConfigMaps and Secrets, and all else in a file of its own, since a Kustomization
//! holds no objects.
//!
//! Format: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::env::INSTALL_CONFIG;
use super::object::yaml;
use super::viewer;

/// The file beside the Kustomization.
pub const KUSTOMIZE_OBJECTS: &str = "objects.yaml";

/// The ConfigMaps that an installation has, and that only get more keys.
const MERGED: [&str; 4] = [
    INSTALL_CONFIG,
    viewer::CONFIG_MAP,
    "workflow-controller-configmap",
    "argo-config",
];
/// The account of a profile's pods, which no manifest has: the profile's controller makes it.
const OF_PROFILES: &str = "default-editor";

/// A Kustomization, and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kustomization {
    /// What is in `kustomization.yaml`.
    pub file: Value,
    /// What is in [`KUSTOMIZE_OBJECTS`]; it is not named where this is nothing.
    pub objects: Vec<Value>,
}

/// The Kustomization over a `base`: a folder, file or address, as `resources` has it.
pub fn kustomization(objects: &[Value], base: &str) -> Kustomization {
    let (mut maps, mut secrets, mut patches) = (Vec::new(), Vec::new(), Vec::new());
    let mut own = Vec::new();
    for object in objects {
        let generated = match object["kind"].as_str().unwrap_or_default() {
            "ConfigMap" => config_map(object).map(|map| maps.push(map)),
            "Secret" => secret(object).map(|secret| secrets.push(secret)),
            _ if is_a_part(object) => {
                patches.push(patch(object));
                Some(())
            }
            _ => None,
        };
        if generated.is_none() {
            own.push(object.clone());
        }
    }
    let mut resources = vec![base];
    resources.extend((!own.is_empty()).then_some(KUSTOMIZE_OBJECTS));
    let mut file = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    for (field, entries) in [
        ("configMapGenerator", maps),
        ("secretGenerator", secrets),
        ("patches", patches),
    ] {
        if !entries.is_empty() {
            file[field] = Value::from(entries);
        }
    }
    Kustomization { file, objects: own }
}

impl Kustomization {
    /// The text of `kustomization.yaml`, which begins by saying what it needs.
    pub fn text(&self) -> String {
        let beside = match self.objects.is_empty() {
            true => String::new(),
            false => format!("# `{KUSTOMIZE_OBJECTS}` stands beside it and holds what is new.\n"),
        };
        format!(
            "# Laid over manifests of Kubeflow Pipelines, which must be the first of `resources`: it merges into\n\
             # their ConfigMaps, and patches of their Deployments and accounts.\n{beside}{}",
            yaml(&self.file)
        )
    }
}

/// Whether only a part of something that the manifests have is ours to set.
fn is_a_part(object: &Value) -> bool {
    match object["kind"].as_str().unwrap_or_default() {
        "ServiceAccount" => object["metadata"]["name"] != OF_PROFILES,
        "DataSciencePipelinesApplication" => true,
        "Deployment" => object.pointer("/spec/selector").is_none(),
        _ => false,
    }
}

fn config_map(object: &Value) -> Option<Value> {
    let data = object.get("data")?.as_object()?;
    let literals = data
        .iter()
        .map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect::<Option<Vec<_>>>()?;
    let mut generator = generator(object, &literals);
    let name = object.pointer("/metadata/name")?.as_str()?;
    if MERGED.contains(&name) {
        generator["behavior"] = Value::from("merge");
    }
    Some(generator)
}

/// A Secret whose values are texts; others cannot be literals.
fn secret(object: &Value) -> Option<Value> {
    let data = object.get("data")?.as_object()?;
    let literal = |(key, value): (&String, &Value)| {
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some(format!("{key}={}", String::from_utf8(bytes).ok()?))
    };
    let literals = data.iter().map(literal).collect::<Option<Vec<_>>>()?;
    let mut generator = generator(object, &literals);
    generator["type"] = object.get("type")?.clone();
    Some(generator)
}

fn generator(object: &Value, literals: &[String]) -> Value {
    let mut options = json!({"disableNameSuffixHash": true});
    for field in ["labels", "annotations"] {
        if let Some(notes) = object["metadata"].get(field) {
            options[field] = notes.clone();
        }
    }
    json!({
        "name": object["metadata"]["name"],
        "namespace": object["metadata"]["namespace"],
        "literals": literals,
        "options": options,
    })
}

/// A patch that is passed over where its target does not exist.
fn patch(object: &Value) -> Value {
    let mut target = json!({"kind": object["kind"], "name": object["metadata"]["name"]});
    if let Some(namespace) = object["metadata"].get("namespace") {
        target["namespace"] = namespace.clone();
    }
    json!({"target": target, "patch": yaml(object)})
}

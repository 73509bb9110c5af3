//! Objects as one Kustomization: generators for ConfigMaps and Secrets, patches for what an
//! installation has already.
//!
//! Format: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::env::INSTALL_CONFIG;
use super::object::yaml;
use super::viewer;

/// The ConfigMaps that an installation has, and that only get more keys.
const MERGED: [&str; 4] = [
    INSTALL_CONFIG,
    viewer::CONFIG_MAP,
    "workflow-controller-configmap",
    "argo-config",
];

/// The Kustomization, and the objects that it cannot hold, as `Kind namespace/name`: they need
/// files of their own.
pub fn kustomization(objects: &[Value]) -> (Value, Vec<String>) {
    let (mut maps, mut secrets, mut patches) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = Vec::new();
    for object in objects {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or("");
        let generated = match text("/kind") {
            "ConfigMap" => config_map(object).map(|map| maps.push(map)),
            "Secret" => secret(object).map(|secret| secrets.push(secret)),
            "ServiceAccount" | "Profile" | "DataSciencePipelinesApplication" => {
                patches.push(patch(object));
                Some(())
            }
            "Deployment" if object.pointer("/spec/selector").is_none() => {
                patches.push(patch(object));
                Some(())
            }
            _ => None,
        };
        if generated.is_none() {
            let name = [text("/metadata/namespace"), text("/metadata/name")];
            let name = name.join("/");
            left.push(format!(
                "{} {}",
                text("/kind"),
                name.trim_start_matches('/')
            ));
        }
    }
    let mut kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
    });
    for (field, entries) in [
        ("configMapGenerator", maps),
        ("secretGenerator", secrets),
        ("patches", patches),
    ] {
        if !entries.is_empty() {
            kustomization[field] = Value::from(entries);
        }
    }
    (kustomization, left)
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

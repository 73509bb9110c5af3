//! What the controllers of the serving kinds take from an object: the source, and in which of two
//! ways the login is found.

use bowline_core::WorkloadKind;
use serde_json::Value;

use super::{Container, KServe, Namespace, Stop, by_account, by_key, trust};

/// Annotation by which a workload names the Secret to use instead of `storage-config` or of those
/// that its account links.
const SECRET: &str = "serving.kserve.io/storageSecretName";

/// The container that fetches the model of an InferenceService or LLMInferenceService; `None` when
/// KServe makes none: nothing says where the model is, or the model needs no fetching.
///
/// # Errors
/// When the pod would not come to run.
pub fn serving(
    object: &Value,
    namespace: &Namespace,
    kserve: KServe,
) -> Result<Option<Container>, Stop> {
    match WorkloadKind::of_object(object) {
        Some(WorkloadKind::InferenceService) => inference_service(object, namespace, kserve),
        Some(WorkloadKind::LlmInferenceService) => llm_inference_service(object, namespace, kserve),
        _ => Ok(None),
    }
}

fn inference_service(
    object: &Value,
    namespace: &Namespace,
    kserve: KServe,
) -> Result<Option<Container>, Stop> {
    let predictor = &object["spec"]["predictor"];
    let model = &predictor["model"];
    let storage = model["storage"].as_object();
    let path = storage.and_then(|storage| storage.get("path")?.as_str());
    let source = match (model["storageUri"].as_str(), path) {
        (Some(_), Some(_)) => return Err(Stop::TwoLocations),
        (Some(location), None) => location.to_owned(),
        // The type and the bucket are not known yet.
        (None, Some(path)) => format!("{}{}", by_key::PLACEHOLDER, path.trim_start_matches('/')),
        (None, None) => return Ok(None),
    };
    if is_mounted(&source) {
        return Ok(None);
    }
    let account = account(&predictor["serviceAccountName"]);
    pod_account(namespace, account)?;
    let mut container = Container {
        source,
        ..Container::default()
    };
    match storage {
        // With an entry, the account's Secrets are not looked at.
        Some(storage) => by_key::login(&mut container, storage, secret(object), namespace)?,
        None => by_account::login(&mut container, account, secret(object), namespace, kserve)?,
    }
    trust::mount(&mut container, namespace)?;
    Ok(Some(container))
}

fn llm_inference_service(
    object: &Value,
    namespace: &Namespace,
    kserve: KServe,
) -> Result<Option<Container>, Stop> {
    let Some(location) = object["spec"]["model"]["uri"].as_str() else {
        return Ok(None);
    };
    if is_mounted(location) {
        return Ok(None);
    }
    if !["s3://", "hf://"]
        .iter()
        .any(|scheme| location.starts_with(scheme))
    {
        return Err(Stop::Scheme(location.to_owned()));
    }
    let account = account(&object["spec"]["template"]["serviceAccountName"]);
    pod_account(namespace, account)?;
    let mut container = Container {
        source: location.to_owned(),
        ..Container::default()
    };
    by_account::login(&mut container, account, secret(object), namespace, kserve)?;
    trust::mount(&mut container, namespace)?;
    Ok(Some(container))
}

/// Claims and images come as volumes and containers.
fn is_mounted(location: &str) -> bool {
    ["pvc://", "oci://", "oci+"]
        .iter()
        .any(|scheme| location.starts_with(scheme))
}

fn account(name: &Value) -> &str {
    name.as_str()
        .filter(|name| !name.is_empty())
        .unwrap_or("default")
}

/// Kubernetes admits no pod whose account does not exist; `default` exists everywhere.
fn pod_account(namespace: &Namespace, account: &str) -> Result<(), Stop> {
    if account == "default" || namespace.accounts.contains_key(account) {
        return Ok(());
    }
    Err(Stop::NoAccount(account.to_owned()))
}

fn secret(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][SECRET].as_str()
}

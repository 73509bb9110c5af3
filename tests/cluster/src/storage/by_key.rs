//! The login of a workload that names an entry of `storage-config`
//! (`CreateStorageSpecSecretEnvs` in `pkg/credentials/service_account_credentials.go`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Container, Namespace, Stop, trust};

/// What stands in a source for a type and bucket that only the entry knows.
pub(super) const PLACEHOLDER: &str = "<scheme-placeholder>://";

/// Where entries are when no annotation names another Secret.
const STORAGE_CONFIG: &str = "storage-config";

/// Sets `STORAGE_CONFIG` and `STORAGE_OVERRIDE_CONFIG`, and completes the source.
pub(super) fn login(
    container: &mut Container,
    storage: &Map<String, Value>,
    secret: Option<&str>,
    namespace: &Namespace,
) -> Result<(), Stop> {
    let parameters: BTreeMap<&str, &str> = storage
        .get("parameters")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect();
    let parameter = |key| parameters.get(key).map(|text| (*text).to_owned());
    let mut kind = parameter("type");
    let mut bucket = parameter("bucket");
    let secret = secret.unwrap_or(STORAGE_CONFIG);
    if let Some((key, entry)) = entry(storage, kind.as_deref(), secret, namespace)? {
        // A type among the parameters hides all that the entry says here: also its bucket, and the
        // ConfigMap with its CA.
        if kind.is_none() {
            let entry: BTreeMap<String, String> = serde_json::from_slice(entry.expose())
                .map_err(|_| Stop::NotStrings(key.clone()))?;
            kind = entry.get("type").cloned();
            bucket = bucket.or_else(|| entry.get("bucket").cloned());
            if let Some(config_map) = entry.get("cabundle_configmap") {
                container.set(trust::CONFIG_MAP, config_map.as_str());
            }
            if let Some(kind) = kind.as_ref().filter(|kind| !is_supported(kind)) {
                return Err(Stop::Type(kind.clone()));
            }
        }
        container
            .variables
            .insert("STORAGE_CONFIG".to_owned(), entry);
    }
    let kind = kind.ok_or(Stop::NoType)?;
    if let Some(path) = container.source.strip_prefix(PLACEHOLDER) {
        container.source = if kind == "s3" {
            let bucket = bucket
                .filter(|text| !text.is_empty())
                .ok_or(Stop::NoBucket)?;
            format!("{kind}://{bucket}/{path}")
        } else {
            format!("{kind}://{path}")
        };
    }
    if !parameters.is_empty() {
        let text = serde_json::to_vec(&parameters).expect("texts serialise");
        container.set("STORAGE_OVERRIDE_CONFIG", text);
    }
    Ok(())
}

fn is_supported(kind: &str) -> bool {
    ["s3", "hdfs", "webhdfs"].contains(&kind)
}

/// The entry by its name, which must be there when it is named; else the default of the type.
fn entry(
    storage: &Map<String, Value>,
    kind: Option<&str>,
    secret: &str,
    namespace: &Namespace,
) -> Result<Option<(String, bowline_core::Sensitive)>, Stop> {
    let named = storage
        .get("key")
        .and_then(Value::as_str)
        .filter(|key| !key.is_empty());
    let entries = match namespace.secret(secret) {
        Err(_) if named.is_none() => return Ok(None),
        found => found?,
    };
    let key = match (named, kind) {
        (Some(key), _) => key.to_owned(),
        (None, Some(kind)) => format!("default_{kind}"),
        (None, None) => "default".to_owned(),
    };
    match entries.value(&key) {
        Some(entry) => Ok(Some((key, entry.clone()))),
        None if named.is_none() => Ok(None),
        None => Err(Stop::NoEntry {
            secret: secret.to_owned(),
            key,
        }),
    }
}

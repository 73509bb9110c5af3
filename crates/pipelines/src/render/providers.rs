//! `providers` of `kfp-launcher`: how the launcher of KFP 2.2 and later reaches the store.

use serde_json::{Value, json};

use super::Pair;
use super::object::yaml;
use super::root::{is_native_gcs, is_virtual};
use crate::model::Deployment;
use crate::releases::{Ability, kfp_can};

/// The text under `providers`.
pub(super) fn text(deployment: &Deployment, keys: Option<&Pair>) -> String {
    if is_native_gcs(deployment) && keys.is_none() {
        return yaml(&json!({"gs": {"default": {"credentials": {"fromEnv": true}}}}));
    }
    let store = &deployment.store;
    let mut default = json!({
        "endpoint": store.endpoint.url(),
        "region": store.region,
        "disableSSL": !store.endpoint.tls,
    });
    if kfp_can(deployment.releases.kfp, Ability::ForcePathStyle) {
        default["forcePathStyle"] = Value::Bool(!is_virtual(store));
    }
    default["credentials"] = match keys {
        None => json!({"fromEnv": true}),
        Some(pair) => json!({"fromEnv": false, "secretRef": {
            "secretName": pair.secret,
            "accessKeyKey": pair.access_key,
            "secretKeyKey": pair.secret_key,
        }}),
    };
    yaml(&json!({"s3": {"default": default}}))
}

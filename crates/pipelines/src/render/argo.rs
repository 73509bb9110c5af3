//! Argo's artifact repository, for the controller and for each profile.

use serde_json::{Value, json};

use super::Pair;
use super::object::yaml;
use super::root::{below_base, is_native_gcs};
use crate::model::{Addressing, Deployment};
use crate::releases::argo_has;

/// The repository as deployKF writes it.
pub(super) fn deploykf(deployment: &Deployment, keys: Option<&Pair>) -> String {
    let s3 = s3(deployment, &key_format(deployment), keys);
    yaml(&json!({"archiveLogs": true, "s3": s3}))
}

/// The repository in the native layout, with what the release of Argo understands.
pub(super) fn native(deployment: &Deployment, keys: Option<&Pair>) -> String {
    let format = key_format(deployment);
    if is_native_gcs(deployment) && keys.is_none() {
        let gcs = json!({"bucket": deployment.store.bucket, "keyFormat": format});
        return yaml(&json!({"archiveLogs": true, "gcs": gcs}));
    }
    let argo = deployment.releases.argo;
    let mut s3 = s3(deployment, &format, keys);
    let store = &deployment.store;
    if let Some(ca) = store.ca.as_ref().filter(|ca| ca.is_secret)
        && argo_has(argo, "caSecret")
    {
        s3["caSecret"] = json!({"name": ca.name, "key": ca.key});
    }
    if let Some(pair) = keys
        && let Some(token) = &pair.session_token
        && argo_has(argo, "sessionTokenSecret")
    {
        s3["sessionTokenSecret"] = json!({"name": pair.secret, "key": token});
    }
    let style = match store.addressing {
        Addressing::Auto => None,
        Addressing::Path => Some("path"),
        Addressing::Virtual => Some("virtual-hosted"),
    };
    if let Some(style) = style.filter(|_| argo_has(argo, "addressingStyle")) {
        s3["addressingStyle"] = Value::from(style);
    }
    yaml(&json!({"archiveLogs": true, "s3": s3}))
}

/// The template of keys, below the path under which everything lies.
pub(super) fn key_format(deployment: &Deployment) -> String {
    below_base(&deployment.store, &deployment.layout.artifacts_key_format)
}

fn s3(deployment: &Deployment, key_format: &str, keys: Option<&Pair>) -> Value {
    let store = &deployment.store;
    let mut s3 = json!({
        "endpoint": store.endpoint.authority(),
        "insecure": !store.endpoint.tls,
        "bucket": store.bucket,
        "region": store.region,
        "keyFormat": key_format,
    });
    match keys {
        Some(pair) => {
            s3["accessKeySecret"] = json!({"name": pair.secret, "key": pair.access_key});
            s3["secretKeySecret"] = json!({"name": pair.secret, "key": pair.secret_key});
        }
        None => s3["useSDKCreds"] = Value::Bool(true),
    }
    s3
}

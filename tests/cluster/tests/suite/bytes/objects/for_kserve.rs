//! The two forms in which KServe reads a connection: an entry of `storage-config`, and annotations
//! on the connection itself.

use bowline_core::{Connection, Recognition, Secret};
use serde_json::json;

/// ConfigMap with the certificates that a namespace trusts.
pub(super) const BUNDLE: &str = "odh-kserve-custom-ca-bundle";

/// The Secret `storage-config` of a namespace with this one connection.
pub(super) fn storage_config(secret: &Secret, has_bundle: bool) -> Secret {
    let mut data = json!({});
    if let Some(connection) = connection(secret) {
        data[&secret.name] = entry(&connection, has_bundle).into();
    }
    let object = json!({"metadata": {"name": "storage-config"}, "stringData": data});
    Secret::from_value(&object).expect("a good Secret")
}

/// Adds KServe's annotations to a connection.
pub(super) fn annotate(secret: &mut Secret, has_bundle: bool) {
    let Some(connection) = connection(secret) else {
        return;
    };
    let endpoint = connection.endpoint().unwrap_or_default();
    let mut set = |key: &str, value: &str| {
        secret
            .annotations
            .insert(format!("serving.kserve.io/s3-{key}"), value.to_owned());
    };
    if let Some((scheme, host)) = endpoint.split_once("://") {
        set("endpoint", host);
        set("usehttps", if scheme == "https" { "1" } else { "0" });
    }
    set("region", connection.region().unwrap_or("us-east-1"));
    if !connection.verify_ssl() {
        set("verifyssl", "0");
    }
    if has_bundle && endpoint.starts_with("https://") {
        set("cabundle-configmap", BUNDLE);
    }
}

fn entry(connection: &Connection, has_bundle: bool) -> String {
    let key = connection.secret_access_key();
    let endpoint = connection.endpoint();
    let is_https = endpoint
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    let mut entry = json!({
        "type": "s3",
        "access_key_id": connection.access_key_id(),
        "secret_access_key": key.as_ref().and_then(|key| key.expose_str()),
        "endpoint_url": endpoint,
        "bucket": connection.bucket(),
        "region": connection.region().unwrap_or("us-east-1"),
        "verify_ssl": (!connection.verify_ssl()).then_some("0"),
        "cabundle_configmap": (is_https && has_bundle).then_some(BUNDLE),
    });
    let members = entry.as_object_mut().expect("an object");
    members.retain(|_, value| !value.is_null());
    entry.to_string()
}

fn connection(secret: &Secret) -> Option<Connection> {
    match Connection::from_secret(secret.clone()) {
        Recognition::Connection(connection) => Some(*connection),
        _ => None,
    }
}

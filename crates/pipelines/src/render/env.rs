//! The environment of the readers that are set up by it: API server, UI and per-profile proxy.

use serde_json::{Value, json};

use super::Pair;
use crate::model::Store;

/// The ConfigMap that the API server and the UI are set up by.
pub(super) const INSTALL_CONFIG: &str = "pipeline-install-config";

/// A variable with a value.
pub(super) fn value(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// A variable from a Secret.
pub(super) fn from_secret(name: &str, secret: &str, key: &str) -> Value {
    json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
}

fn from_config(name: &str, key: &str) -> Value {
    json!({"name": name, "valueFrom": {"configMapKeyRef": {"name": INSTALL_CONFIG, "key": key}}})
}

/// A pair of variables: from a Secret, or present and empty. Where they were absent, the API server
/// would use keys that it has built in.
pub(super) fn pair(access: &str, secret: &str, pair: Option<&Pair>) -> [Value; 2] {
    match pair {
        Some(pair) => [
            from_secret(access, &pair.secret, &pair.access_key),
            from_secret(secret, &pair.secret, &pair.secret_key),
        ],
        None => [value(access, ""), value(secret, "")],
    }
}

/// What the API server reads.
pub(super) fn api_server(keys: Option<&Pair>) -> Vec<Value> {
    let mut env = vec![
        from_config("OBJECTSTORECONFIG_BUCKETNAME", "bucketName"),
        from_config("OBJECTSTORECONFIG_REGION", "bucketRegion"),
        from_config("OBJECTSTORECONFIG_SECURE", "bucketSecure"),
        from_config("OBJECTSTORECONFIG_HOST", "bucketHost"),
        from_config("OBJECTSTORECONFIG_PORT", "bucketPort"),
    ];
    env.extend(pair(
        "OBJECTSTORECONFIG_ACCESSKEY",
        "OBJECTSTORECONFIG_SECRETACCESSKEY",
        keys,
    ));
    env
}

/// The images of v2 runs, which the API server reads from the same ConfigMap.
pub(super) fn v2_images() -> [Value; 2] {
    [
        from_config("V2_DRIVER_IMAGE", "driverImage"),
        from_config("V2_LAUNCHER_IMAGE", "launcherImage"),
    ]
}

/// What the UI reads, from the ConfigMap. Before v0.1.5, deployKF gave it a port that it cannot
/// read, and no word on TLS.
pub(super) fn ui(keys: Option<&Pair>, is_old: bool) -> Vec<Value> {
    let endpoint = if is_old {
        "bucketEndpoint"
    } else {
        "bucketHost"
    };
    let mut env = vec![
        // The namespace would be put behind the host.
        value("MINIO_NAMESPACE", ""),
        from_config("MINIO_HOST", "bucketHost"),
        from_config("MINIO_PORT", "bucketPort"),
        from_config("MINIO_SSL", "bucketSecure"),
    ];
    env.extend(pair("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", keys));
    env.push(from_config("AWS_REGION", "bucketRegion"));
    env.push(from_config("AWS_S3_ENDPOINT", endpoint));
    if !is_old {
        env.push(from_config("AWS_SSL", "bucketSecure"));
    }
    env.extend(pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", keys));
    env.push(value("DISABLE_GKE_METADATA", "true"));
    env
}

/// What a profile's proxy reads: the same variables, as values.
pub(super) fn proxy(store: &Store, keys: Option<&Pair>, is_old: bool) -> Vec<Value> {
    let endpoint = &store.endpoint;
    let tls = endpoint.tls.to_string();
    let mut env = vec![
        value("MINIO_NAMESPACE", ""),
        value("MINIO_HOST", &endpoint.host),
        value("MINIO_PORT", &endpoint.port_text()),
        value("MINIO_SSL", &tls),
    ];
    env.extend(pair("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", keys));
    env.push(value("AWS_REGION", &store.region));
    if is_old {
        env.push(value("AWS_S3_ENDPOINT", &endpoint.authority()));
    } else {
        env.push(value("AWS_S3_ENDPOINT", &endpoint.host));
        env.push(value("AWS_SSL", &tls));
    }
    env.extend(pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", keys));
    env
}

/// The store's part of the ConfigMap.
pub(super) fn install_config(store: &Store) -> Value {
    let endpoint = &store.endpoint;
    json!({
        "bucketName": store.bucket,
        "bucketRegion": store.region,
        "bucketSecure": endpoint.tls.to_string(),
        "bucketHost": endpoint.host,
        "bucketPort": endpoint.port_text(),
        "bucketEndpoint": endpoint.authority(),
        "defaultPipelineRoot": "",
    })
}

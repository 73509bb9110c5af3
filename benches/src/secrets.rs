//! Secrets of a usual size, and stores that are full of them.

use std::path::Path;

use anyhow::Result;
use bowline_apiserver::Config;
use bowline_apiserver::store::{ObjectKey, Store, Write};
use serde_json::{Value, json};

/// How many are written at once.
const BATCH: usize = 500;

/// A Secret of about 1 kB, a connection like many others.
pub fn secret(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": name, "namespace": "default", "uid": name,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"opendatahub.io/dashboard": "true"},
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
        "data": {
            "AWS_ACCESS_KEY_ID": "QUtJREVYQU1QTEU=", "AWS_SECRET_ACCESS_KEY": "c2VjcmV0".repeat(60),
            "AWS_S3_ENDPOINT": "aHR0cHM6Ly9zMy5leGFtcGxl", "AWS_S3_BUCKET": "bW9kZWxz",
        },
    })
}

/// The write that makes the Secret of a number.
pub fn creation(number: usize) -> Write {
    let name = format!("secret-{number:06}");
    Write::Create {
        value: secret(&name),
        key: ObjectKey {
            resource: "/secrets".to_owned(),
            namespace: "default".to_owned(),
            name,
        },
    }
}

/// Makes a store at `path` with so many Secrets, and closes it.
///
/// # Errors
/// When it cannot be written.
pub async fn fill(path: &Path, secrets: usize) -> Result<()> {
    let store = Store::open(Config::new(path).store())?;
    for first in (0..secrets).step_by(BATCH) {
        let last = secrets.min(first + BATCH);
        store.write((first..last).map(creation).collect()).await?;
    }
    Ok(())
}

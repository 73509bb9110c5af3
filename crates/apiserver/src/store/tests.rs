//! The store as its callers see it, on real files.

mod backups;
mod freshness;
mod headings;
mod history;
mod keys;
mod model;
mod objects;
mod opening;
mod rekeying;
mod sealing;
mod texts;
mod watching;

use super::*;
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

const SECRETS: &str = "/secrets";
const CONFIG_MAPS: &str = "/configmaps";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn sealed(resource: &str) -> &'static [SealedPath] {
    match resource {
        SECRETS => &[
            SealedPath::Members("/data"),
            SealedPath::Value(
                "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
            ),
        ],
        _ => &[],
    }
}

fn options(directory: &Path) -> Options {
    Options {
        path: directory.join("store.db"),
        key: KeySource::Beside,
        sealed,
        history: HistoryLimit::default(),
    }
}

fn open_in(directory: &Path) -> Store {
    Store::open(options(directory)).expect("the store opens")
}

fn fresh() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let store = open_in(directory.path());
    (directory, store)
}

fn key(resource: &str, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey {
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn config_map(namespace: &str, name: &str) -> ObjectKey {
    key(CONFIG_MAPS, namespace, name)
}

/// An object with that key and some content to tell states apart.
fn object(key: &ObjectKey, content: &str) -> Value {
    json!({
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "uid": format!("uid-of-{}", key.name),
            "annotations": { LAST_APPLIED: content },
        },
        "data": { "content": content },
    })
}

fn create(key: &ObjectKey, content: &str) -> Write {
    Write::Create {
        key: key.clone(),
        value: object(key, content),
    }
}

fn update(key: &ObjectKey, content: &str) -> Write {
    Write::Update {
        key: key.clone(),
        value: object(key, content),
        expected: None,
    }
}

fn delete(key: &ObjectKey) -> Write {
    Write::Delete {
        key: key.clone(),
        expected: None,
    }
}

/// What the store gives back for `object` after the write that made `version`.
fn at(version: u64, key: &ObjectKey, content: &str) -> Value {
    let mut value = object(key, content);
    value["metadata"]["resourceVersion"] = json!(version.to_string());
    value
}

async fn one(store: &Store, write: Write) -> Result<Stored, StoreError> {
    let mut stored = store.write(vec![write]).await?;
    Ok(stored.remove(0))
}

//! The store under whatever may end or starve its process: kills, cut logs, full and read-only disks,
//! and a second process. Each test starts itself again as the process that suffers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

mod crashes;
mod faults;
mod process;

use bowline_apiserver::store::{
    HistoryLimit, KeySource, ObjectKey, Options, SealedPath, Store, StoreError, Write,
};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const SECRETS: &str = "/secrets";
const CONFIG_MAPS: &str = "/configmaps";

fn options(directory: &Path) -> Options {
    Options {
        path: directory.join("store.db"),
        key: KeySource::Beside,
        sealed: |resource| match resource {
            SECRETS => &[SealedPath::Members("/data")],
            _ => &[],
        },
        history: HistoryLimit::default(),
    }
}

/// A store that nobody uses any more. Where another test starts a process at the same time, that one
/// holds all open locks for a moment, until it executes its program.
fn opened(directory: &Path) -> Store {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match Store::open(options(directory)) {
            Err(StoreError::InUse { .. }) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => return opened.unwrap(),
        }
    }
}

fn key(resource: &str, name: &str) -> ObjectKey {
    ObjectKey {
        resource: resource.to_owned(),
        namespace: "a".to_owned(),
        name: name.to_owned(),
    }
}

fn object(name: &str, content: &str) -> Value {
    json!({
        "metadata": { "name": name, "namespace": "a", "uid": name },
        "data": { "content": content },
    })
}

fn create(resource: &str, name: &str, content: &str) -> Write {
    Write::Create {
        key: key(resource, name),
        value: object(name, content),
    }
}

async fn content(store: &Store, resource: &str, name: &str) -> Option<String> {
    let found = store.get(&key(resource, name)).await.unwrap()?;
    found.value["data"]["content"].as_str().map(str::to_owned)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

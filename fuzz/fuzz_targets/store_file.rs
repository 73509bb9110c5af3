//! Files that are taken for a store or a backup: one of ours with some bytes changed.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use bowline_apiserver::store::{Options, backup, check, restore};
use bowline_apiserver::{ApiServer, Config, UserInfo};
use bowline_fuzz::{SECRET, tells_no_secret};
use http::{Request, header};
use http_body_util::Full;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tower::Service as _;

/// A store with a Secret in it, its backup, and how it is opened.
static STORE: LazyLock<(Vec<u8>, PathBuf, Options)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory").keep();
    let config = Config::new(directory.join("store.sqlite"));
    let options = config.store();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let server = ApiServer::open(config).await.expect("it opens");
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "stringData": {"k": SECRET},
        });
        let request = Request::post("/api/v1/namespaces/default/secrets")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(secret.to_string()))
            .expect("a request");
        let mut api = server.in_process(UserInfo::administrator("admin"));
        assert_eq!(api.call(request).await.expect("it cannot fail").status(), 201);
    });
    let copy = directory.join("backup");
    backup(&options.path, &copy).expect("it can be copied");
    runtime.shutdown_background();
    (fs::read(&copy).expect("it is there"), directory, options)
});

fuzz_target!(|input: (Vec<(u32, u8)>, u32)| {
    let (edits, cut) = input;
    let (whole, directory, options) = &*STORE;
    let mut bytes = whole.clone();
    for (place, byte) in edits {
        let place = place as usize % bytes.len();
        bytes[place] = byte;
    }
    bytes.truncate(bytes.len() - cut as usize % bytes.len());
    let path = directory.join("changed");
    fs::write(&path, bytes).expect("there is room");
    let changed = Options { path, ..options.clone() };
    let key = options.path.with_file_name("store.sqlite.key");
    let changed = Options { key: bowline_apiserver::store::KeySource::File(key), ..changed };
    match check(&changed) {
        Ok(checked) => checked.findings.iter().for_each(|finding| tells_no_secret(finding)),
        Err(error) => tells_no_secret(&error.to_string()),
    }
    let target = Options { path: directory.join("restored"), ..changed.clone() };
    if let Err(error) = restore(&target, &changed.path, true) {
        tells_no_secret(&error.to_string());
    }
});

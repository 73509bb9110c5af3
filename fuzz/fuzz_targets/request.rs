//! Whole requests to the API in process: any method, path, query and body; what writes is played
//! through only, so that every input meets the same objects.
#![no_main]

use std::sync::LazyLock;

use bowline_apiserver::{ApiServer, Config, InProcess, UserInfo};
use bowline_fuzz::{custom, parts};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tower::Service as _;

static API: LazyLock<(Runtime, InProcess)> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let api = runtime.block_on(open());
    (runtime, api)
});

async fn open() -> InProcess {
    let directory = tempfile::tempdir().expect("a directory").keep();
    let mut config = Config::new(directory.join("store.sqlite"));
    config.definitions.push(custom());
    let server = ApiServer::open(config).await.expect("it opens");
    let mut api = server.in_process(UserInfo::administrator("admin"));
    let objects = [
        ("/api/v1/namespaces/default/secrets", json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "labels": {"a": "1"}},
            "stringData": {"k": bowline_fuzz::SECRET},
        })),
        ("/api/v1/namespaces/default/pods", json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "a", "image": "b"}]},
        })),
        ("/apis/example.com/v1/namespaces/default/knots", json!({
            "apiVersion": "example.com/v1", "kind": "Knot", "metadata": {"name": "a"},
            "spec": {"size": 1, "parts": [{"name": "a", "value": "b"}]},
        })),
    ];
    for (path, object) in objects {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::from(object.to_string())).expect("a request");
        let answer = api.call(request).await.expect("it cannot fail");
        assert_eq!(answer.status(), 201, "{path}");
    }
    api
}

fuzz_target!(|input: &[u8]| {
    let [method, target, media_type, body] = parts(input);
    let Ok(target) = std::str::from_utf8(target) else { return };
    let (method, accept) = match method {
        [first, rest @ ..] => (first, rest),
        [] => return,
    };
    let method = ["GET", "POST", "PUT", "PATCH", "DELETE"][usize::from(*method) % 5];
    let is_written = method != "GET";
    let question = if target.contains('?') { '&' } else { '?' };
    let target = match is_written {
        true => format!("{target}{question}dryRun=All"),
        false => target.to_owned(),
    };
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::CONTENT_TYPE, media_type)
        .header(header::ACCEPT, accept)
        .body(Full::new(Bytes::copy_from_slice(body)));
    let Ok(request) = request else { return };
    let (runtime, api) = &*API;
    runtime.block_on(answered(api.clone(), request));
});

async fn answered(mut api: InProcess, request: Request<Full<Bytes>>) {
    let answer = api.call(request).await.expect("it cannot fail");
    let status = answer.status().as_u16();
    // A watch does not end; its first event is enough.
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(PATIENCE, body.frame()).await {
        bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
        if bytes.len() > 4 << 20 {
            break;
        }
    }
    if status >= 500 {
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        assert_ne!(answer["reason"], "InternalError", "{answer}");
    }
}

const PATIENCE: Duration = Duration::from_millis(20);

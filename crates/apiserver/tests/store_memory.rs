//! What the store takes of the machine's memory. Alone in its process, so that the figure is the
//! store's and nobody else's.

#![cfg(target_os = "linux")]

use bowline_apiserver::store::{
    HistoryLimit, KeySource, ListQuery, ObjectKey, Options, SealedPath, Store, Write,
};
use serde_json::{Value, json};

const SECRETS: &str = "/secrets";
const LIMIT_KIB: u64 = 60 << 10;

fn secret(number: usize) -> Write {
    let name = format!("secret-{number:05}");
    let value = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name, "namespace": "team-a", "uid": name },
        "data": { "key": "dmFsdWU=".repeat(100) },
    });
    let (resource, namespace) = (SECRETS.to_owned(), "team-a".to_owned());
    Write::Create {
        key: ObjectKey {
            resource,
            namespace,
            name,
        },
        value,
    }
}

/// Kibibytes of memory that the process has in use, or had at most.
fn resident(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let found = status.lines().find_map(|status| status.strip_prefix(line));
    let number = found.and_then(|rest| rest.split_whitespace().next());
    number
        .expect("the line is there")
        .parse()
        .expect("it is a number")
}

#[tokio::test]
async fn ten_thousand_secrets_written_and_paged_through_stay_below_the_limit() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let options = Options {
        path: directory.path().join("store.db"),
        key: KeySource::Beside,
        sealed: |_| &[SealedPath::Members("/data")],
        history: HistoryLimit::default(),
    };
    let store = Store::open(options).expect("the store opens");
    for start in (0..10_000).step_by(100) {
        store
            .write((start..start + 100).map(secret).collect())
            .await
            .expect("it is new");
    }
    let mut seen = 0;
    let mut after = None;
    loop {
        let resource = SECRETS.to_owned();
        let query = ListQuery {
            resource,
            after,
            limit: Some(500),
            ..ListQuery::default()
        };
        let page = store.list(query).await.expect("a page can be read");
        seen += page
            .items
            .iter()
            .filter(|item| item["data"]["key"] != Value::Null)
            .count();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, 10_000);
    let (now, most) = (resident("VmRSS:"), resident("VmHWM:"));
    assert!(most < LIMIT_KIB, "{now} KiB now, {most} KiB at most");
}

//! A whole `bowline up` that is killed at any point while several people write and one watches.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::{secrets, start};

const KILLS: u64 = 20;
const WRITERS: usize = 4;

/// Writes one Secret again and again until the server is gone; returns the last number that was
/// acknowledged.
async fn write_until_killed(secrets: Api<Secret>, writer: usize, mut done: u64) -> u64 {
    let name = format!("writer-{writer}");
    loop {
        let next = done + 1;
        let written = if done == 0 {
            let secret = json!({"metadata": {"name": name}, "stringData": {"n": next.to_string()}});
            let secret = super::parsed(secret);
            secrets.create(&Default::default(), &secret).await
        } else {
            let patch = Patch::Merge(json!({"stringData": {"n": next.to_string()}}));
            secrets.patch(&name, &PatchParams::default(), &patch).await
        };
        match written {
            Ok(_) => done = next,
            Err(_) => return done,
        }
    }
}

fn number(secret: &Secret) -> u64 {
    let data = secret.data.as_ref().expect("data");
    let text = String::from_utf8(data["n"].0.clone()).expect("text");
    text.parse().expect("a number")
}

/// Every number since the last one, none left out and none twice.
async fn watch(
    secrets: &Api<Secret>,
    from: &mut String,
    seen: &mut BTreeMap<String, u64>,
    until: &BTreeMap<String, u64>,
) {
    let params = WatchParams::default().timeout(30);
    let stream = secrets.watch(&params, from).await.expect("a watch");
    let mut stream = stream.boxed();
    while seen != until {
        let event = stream.next().await.expect("an event").expect("no error");
        let (WatchEvent::Added(secret) | WatchEvent::Modified(secret)) = event else {
            panic!("{event:?}");
        };
        *from = secret.resource_version().expect("a version");
        if secret.name_any().starts_with("writer-") {
            let last = seen.entry(secret.name_any()).or_insert(0);
            assert_eq!(number(&secret), *last + 1, "{}", secret.name_any());
            *last += 1;
        }
    }
}

#[tokio::test]
async fn a_server_killed_at_any_point_has_all_that_it_acknowledged() {
    let data = tempfile::tempdir().expect("a folder");
    let mut done = vec![0; WRITERS];
    let mut seen = BTreeMap::new();
    let mut from = "0".to_owned();
    for kill in 0..KILLS {
        let mut server = start(data.path(), &[("RUST_LOG", "warn")]);
        let client = secrets(&server).await;
        if kill == 0 {
            let list = client.list(&Default::default()).await.expect("a list");
            from = list.metadata.resource_version.expect("a version");
        }
        let writers: Vec<_> = done
            .iter()
            .enumerate()
            .map(|(writer, done)| tokio::spawn(write_until_killed(client.clone(), writer, *done)))
            .collect();
        tokio::time::sleep(Duration::from_millis(20 + kill * 37 % 190)).await;
        server.kill();
        for (done, writer) in done.iter_mut().zip(writers) {
            *done = writer.await.expect("a writer");
        }
        let server = start(data.path(), &[("RUST_LOG", "warn")]);
        let client = secrets(&server).await;
        let mut until = BTreeMap::new();
        for (writer, done) in done.iter_mut().enumerate() {
            let name = format!("writer-{writer}");
            let found = client.get_opt(&name).await.expect("an answer");
            let found = found.as_ref().map_or(0, number);
            assert!(
                (*done..=*done + 1).contains(&found),
                "{name} was acknowledged at {done} and is at {found}"
            );
            *done = found;
            until.insert(name, found);
        }
        until.retain(|_, n| *n > 0);
        watch(&client, &mut from, &mut seen, &until).await;
    }
    assert!(done.iter().all(|n| *n > KILLS), "{done:?}");
}

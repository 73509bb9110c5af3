//! Watches that nobody reads: they cost so much and no more, and hold up nobody.

use std::fs;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::soon;
use crate::project::Shared;

/// Memory of a process that is in use, in MiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).expect("a size") / 1024
}

/// A hundred watches of everything, each on a connection of its own, while 30 MB are written.
#[tokio::test]
async fn a_hundred_watches_that_are_not_read_cost_little_and_hold_up_nobody() {
    let shared = Shared::start();
    let server = &shared.server;
    let writer: Api<ConfigMap> = Api::default_namespaced(server.client().await.expect("a client"));
    let mut watches = Vec::new();
    for _ in 0..100 {
        let maps: Api<ConfigMap> =
            Api::default_namespaced(server.client().await.expect("a client"));
        let params = WatchParams::default().timeout(290);
        let watch = soon(maps.watch(&params, "0")).await.expect("a watch");
        watches.push(Box::pin(watch));
    }
    let before = resident(server.id());
    let params = PatchParams::apply("writer");
    for number in 0..300 {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "large"},
            "data": {"number": number.to_string(), "text": "x".repeat(100_000)},
        });
        let map = Patch::Apply(map);
        let written = writer.patch("large", &params, &map);
        soon(written).await.expect("written");
    }
    let grown = resident(server.id()).saturating_sub(before);
    assert!(grown < 150, "{grown} MiB more than before");
    // Somebody else reads as ever.
    let listed = soon(writer.list(&ListParams::default())).await;
    assert!(
        listed
            .expect("a list")
            .iter()
            .any(|map| map.name_any() == "large")
    );
    // Who reads at last sees every change, in order.
    let mut watch = watches.pop().expect("a watch");
    let mut next = 0;
    while next < 300 {
        let event = soon(watch.try_next()).await.expect("an event");
        if let WatchEvent::Added(map) | WatchEvent::Modified(map) = event.expect("one more")
            && let Some(number) = map.data.unwrap_or_default().get("number")
        {
            assert_eq!(*number, next.to_string());
            next += 1;
        }
    }
}

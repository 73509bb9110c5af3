//! Detaching is all or nothing, also where nobody waits for its end any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams};
use reqwest::Method;
use serde_json::json;
use tokio::sync::Notify;

use super::{CONNECTIONS, made, until};
use crate::audit_lines::AuditLines;
use crate::meddle::Way;
use crate::world::{Who, World};

/// Two Deployments in project `team-a` that use connection `tides`.
async fn use_twice(world: &World) -> Result<()> {
    for name in ["reader", "writer"] {
        let from = json!([{"secretRef": {"name": "tides"}}]);
        world
            .create(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": name, "namespace": "team-a"},
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "main", "image": "a", "envFrom": from}]},
                }},
            }))
            .await?;
    }
    Ok(())
}

/// Holds up the second change of a Deployment: tells when it is under way, and waits to be let on.
fn hold_up_the_second(world: &World) -> (Arc<Notify>, Arc<Notify>) {
    let (held, go) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let (seen, notices) = (AtomicUsize::new(0), (Arc::clone(&held), Arc::clone(&go)));
    world.meddler.ask(move |method, uri| {
        let is_dry = uri.query().is_some_and(|query| query.contains("dryRun"));
        let is_it = method == Method::PATCH && uri.path().contains("/deployments/") && !is_dry;
        let is_held = is_it && seen.fetch_add(1, Ordering::Relaxed) == 1;
        let (held, go) = notices.clone();
        async move {
            if is_held {
                held.notify_one();
                go.notified().await;
            }
            Way::On
        }
    });
    (held, go)
}

#[tokio::test]
async fn a_sender_who_goes_away_leaves_nothing_half_detached() -> Result<()> {
    let world = World::with(|settings| settings.limits.in_flight = 1).await?;
    made(&world).await?;
    use_twice(&world).await?;
    let (held, go) = hold_up_the_second(&world);
    let mut lines = AuditLines::follow();
    let tides = format!("{CONNECTIONS}/tides");
    let path = format!("{tides}?detach=true");
    let waiting = tokio::spawn(world.request(Who::Editor, Method::DELETE, &path).send());
    held.notified().await;
    waiting.abort();
    // The one place for requests is free again once the server has dropped this one.
    until(&world, Who::Viewer, &tides, |found| {
        found["name"] == "tides"
    })
    .await?;
    go.notify_one();
    let line = lines.next().await?;
    assert!(line.contains("verdict=\"done\""), "{line}");
    let users = Api::<Deployment>::namespaced(world.client(), "team-a");
    let users = serde_json::to_string(&users.list(&ListParams::default()).await?.items)?;
    assert!(!users.contains("tides"), "{users}");
    let secrets = Api::<Secret>::namespaced(world.client(), "team-a");
    assert!(secrets.get_opt("tides").await?.is_none());
    Ok(())
}

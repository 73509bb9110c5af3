//! Two who write to the same object at the same time: neither loses anything.

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Installation, own};
use futures::future::try_join;
use serde_json::json;

use super::scene::Scene;
use crate::wire::{Caller, MERGE_PATCH, collection};

/// How often each of the two writes.
const WRITES: u32 = 60;
const COUNT: &str = "example.com/count";

/// Counts in an annotation, as whoever reads, changes and replaces does.
async fn count(admin: &Caller, path: &str) -> Result<()> {
    let mut written = 0;
    while written < WRITES {
        let mut object = admin.get(path).await?.granted()?;
        let annotations = &mut object["metadata"]["annotations"];
        let before = annotations[COUNT].as_str().unwrap_or("0").parse::<u32>()?;
        annotations[COUNT] = (before + 1).to_string().into();
        let reply = admin.put(path, &object).await?;
        if reply.code != 409 {
            reply.granted()?;
            written += 1;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_status_and_another_writer_lose_nothing_of_each_other() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().context("a cluster of our own")?;
    let scene = Scene::new(&cluster, "conflicts").await?;
    let operator = Installation::new(&[])?.start(&kubeconfig).await?;
    operator.until_leading().await?;
    scene.secret("models", "0").await?;
    let notebook = scene.notebook("lab", "models").await?;
    scene.until("lab", "current").await?;
    let before = scene.statuses().await?;
    let path = format!("{}/lab", collection(&notebook, "conflicts")?);
    let changes = async {
        for n in 1..=WRITES {
            scene.secret("models", &(n % 2).to_string()).await?;
            let wanted = if n % 2 == 1 { "stale" } else { "current" };
            scene.until("lab", wanted).await?;
        }
        Ok(())
    };
    try_join(count(&scene.admin, &path), changes).await?;
    let counted = scene.get(&notebook).await?["metadata"]["annotations"][COUNT].clone();
    ensure!(
        counted.as_str().and_then(|text| text.parse().ok()) == Some(WRITES),
        "{counted} of {WRITES} writes are left"
    );
    let changes = scene.changes_since(&before).await?["lab"];
    ensure!(
        changes == WRITES as usize,
        "{changes} statuses for {WRITES} changes"
    );
    // And the annotation of a person is not taken for ours.
    let take_away = json!({"metadata": {"annotations": {COUNT: null}}});
    scene
        .admin
        .patch(&path, MERGE_PATCH, &take_away)
        .await?
        .granted()?;
    Ok(())
}

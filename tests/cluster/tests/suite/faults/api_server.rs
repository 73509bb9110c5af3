//! The API server crashes and comes back: the operator goes on by itself.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Installation, own};

use super::scene::Scene;

#[tokio::test]
async fn after_a_restart_of_the_api_server_a_change_is_told_on_the_workload() -> Result<()> {
    let Some(mut cluster) = own().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().context("a cluster of our own")?;
    let scene = Scene::new(&cluster, "restart").await?;
    let mut operator = Installation::new(&[])?.start(&kubeconfig).await?;
    operator.until_leading().await?;
    scene.secret("models", "1").await?;
    scene.notebook("lab", "models").await?;
    scene.until("lab", "current").await?;

    let plane = cluster.control_plane().context("a cluster of our own")?;
    plane.kill_api_server();
    plane.start_api_server().await?;
    let start = Instant::now();
    scene.secret("models", "2").await?;
    scene.until("lab", "stale").await?;
    println!(
        "a change was told {:.1} s after the API server was ready again",
        start.elapsed().as_secs_f32()
    );
    operator.until_leading().await?;
    ensure!(
        operator.said("is not installed") == 0,
        "a kind was taken for one that is not installed\n{}",
        operator.log()
    );
    ensure!(operator.is_running()?, "it crashed\n{}", operator.log());
    Ok(())
}

//! Nothing stands still in silence: what is missing or late shows on `/readyz` and in the metrics.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Fault, Installation, Operator, Proxy, own, until};
use http::Method;

use super::scene::{Scene, common};

const OLDEST: &str = "bowline_oldest_pending_seconds ";

#[tokio::test]
async fn a_replica_is_not_ready_until_every_kind_was_listed() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let proxy = Proxy::start(cluster).await?;
    proxy.set(|asked| match asked.path == "/apis/apps/v1/deployments" {
        true => Fault::Hold,
        false => Fault::None,
    });
    let installation = Installation::new(&["--no-controllers"])?;
    let operator = installation.start(&proxy.kubeconfig()).await?;
    until("it waits for that list alone", || async {
        let (code, text) = operator.get("/readyz").await?;
        Ok(code == 503 && text == "not ready: the inventory has not seen all objects yet\n")
    })
    .await?;
    ensure!(
        operator.get("/livez").await?.0 == 200,
        "it is restarted for that"
    );
    proxy.set(|_| Fault::None);
    until("it is ready", || async {
        Ok(operator.get("/readyz").await?.0 == 200)
    })
    .await
}

#[tokio::test]
async fn work_that_hangs_shows_in_the_age_of_the_oldest_item() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "hangs").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    scene.secret("models", "1").await?;
    scene.notebook("lab", "models").await?;
    scene.until("lab", "current").await?;
    until("nothing is left to do", || async {
        Ok(oldest(&operator).await?.is_zero())
    })
    .await?;
    proxy.set(|asked| match asked.method == Method::PATCH {
        true => Fault::Hold,
        false => Fault::None,
    });
    scene.secret("models", "2").await?;
    until("its age shows", || async {
        Ok(oldest(&operator).await? > Duration::from_secs(2))
    })
    .await?;
    proxy.set(|_| Fault::None);
    until("it is done", || async {
        Ok(oldest(&operator).await?.is_zero())
    })
    .await?;
    scene.until("lab", "stale").await
}

async fn oldest(operator: &Operator) -> Result<Duration> {
    let (_, text) = operator.get("/metrics").await?;
    let line = text.lines().find_map(|line| line.strip_prefix(OLDEST));
    let seconds: f64 = line.context("no such metric")?.trim().parse()?;
    Ok(Duration::from_secs_f64(seconds))
}

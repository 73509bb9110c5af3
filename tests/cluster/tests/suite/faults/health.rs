//! Nothing stands still in silence: what is missing or late shows on `/readyz` and in the metrics.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Fault, Installation, Operator, Proxy, own, until};
use http::{Method, StatusCode};

use super::scene::{Scene, common};

const OLDEST: &str = "bowline_oldest_pending_seconds ";
const FAILING: &str = "bowline_oldest_failing_seconds ";

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

#[tokio::test]
async fn a_leader_that_gets_nothing_done_for_a_minute_is_not_ready_until_it_does() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "refused").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    scene.secret("models", "1").await?;
    let names: Vec<String> = (0..3).map(|n| format!("lab-{n}")).collect();
    for name in &names {
        scene.notebook(name, "models").await?;
    }
    scene.until_all(&names, "current").await?;
    // It may go on leading.
    proxy.set(|asked| match asked.method {
        Method::GET => Fault::None,
        _ if asked.path.contains("/leases/") => Fault::None,
        _ => Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
    });
    scene.secret("models", "2").await?;
    until("what fails grows old", || async {
        Ok(gauge(&operator, FAILING).await? > Duration::from_secs(30))
    })
    .await?;
    let (code, text) = operator.get("/readyz").await?;
    ensure!(code == 200, "not a minute has passed: {text}");
    until("it is not ready", || async {
        let (code, text) = operator.get("/readyz").await?;
        Ok(code == 503 && text.contains("3 items are pending, and nothing got done for"))
    })
    .await?;
    ensure!(operator.leads(), "somebody else is to do it");
    proxy.set(|_| Fault::None);
    until("it is ready", || async {
        Ok(operator.get("/readyz").await?.0 == 200)
    })
    .await?;
    scene.until_all(&names, "stale").await?;
    until("nothing fails any more", || async {
        Ok(gauge(&operator, FAILING).await?.is_zero())
    })
    .await
}

async fn oldest(operator: &Operator) -> Result<Duration> {
    gauge(operator, OLDEST).await
}

async fn gauge(operator: &Operator, name: &str) -> Result<Duration> {
    let (_, text) = operator.get("/metrics").await?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let seconds: f64 = line.context("no such metric")?.trim().parse()?;
    Ok(Duration::from_secs_f64(seconds))
}

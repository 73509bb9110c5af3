//! SIGTERM under load: reviews under way are answered, and the process ends in time, and well.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Fault, Installation, Passed, Proxy, own, until};
use futures::future::{join, join_all};
use http::Method;

use super::scene::{Scene, common};

const RUNS: usize = 100;
/// Reviews under way.
const REVIEWS: usize = 20;
/// How long a replica may take to end, below what Kubernetes gives it.
const GRACE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn reviews_under_way_are_answered_before_the_process_ends() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let scene = Scene::new(cluster, "terminated").await?;
    let proxy = Proxy::start(cluster).await?;
    let installation = Installation::new(&["--no-controllers"])?;
    let mut operator = installation.start(&proxy.kubeconfig()).await?;
    scene.secret("models", "1").await?;
    for _ in 0..RUNS {
        scene.register(cluster, &installation, &operator).await?;
        proxy.set(|asked| match asked.path.contains("/terminated/secrets/") {
            true => Fault::Hold,
            false => Fault::None,
        });
        let requests = (0..REVIEWS).map(|n| {
            let scene = &scene;
            async move { scene.try_notebook(&format!("lab-{n}"), "models").await }
        });
        let end = async {
            until("all are under way", || async {
                Ok(proxy.held() >= REVIEWS)
            })
            .await?;
            operator.signal("TERM")?;
            until("it has heard", || async { Ok(is_closed(&operator)) }).await?;
            proxy.set(|_| Fault::None);
            operator.ended(GRACE).await
        };
        let (replies, code) = join(join_all(requests), end).await;
        for reply in replies {
            reply?.granted()?;
        }
        ensure!(code? == 0, "{}", operator.log());
        operator = installation
            .start_at(&proxy.kubeconfig(), operator.address())
            .await?;
    }
    Ok(())
}

/// Whether it takes no new connections any more.
fn is_closed(operator: &bowline_cluster_tests::Operator) -> bool {
    std::net::TcpStream::connect(operator.address()).is_err()
}

#[tokio::test]
async fn a_leader_ends_in_time_also_where_the_api_server_does_not_answer() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "stuck").await?;
    let proxy = Proxy::start(&cluster).await?;
    let installation = Installation::new(&[])?;
    let mut operator = installation.start(&proxy.kubeconfig()).await?;
    operator.until_leading().await?;
    proxy.set(is_stuck);
    scene.secret("models", "1").await?;
    scene.notebook("lab", "models").await?;
    until("it writes", || async { Ok(proxy.held() > 0) }).await?;
    operator.signal("TERM")?;
    let code = operator.ended(GRACE).await?;
    ensure!(code == 0, "it ends with {code}");
    let kubeconfig = cluster.kubeconfig_path().context("a cluster of our own")?;
    let _next = installation.start(&kubeconfig).await?;
    scene.until("lab", "current").await
}

/// Writes of statuses do not come back.
fn is_stuck(asked: &Passed) -> Fault {
    match asked.method == Method::PATCH && asked.path.contains("/notebooks/") {
        true => Fault::Hold,
        false => Fault::None,
    }
}

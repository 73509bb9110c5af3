//! Connections that are tested by themselves: what that asks of the API server.

use anyhow::{Result, ensure};
use bowline_cluster_tests::{Installation, Passed, Proxy, own, until};
use http::Method;

use super::scene::Scene;

/// How often the leader renews its Lease meanwhile: ten seconds of its time.
const RENEWALS: usize = 5;

#[tokio::test]
async fn a_leader_lists_secrets_once_to_know_them_and_once_to_test_them() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "tested").await?;
    scene.secret("models", "1").await?;
    let proxy = Proxy::start(&cluster).await?;
    // Nothing may be dialled, so that nothing leaves this machine; that is a verdict, too.
    let flags = ["--test-connections=on-change", "--test-allow=192.0.2.0/24"];
    let operator = Installation::new(&flags)?
        .start(&proxy.kubeconfig())
        .await?;
    operator.until_leading().await?;
    let start = count(&proxy, is_renewal);
    until("the lease was renewed often enough", || async {
        Ok(count(&proxy, is_renewal) >= start + RENEWALS)
    })
    .await?;
    let lists = count(&proxy, |asked| {
        asked.path == "/api/v1/secrets" && !asked.is_watch()
    });
    ensure!(lists == 2, "{lists} lists");
    Ok(())
}

fn is_renewal(asked: &Passed) -> bool {
    asked.method == Method::PUT && asked.path.contains("/leases/")
}

fn count(proxy: &Proxy, is_one: impl Fn(&Passed) -> bool) -> usize {
    proxy.passed().iter().filter(|asked| is_one(asked)).count()
}

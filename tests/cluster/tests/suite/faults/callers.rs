//! Somebody else than the API server reaches the port of admission.

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::Installation;

use super::scene::{Reviewer, Scene, common};

#[tokio::test]
async fn where_a_client_authority_is_named_only_the_api_server_is_answered() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().context("a cluster of ours")?;
    let authority = kubeconfig.with_file_name("ca.crt");
    let flag = format!("--client-ca-file={}", authority.display());
    let installation = Installation::new(&["--no-controllers", &flag])?;
    let operator = installation.start(&kubeconfig).await?;
    let scene = Scene::new(cluster, "client-authority").await?;
    scene.register(cluster, &installation, &operator).await?;
    scene.secret("models", "1").await?;
    scene.notebook("tied", "models").await?;

    let without = Reviewer::new(operator.address(), installation.authority().as_bytes())?;
    let notebook = scene.notebook_object("asked-for", Some("models"));
    let answer = without.ask(&notebook).await;
    ensure!(answer.is_err(), "a stranger was answered: {answer:?}");
    Ok(())
}

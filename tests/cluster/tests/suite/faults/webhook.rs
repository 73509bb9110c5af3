//! The webhook's process is gone: what does not concern it goes on, the rest is refused by name.

use anyhow::{Result, ensure};
use bowline_cluster_tests::Installation;
use serde_json::{Value, json};

use super::scene::{Scene, common};

#[tokio::test]
async fn without_a_webhook_only_objects_with_a_reference_are_refused() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().unwrap_or_default();
    let scene = Scene::new(cluster, "webhook-killed").await?;
    let installation = Installation::new(&["--no-controllers"])?;
    let mut operator = installation.start(&kubeconfig).await?;
    scene.register(cluster, &installation, &operator).await?;
    scene.secret("models", "1").await?;
    scene.notebook("before", "models").await?;
    operator.kill().await?;

    let plain = scene.notebook_object("plain", None);
    let label = json!({"metadata": {"labels": {"colour": "blue"}}});
    scene.create(&plain).await?.granted()?;
    scene.patch(&plain, &label).await?.granted()?;
    scene.delete(&plain).await?.granted()?;
    scene.secret("models", "2").await?;

    let before = scene.notebook_object("before", Some("models"));
    let after = scene.notebook_object("after", Some("models"));
    for reply in [
        scene.create(&after).await?,
        scene.patch(&before, &label).await?,
    ] {
        let names_webhook = reply.message().contains("notebooks.bowline.dev");
        ensure!(!reply.is_ok() && names_webhook, "{}", reply.message());
    }
    scene.delete(&before).await?.granted()?;

    let operator = installation
        .start_at(&kubeconfig, operator.address())
        .await?;
    let made = scene.create(&after).await?.granted()?;
    scene.patch(&after, &label).await?.granted()?;
    ensure!(is_injected(&made), "{made}");
    drop(operator);
    Ok(())
}

#[tokio::test]
async fn where_the_administrator_chose_so_nothing_is_refused_without_a_webhook() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().unwrap_or_default();
    let scene = Scene::new(cluster, "webhook-ignored").await?;
    let installation = Installation::new(&["--no-controllers"])?;
    let mut operator = installation.start(&kubeconfig).await?;
    let mut configurations = installation.configurations(&operator, "webhook-ignored")?;
    for configuration in &mut configurations {
        let webhooks = configuration["webhooks"].as_array_mut();
        for webhook in webhooks.into_iter().flatten() {
            webhook["failurePolicy"] = json!("Ignore");
        }
    }
    cluster.apply(&configurations).await?;
    scene.until_asked().await?;
    scene.secret("models", "1").await?;
    operator.kill().await?;

    let made = scene.notebook("lab", "models").await?;
    ensure!(!is_injected(&made), "{made}");
    let lab = scene.notebook_object("lab", Some("models"));
    let label = json!({"metadata": {"labels": {"colour": "blue"}}});
    scene.patch(&lab, &label).await?.granted()?;
    // Whoever touches it afterwards has it completed.
    let _operator = installation
        .start_at(&kubeconfig, operator.address())
        .await?;
    let label = json!({"metadata": {"labels": {"colour": "green"}}});
    let after = scene.patch(&lab, &label).await?.granted()?;
    ensure!(is_injected(&after), "{after}");
    Ok(())
}

#[tokio::test]
async fn without_a_webhook_a_vital_secret_stays_and_others_go() -> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().unwrap_or_default();
    let scene = Scene::new(cluster, "webhook-killed-secrets").await?;
    let installation = Installation::new(&["--no-controllers"])?;
    let mut operator = installation.start(&kubeconfig).await?;
    scene.register(cluster, &installation, &operator).await?;
    for name in ["vital", "other"] {
        scene.secret(name, "1").await?;
    }
    let vital = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vital"},
    });
    let mark = json!({"metadata": {"annotations": {"bowline.dev/vital": "true"}}});
    scene.patch(&vital, &mark).await?.granted()?;
    operator.kill().await?;
    scene.delete_secret("other").await?;
    let reply = scene.delete(&vital).await?;
    let names_webhook = reply.message().contains("vital.bowline.dev");
    ensure!(!reply.is_ok() && names_webhook, "{}", reply.message());
    Ok(())
}

fn is_injected(notebook: &Value) -> bool {
    let container = "/spec/template/spec/containers/0/envFrom/0/secretRef/name";
    notebook
        .pointer(container)
        .is_some_and(|name| name == "models")
}

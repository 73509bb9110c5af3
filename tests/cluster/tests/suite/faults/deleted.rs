//! The Secret of a connection is deleted under its users: they stay changeable, with a warning.

use anyhow::{Result, ensure};
use bowline_cluster_tests::Installation;
use serde_json::{Value, json};

use super::scene::{Scene, common};

fn deployment(namespace: &str) -> Value {
    let labels = json!({"app": "serve"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "serve",
            "annotations": {"opendatahub.io/connections": format!("{namespace}/models")},
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "serve", "image": "serve"}]},
            },
        },
    })
}

#[tokio::test]
async fn workloads_whose_secret_was_deleted_are_scaled_stopped_and_labelled_with_a_warning()
-> Result<()> {
    let Some(cluster) = common().await? else {
        return Ok(());
    };
    let kubeconfig = cluster.kubeconfig_path().unwrap_or_default();
    let scene = Scene::new(cluster, "deleted").await?;
    cluster
        .namespace("deleted", &[("bowline.dev/inject", "enabled")])
        .await?;
    let installation = Installation::new(&["--no-controllers"])?;
    let operator = installation.start(&kubeconfig).await?;
    scene.register(cluster, &installation, &operator).await?;
    scene.secret("models", "1").await?;
    let notebook = scene.notebook("lab", "models").await?;
    let deployment = scene.create(&deployment("deleted")).await?.granted()?;
    scene.delete_secret("models").await?;

    let stop = json!({"metadata": {"annotations": {"kubeflow-resource-stopped": "now"}}});
    let label = json!({"metadata": {"labels": {"colour": "blue"}}});
    let scale = json!({"spec": {"replicas": 3}});
    for (object, patch) in [
        (&notebook, &stop),
        (&notebook, &label),
        (&deployment, &scale),
        (&deployment, &label),
    ] {
        let reply = scene.patch(object, patch).await?;
        let warned = reply.warnings.iter().any(|text| text.contains("models"));
        ensure!(reply.is_ok(), "{patch}: {}", reply.message());
        ensure!(warned, "{patch}: {:?}", reply.warnings);
    }
    // What it had been given stays, since pods without it would be other pods.
    let kept = scene.get(&notebook).await?;
    let name = "/spec/template/spec/containers/0/envFrom/0/secretRef/name";
    ensure!(
        kept.pointer(name).is_some_and(|name| name == "models"),
        "{kept}"
    );
    Ok(())
}

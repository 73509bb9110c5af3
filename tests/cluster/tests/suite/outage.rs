//! What happens while Bowline or the API server is down, each on a cluster of its own.

use anyhow::Result;
use bowline_cluster_tests::{Bowline, Cluster, own};
use serde_json::{Value, json};

use crate::scene::connection;
use crate::wire::{Caller, Reply};

const NOTEBOOKS: &str = "/apis/kubeflow.org/v1/namespaces/outage/notebooks";

async fn prepare(cluster: &Cluster) -> Result<Caller> {
    cluster.namespace("outage", &[]).await?;
    cluster.apply(&[connection("outage")]).await?;
    Ok(Caller::administrator(cluster.client().await?))
}

fn notebook(name: &str, annotations: &Value) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": "jupyter"}]}}},
    })
}

async fn create_tied(caller: &Caller, name: &str) -> Result<Reply> {
    let reference = json!({"opendatahub.io/connections": "outage/soundings"});
    caller.post(NOTEBOOKS, &notebook(name, &reference)).await
}

#[tokio::test]
async fn without_bowline_only_objects_with_a_reference_are_refused() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let caller = prepare(&cluster).await?;
    let mut bowline = Bowline::start(&cluster).await?;
    create_tied(&caller, "before").await?.granted()?;
    bowline.stop().await?;

    caller
        .post(NOTEBOOKS, &notebook("plain", &json!({})))
        .await?
        .granted()?;
    let refused = create_tied(&caller, "during").await?;
    assert_eq!(refused.code, 500, "{}", refused.message());
    let text = refused.message();
    assert!(
        text.contains("failed calling webhook \"notebooks.bowline.dev\""),
        "{text}"
    );
    caller
        .delete(&format!("{NOTEBOOKS}/before"))
        .await?
        .granted()?;
    // Advice about Secrets is not worth a refusal.
    let mut secret = connection("outage");
    secret["metadata"]["name"] = json!("charts");
    caller
        .post("/api/v1/namespaces/outage/secrets", &secret)
        .await?
        .granted()?;

    bowline.resume(&cluster).await?;
    let after = create_tied(&caller, "during").await?.granted()?;
    assert!(after.to_string().contains("envFrom"));
    bowline.stop().await
}

#[tokio::test]
async fn admission_goes_on_after_the_api_server_has_crashed() -> Result<()> {
    let Some(mut cluster) = own().await? else {
        return Ok(());
    };
    let caller = prepare(&cluster).await?;
    let mut bowline = Bowline::start(&cluster).await?;
    create_tied(&caller, "before").await?.granted()?;
    let plane = cluster.control_plane().expect("the processes are ours");
    plane.kill_api_server();
    assert!(create_tied(&caller, "during").await.is_err());
    plane.start_api_server().await?;
    // At once: an API server that does not know its webhooks yet lets nothing pass.
    let after = create_tied(&caller, "after").await?.granted()?;
    assert!(after.to_string().contains("envFrom"));
    bowline.stop().await
}

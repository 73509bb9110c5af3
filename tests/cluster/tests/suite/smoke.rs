//! The first question to a real API server: does anything work at all?

use anyhow::{Context as _, Result};
use bowline_cluster_tests::shared;
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use serde_json::json;

#[tokio::test]
async fn a_notebook_that_names_a_connection_gets_its_variables() -> Result<()> {
    let Some(shared) = shared().await? else {
        return Ok(());
    };
    let cluster = &shared.cluster;
    cluster.namespace("smoke", &[]).await?;
    cluster
        .apply(&[json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "soundings",
                "namespace": "smoke",
                "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
            },
            "stringData": {"AWS_S3_BUCKET": "soundings", "AWS_S3_ENDPOINT": "https://s3.example.com"},
        })])
        .await?;
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("kubeflow.org", "v1", "Notebook"));
    let api: Api<DynamicObject> = Api::namespaced_with(cluster.client().await?, "smoke", &kind);
    let notebook = serde_json::from_value(json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": "lab", "annotations": {"opendatahub.io/connections": "smoke/soundings"}},
        "spec": {"template": {"spec": {"containers": [{"name": "lab", "image": "jupyter"}]}}},
    }))?;
    let made = api.create(&PostParams::default(), &notebook).await?;
    let container = made
        .data
        .pointer("/spec/template/spec/containers/0")
        .context("no container")?;
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": "soundings"}}])
    );
    let calls = shared.bowline.calls("smoke");
    let of_notebook = calls.iter().filter(|call| call.path == "/mutate");
    assert_eq!(of_notebook.count(), 1);
    Ok(())
}

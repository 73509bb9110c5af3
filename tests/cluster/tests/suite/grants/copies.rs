//! Everything that copies of a store's keys can meet, once: a profile that is given one, a source that
//! changes and goes, and the end of it all.

use anyhow::{Context as _, Result};
use bowline_cluster_tests::{Cluster, until};
use serde_json::{Value, json};

const STORE: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {name: kfp, namespace: kubeflow}
spec: {connection: shared}
";

/// Plays it.
pub(super) async fn play(cluster: &Cluster) -> Result<()> {
    let (store, copy) = (store(), object("Secret", "pier", "pipelines-object-store"));
    cluster
        .apply(&[profile(), store.clone(), source("one")])
        .await?;
    until("the profile has a copy", || async {
        Ok(cluster.get(&copy).await?.is_some())
    })
    .await?;
    status_is(cluster, "copied from kubeflow/shared").await?;
    let before = cluster.get(&copy).await?.context("no copy")?;
    cluster.apply(&[source("another")]).await?;
    until("the copy is as its source", || async {
        let now = cluster.get(&copy).await?.context("no copy")?;
        Ok(now["data"] != before["data"])
    })
    .await?;
    cluster.delete(&[source("another")]).await?;
    status_is(cluster, "missing: Secret `kubeflow/shared`").await?;
    cluster.delete(&[store]).await?;
    until("the copy and its status are gone", || async {
        let status = cluster.get(&statuses()).await?;
        Ok(cluster.get(&copy).await?.is_none() && status.is_none())
    })
    .await
}

async fn status_is(cluster: &Cluster, wanted: &str) -> Result<()> {
    until(wanted, || async {
        let found = cluster.get(&statuses()).await?.unwrap_or_default();
        let text = found["data"]["pier"].as_str();
        Ok(text.is_some_and(|text| text.starts_with(wanted)))
    })
    .await
}

fn statuses() -> Value {
    object("ConfigMap", "kubeflow", "pipelines-object-store-status")
}

/// As Kubeflow's controller of profiles makes it. Nobody collects garbage here, so the Profile itself
/// need not be there.
fn profile() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {
            "name": "pier",
            "labels": {
                "app.kubernetes.io/part-of": "kubeflow-profile",
                "bowline.dev/pipelines": "enabled",
            },
            "ownerReferences": [{
                "apiVersion": "kubeflow.org/v1", "kind": "Profile", "name": "pier",
                "uid": "8c0b6d0a-8f52-4a6e-9a55-0a1f0e0c7d11", "controller": true,
            }],
        },
    })
}

fn store() -> Value {
    let mut store = object("ConfigMap", "kubeflow", "store");
    store["metadata"]["labels"] = json!({"bowline.dev/pipelines": "store"});
    store["data"] = json!({"store.yaml": STORE});
    store
}

fn source(key: &str) -> Value {
    let mut source = object("Secret", "kubeflow", "shared");
    source["metadata"]["annotations"] = json!({"bowline.dev/pipelines-source": "true"});
    source["stringData"] = json!({"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": key});
    source
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    })
}

//! Objects that are nearly as large as a cluster keeps them, with as many connections as there may be.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::wire::MERGE_PATCH;

/// How many connections one workload may name.
const CONNECTIONS: usize = 32;
/// Bytes of the Notebook's specification; etcd takes 1.5 MiB for everything together.
const BYTES: usize = 1_433_600;

#[tokio::test]
async fn a_notebook_of_almost_the_largest_size_gets_all_its_connections() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let names: Vec<String> = (0..CONNECTIONS).map(|n| format!("charts-{n}")).collect();
    let mut secrets = Vec::new();
    for name in &names {
        let mut secret = crate::scene::connection(&scene.namespace);
        secret["metadata"]["name"] = json!(name);
        secrets.push(secret);
    }
    scene.cluster().apply(&secrets).await?;
    let mut notebook = scene.plain("kubeflow.org/v1", "Notebook");
    let references: Vec<String> = names
        .iter()
        .map(|name| format!("{}/{name}", scene.namespace))
        .collect();
    notebook["metadata"]["annotations"] =
        json!({"opendatahub.io/connections": references.join(",")});
    notebook["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["x".repeat(BYTES)]);
    let made = scene
        .admin
        .post(&scene.all(&notebook)?, &notebook)
        .await?
        .granted()?;
    ensure!(injected(&made) == names, "{:?}", injected(&made));
    // Now the webhook is sent both the old and the new one.
    let label = json!({"metadata": {"labels": {"tier": "lab"}}});
    let reply = scene
        .admin
        .patch(&scene.path(&notebook)?, MERGE_PATCH, &label)
        .await?;
    ensure!(injected(&reply.granted()?) == names, "something was lost");
    Ok(())
}

/// The Secrets whose variables the container gets.
fn injected(notebook: &Value) -> Vec<String> {
    let sources = &notebook["spec"]["template"]["spec"]["containers"][0]["envFrom"];
    let sources = sources.as_array().into_iter().flatten();
    let names = sources.filter_map(|source| source["secretRef"]["name"].as_str());
    names.map(str::to_owned).collect()
}

//! Watches are cut, and what they would resume from is forgotten: the end state is that of a list.

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Fault, Installation, Proxy, own};
use http::Method;

use super::scene::Scene;

#[tokio::test]
async fn what_happened_while_watches_were_cut_and_compacted_is_found() -> Result<()> {
    let Some(mut cluster) = own().await? else {
        return Ok(());
    };
    let scene = Scene::new(&cluster, "compacted").await?;
    let proxy = Proxy::start(&cluster).await?;
    let operator = Installation::new(&[])?.start(&proxy.kubeconfig()).await?;
    for name in ["changed", "deleted", "kept"] {
        scene.secret(name, "1").await?;
        scene.notebook(name, name).await?;
    }
    scene.notebook("removed", "kept").await?;
    scene.model("llm", "store").await?;
    scene.until_has("store", true).await?;
    for name in ["changed", "deleted", "kept", "removed"] {
        scene.until(name, "current").await?;
    }

    proxy.set(
        |asked| match asked.is_watch() || is_list(asked.path.as_str()) {
            true => Fault::Hold,
            false => Fault::None,
        },
    );
    proxy.cut();
    scene.secret("changed", "2").await?;
    scene.delete_secret("deleted").await?;
    let removed = scene.notebook_object("removed", None);
    scene.delete(&removed).await?.granted()?;
    scene.notebook("added", "kept").await?;
    scene.delete_secret("storage-config").await?;
    let plane = cluster.control_plane().context("a cluster of our own")?;
    plane.compact().await?;
    plane.kill_api_server();
    plane.start_api_server().await?;
    proxy.set(|_| Fault::None);

    for (name, state) in [
        ("changed", "stale"),
        ("deleted", "missing"),
        ("added", "current"),
        ("kept", "current"),
    ] {
        scene.until(name, state).await?;
    }
    scene.until_has("store", true).await?;
    ensure!(
        proxy.gone() > 0,
        "no watch was told that its version is gone"
    );
    // Watches resume: what changes now needs no other list.
    let lists = |proxy: &Proxy| {
        let passed = proxy.passed();
        let of_secrets = passed.iter().filter(|asked| {
            asked.method == Method::GET && asked.path == "/api/v1/secrets" && !asked.is_watch()
        });
        of_secrets.count()
    };
    let before = lists(&proxy);
    scene.secret("kept", "2").await?;
    scene.until("added", "stale").await?;
    ensure!(lists(&proxy) == before, "it listed again");
    drop(operator);
    Ok(())
}

/// Whether this is where a kind is listed in all namespaces.
fn is_list(path: &str) -> bool {
    !path.contains("/namespaces/")
}

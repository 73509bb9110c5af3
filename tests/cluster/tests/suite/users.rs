//! Who still uses a connection is told to whoever deletes it, by the installed operator.

use anyhow::{Result, ensure};
use bowline_cluster_tests::{own, until};

use crate::installed::Installed;
use crate::scene::{CONNECTION, connection, tied};
use crate::wire::Caller;

const NAMESPACE: &str = "harbour";

#[tokio::test]
async fn whoever_deletes_a_connection_is_warned_of_the_workloads_that_use_it() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let installed = Installed::new(cluster, "default").await?;
    let cluster = &installed.cluster;
    cluster.namespace(NAMESPACE, &[]).await?;
    let notebook = tied(NAMESPACE, "kubeflow.org/v1", "Notebook");
    cluster.apply(&[connection(NAMESPACE), notebook]).await?;
    let admin = Caller::administrator(cluster.client().await?);
    let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets/{CONNECTION}");
    let tried = format!("{path}?dryRun=All");
    until("the operator knows who uses it", || async {
        Ok(!admin.delete(&tried).await?.warnings.is_empty())
    })
    .await?;
    let reply = admin.delete(&path).await?;
    ensure!(
        reply.is_ok(),
        "a warning is no refusal: {}",
        reply.message()
    );
    let expected = format!("Secret `{CONNECTION}` is still used by Notebook/demo");
    ensure!(reply.warnings == [expected], "{:?}", reply.warnings);
    Ok(())
}

//! An API server that asks Bowline more than once about one request, as it does when other webhooks
//! change the object in between.

use anyhow::Result;
use bowline_cluster_tests::{Bowline, own, until};
use serde_json::{Value, json};

use crate::scene::{KINDS, connection, tied};
use crate::wire::{Caller, collection};

const NAMESPACE: &str = "again";
const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

#[tokio::test]
async fn being_asked_twice_changes_nothing_the_second_time() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    cluster
        .namespace(NAMESPACE, &[("bowline.dev/inject", "enabled")])
        .await?;
    cluster.apply(&[connection(NAMESPACE)]).await?;
    let mut bowline = Bowline::start(&cluster).await?;
    let caller = Caller::administrator(cluster.client().await?);
    let asked_once = create_all(&caller).await?;

    let mut second = caller
        .get(&format!("{CONFIGURATIONS}/bowline"))
        .await?
        .granted()?;
    second["metadata"] = json!({"name": "bowline-again"});
    caller.post(CONFIGURATIONS, &second).await?.granted()?;
    until("Bowline is asked twice", || async {
        let before = bowline.calls(NAMESPACE).len();
        create_all(&caller).await?;
        Ok(bowline.calls(NAMESPACE).len() - before == 2 * KINDS.len())
    })
    .await?;
    assert_eq!(create_all(&caller).await?, asked_once);
    bowline.stop().await
}

/// What dry runs make of all kinds: annotations and specifications.
async fn create_all(caller: &Caller) -> Result<Vec<[Value; 2]>> {
    let mut made = Vec::new();
    for (api_version, kind) in KINDS {
        let object = tied(NAMESPACE, api_version, kind);
        let path = format!("{}?dryRun=All", collection(&object, NAMESPACE)?);
        let mut after = caller.post(&path, &object).await?.granted()?;
        // The rest of a Pod or Job is called otherwise each time: tokens, selectors.
        after["spec"] = match kind {
            "Pod" => after["spec"]["containers"][0]["envFrom"].take(),
            "Job" => after["spec"]["template"]["spec"].take(),
            _ => after["spec"].take(),
        };
        made.push([
            after["metadata"]["annotations"].take(),
            after["spec"].take(),
        ]);
    }
    Ok(made)
}

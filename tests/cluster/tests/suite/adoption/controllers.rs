//! Installing Bowline where a peer's controllers have been: what those made in a namespace is left
//! alone or taken over as the chart says, and nothing that others use gets lost.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_cluster_tests::{Authority, Cluster, own_with_schemas, until};
use bowline_core::names;
use serde_json::{Value, json};

use crate::installed::Installed;
use crate::scene::{CONNECTION, connection, tied};
use crate::wire::Caller;

const NAMESPACE: &str = "harbour";
/// An entry for a connection of the dashboard, which no workload uses just now.
const OTHER: &str = "charts";

/// A namespace as OpenShift AI's webhooks and controllers leave it; its model, and what they keep:
/// `storage-config`, the bundle of certificates, and the account.
async fn left_behind(cluster: &Cluster) -> Result<(Value, [Value; 3])> {
    cluster.namespace(NAMESPACE, &[]).await?;
    let mut service = tied(NAMESPACE, "serving.kserve.io/v1beta1", "InferenceService");
    let storage = json!({"key": CONNECTION, "path": "granite"});
    let predictor = json!({
        "serviceAccountName": format!("{CONNECTION}-sa"), "model": {"storage": storage},
    });
    json_patch::merge(&mut service, &json!({"spec": {"predictor": predictor}}));
    let managed = json!({names::MANAGED_LABEL: "true"});
    let mut config = object("Secret", "storage-config");
    config["metadata"]["labels"] = managed.clone();
    // Theirs states no type for a connection without the oldest of the annotations.
    config["stringData"] = json!({CONNECTION: entry(""), OTHER: entry("s3")});
    let mut bundle = object("ConfigMap", "odh-kserve-custom-ca-bundle");
    bundle["metadata"]["labels"] = managed;
    bundle["data"] = json!({"cabundle.crt": ""});
    let mut trusted = object("ConfigMap", "odh-trusted-ca-bundle");
    trusted["data"] = json!({"ca-bundle.crt": Authority::new("platform")?.pem()});
    let mut account = object("ServiceAccount", &format!("{CONNECTION}-sa"));
    account["secrets"] = json!([{"name": CONNECTION}]);
    let theirs = [config, bundle, account];
    cluster
        .apply(&[connection(NAMESPACE), trusted, service.clone()])
        .await?;
    cluster.apply(&theirs).await?;
    Ok((service, theirs))
}

fn object(kind: &str, name: &str) -> Value {
    let metadata = json!({"name": name, "namespace": NAMESPACE});
    json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})
}

fn entry(kind: &str) -> String {
    let entry = json!({
        "type": kind, "access_key_id": "reader", "secret_access_key": "not-a-real-one",
        "endpoint_url": "https://s3.example.com", "bucket": "soundings", "region": "",
    });
    entry.to_string()
}

/// An entry of a `storage-config`.
fn decoded(config: &Value, name: &str) -> Result<Value> {
    let text = config["data"][name].as_str().context("no entry")?;
    Ok(serde_json::from_slice(&STANDARD.decode(text)?)?)
}

async fn stored(cluster: &Cluster, objects: &[Value; 3]) -> Result<[Value; 3]> {
    let [config, bundle, account] = objects;
    let get = async |object| cluster.get(object).await?.context("it is gone");
    Ok([get(config).await?, get(bundle).await?, get(account).await?])
}

/// Takes the reference of the model away, and with it the last use of the connection.
async fn detach(cluster: &Cluster, service: &Value) -> Result<()> {
    let mut plain = service.clone();
    plain["metadata"]["annotations"] = json!({});
    let [model, predictor] = ["/spec/predictor/model", "/spec/predictor"].map(str::to_owned);
    for (parent, key) in [(model, "storage"), (predictor, "serviceAccountName")] {
        let parent = plain.pointer_mut(&parent).and_then(Value::as_object_mut);
        parent.context("no predictor")?.remove(key);
    }
    cluster.apply(&[plain]).await
}

async fn reasons(cluster: &Cluster) -> Result<Vec<String>> {
    let admin = Caller::administrator(cluster.client().await?);
    let path = format!("/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events");
    let list = admin.get(&path).await?.granted()?;
    let events = list["items"].as_array().context("no items")?.iter();
    let reasons = events.filter_map(|event| event["reason"].as_str());
    Ok(reasons.map(str::to_owned).collect())
}

#[tokio::test]
async fn beside_a_peer_what_its_controllers_made_is_left_alone_and_an_event_says_so() -> Result<()>
{
    let Some(cluster) = own_with_schemas().await? else {
        return Ok(());
    };
    let (service, theirs) = left_behind(&cluster).await?;
    let before = stored(&cluster, &theirs).await?;
    let installed = Installed::new(cluster, "openshift-ai-beside").await?;
    let cluster = &installed.cluster;
    until("it is said that the entry is of no use", || async {
        Ok(reasons(cluster)
            .await?
            .contains(&"NotInStorageConfig".to_owned()))
    })
    .await?;
    detach(cluster, &service).await?;
    let statuses = object("ConfigMap", "bowline-connection-status");
    until("the use is forgotten", || async {
        Ok(cluster.get(&statuses).await?.is_none())
    })
    .await?;
    let after = stored(cluster, &theirs).await?;
    ensure!(after == before, "something of theirs was changed");
    Ok(())
}

#[tokio::test]
async fn in_place_of_a_peer_its_entries_are_put_right_and_those_of_others_stay() -> Result<()> {
    let Some(cluster) = own_with_schemas().await? else {
        return Ok(());
    };
    let (service, theirs) = left_behind(&cluster).await?;
    let [config, _, account] = stored(&cluster, &theirs).await?;
    let other = decoded(&config, OTHER)?;
    let installed = Installed::new(cluster, "openshift-ai-replace").await?;
    let cluster = &installed.cluster;
    until("the entry and the certificates are put right", || async {
        let [config, bundle, _] = stored(cluster, &theirs).await?;
        let entry = decoded(&config, CONNECTION)?;
        let bundle = bundle["data"]["cabundle.crt"].as_str().unwrap_or_default();
        Ok(entry["type"] == "s3"
            && entry["cabundle_configmap"] == "odh-kserve-custom-ca-bundle"
            && bundle.contains("BEGIN CERTIFICATE"))
    })
    .await?;
    detach(cluster, &service).await?;
    until("the entry goes with its last use", || async {
        let [config, ..] = stored(cluster, &theirs).await?;
        Ok(config["data"].get(CONNECTION).is_none())
    })
    .await?;
    let [config, _, account_after] = stored(cluster, &theirs).await?;
    ensure!(
        decoded(&config, OTHER)? == other,
        "the entry of another connection was changed"
    );
    ensure!(
        account_after == account,
        "an account that a peer made was changed"
    );
    Ok(())
}

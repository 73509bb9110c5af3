//! The chart on a real API server: its objects are accepted, its pods pass restricted pod security,
//! and its webhooks are asked about what concerns connections and nothing else.

mod asked;

use anyhow::{Context as _, Result};
use bowline_cluster_tests::chart::snapshot;
use bowline_cluster_tests::{Cluster, shared};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use rstest::rstest;
use serde_json::{Value, json};

/// Kinds of others, which a test cluster does not have.
const FOREIGN: [&str; 2] = ["monitoring.coreos.com/v1", "cert-manager.io/v1"];

fn of_kind(objects: &[Value], kind: &str) -> Result<Value> {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.cloned().with_context(|| format!("no {kind}"))
}

/// Where an object of this kind goes.
fn api(client: &Client, object: &Value) -> Result<Api<DynamicObject>> {
    let api_version = object["apiVersion"].as_str().context("no apiVersion")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = object["kind"].as_str().context("no kind")?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Ok(match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    })
}

/// The namespace that the snapshots install into, with restricted pod security enforced.
async fn release_namespace(cluster: &Cluster) -> Result<()> {
    let labels = [("pod-security.kubernetes.io/enforce", "restricted")];
    cluster.namespace("bowline", &labels).await
}

#[rstest]
#[case::default("default")]
#[case::alauda("alauda")]
#[case::kserve("kserve")]
#[case::kubeflow("kubeflow")]
#[case::openshift_ai_beside("openshift-ai-beside")]
#[case::openshift_ai_replace("openshift-ai-replace")]
#[case::most_on("most-on")]
#[case::most_off("most-off")]
#[case::storage_off("storage-off")]
#[case::server_on("server-on")]
#[tokio::test]
async fn every_object_is_accepted(#[case] name: &str) -> Result<()> {
    let Some(shared) = shared().await? else {
        return Ok(());
    };
    release_namespace(&shared.cluster).await?;
    // Where the store of pipelines is, which some settings name.
    shared.cluster.namespace("kubeflow", &[]).await?;
    let client = shared.cluster.client().await?;
    let params = PatchParams {
        dry_run: true,
        // Fields that the API server does not know are refused and not dropped.
        field_validation: Some(kube::api::ValidationDirective::Strict),
        ..PatchParams::apply("chart").force()
    };
    let ours = |object: &&mut Value| !FOREIGN.iter().any(|other| object["apiVersion"] == *other);
    for object in snapshot(name)?.iter_mut().filter(ours) {
        if object["webhooks"].is_array() {
            // The cluster's own, for all tests, have the chart's name.
            object["metadata"]["name"] = json!("chart");
        }
        let called = object["metadata"]["name"].as_str().context("no name")?;
        let api = api(&client, object)?;
        let applied = api.patch(called, &params, &Patch::Apply(&*object)).await;
        applied.with_context(|| format!("{} `{called}`", object["kind"]))?;
    }
    Ok(())
}

#[rstest]
#[case::as_it_is(|_: &mut Value| (), true)]
#[case::as_root(|pod: &mut Value| pod["spec"]["securityContext"]["runAsNonRoot"] = json!(false), false)]
#[tokio::test]
async fn the_pod_passes_restricted_pod_security(
    #[case] change: fn(&mut Value),
    #[case] passes: bool,
) -> Result<()> {
    let Some(shared) = shared().await? else {
        return Ok(());
    };
    release_namespace(&shared.cluster).await?;
    let deployment = of_kind(&snapshot("default")?, "Deployment")?;
    let mut pod = deployment["spec"]["template"].clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("bowline");
    pod["metadata"]["namespace"] = json!("bowline");
    // The controller manager makes the account's token, and there is none here.
    pod["spec"]["serviceAccountName"] = json!("default");
    change(&mut pod);
    let params = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let object: DynamicObject = serde_json::from_value(pod.clone())?;
    let created = api(&shared.cluster.client().await?, &pod)?
        .create(&params, &object)
        .await;
    match created {
        Ok(_) => assert!(passes, "the pod was let in"),
        Err(error) => assert!(
            !passes && error.to_string().contains("violates PodSecurity"),
            "{error}"
        ),
    }
    Ok(())
}

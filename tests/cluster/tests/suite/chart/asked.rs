//! Which of the chart's webhooks the API server asks about which requests: a server that allows
//! everything and remembers who was asked, and a table.

use std::collections::BTreeSet;
use std::mem;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_cluster_tests::chart::snapshot;
use bowline_cluster_tests::{Authority, Cluster, own, until};
use bowline_core::names::{
    ALAUDA_PROTOCOL, ALAUDA_SOURCE, ALAUDA_TYPE_REF, CONNECTIONS, DASHBOARD_LABEL, INJECTED,
    KSERVE_S3_REGION, LEGACY_TYPE, MANAGED_LABEL, PROTOCOL, TYPE_REF,
};
use bowline_operator::listen::listen;
use kube::Client;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{api, release_namespace};

/// Who was asked since the last look.
#[derive(Debug, Clone, Default)]
struct Asked(Arc<Mutex<BTreeSet<String>>>);

impl Asked {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<String> {
        mem::take(&mut *self.lock()).into_iter().collect()
    }
}

async fn allow(
    State(asked): State<Asked>,
    Path(webhook): Path<String>,
    Json(review): Json<Value>,
) -> Json<Value> {
    asked.lock().insert(webhook);
    Json(json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": review["request"]["uid"], "allowed": true},
    }))
}

/// Registers the chart's webhooks, but at a server that answers under each webhook's short name.
async fn register(cluster: &Cluster, asked: &Asked) -> Result<()> {
    let authority = Authority::new("chart")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("https://{}", listener.local_addr()?);
    let tls = authority.server(&["127.0.0.1"])?.server_config()?;
    let routes = Router::new()
        .route("/{webhook}", post(allow))
        .with_state(asked.clone());
    tokio::spawn(listen(listener, tls, routes, std::future::pending()));
    let mut objects = snapshot("default")?;
    objects.retain(|object| object["webhooks"].is_array());
    for webhook in objects
        .iter_mut()
        .filter_map(|object| object["webhooks"].as_array_mut())
        .flatten()
    {
        let name = webhook["name"].as_str().context("no name")?;
        let short = name.split('.').next().unwrap_or_default();
        webhook["clientConfig"] =
            json!({"url": format!("{url}/{short}"), "caBundle": STANDARD.encode(authority.pem())});
    }
    cluster.apply(&objects).await?;
    // Each of the two configurations takes effect when the API server hears of it.
    let client = cluster.client().await?;
    let probes = [
        notebook("v1", Some((CONNECTIONS, "x"))),
        secret(json!({PROTOCOL: "s3"}), json!({})),
    ];
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    for (probe, webhook) in probes.iter().zip(["notebooks", "secrets"]) {
        let api = api(&client, probe)?;
        let object: DynamicObject = serde_json::from_value(probe.clone())?;
        until(&format!("`{webhook}` is asked"), || async {
            api.create(&dry_run, &object).await?;
            Ok(asked.lock().contains(webhook))
        })
        .await?;
    }
    asked.take();
    Ok(())
}

fn object(api_version: &str, kind: &str, namespace: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "tied", "namespace": namespace},
    });
    object["spec"] = spec;
    object
}

fn annotated(mut object: Value, annotation: Option<(&str, &str)>) -> Value {
    if let Some((key, value)) = annotation {
        object["metadata"]["annotations"] = json!({key: value});
    }
    object
}

fn owned(mut object: Value, api_version: &str, kind: &str, is_controller: bool) -> Value {
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": api_version,
        "kind": kind,
        "name": "owner",
        "uid": "00000000-0000-4000-8000-000000000000",
        "controller": is_controller,
    }]);
    object
}

fn pod_spec() -> Value {
    json!({"restartPolicy": "Never", "containers": [{
        "name": "main",
        "image": "image",
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    }], "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}})
}

/// A pod template; `tied` puts the reference on it.
fn template(tied: bool) -> Value {
    let annotation = tied.then_some((CONNECTIONS, "soundings"));
    annotated(
        json!({"metadata": {"labels": {"app": "tied"}}, "spec": pod_spec()}),
        annotation,
    )
}

fn pod(namespace: &str) -> Value {
    let pod = object("v1", "Pod", namespace, pod_spec());
    annotated(pod, Some((CONNECTIONS, "soundings")))
}

fn replicated(kind: &str, tied: bool) -> Value {
    let mut template = template(tied);
    template["spec"]["restartPolicy"] = json!("Always");
    let selector = json!({"matchLabels": {"app": "tied"}});
    let spec = json!({"selector": selector, "template": template});
    object("apps/v1", kind, "inject", spec)
}

fn cron_job(tied: bool) -> Value {
    let job = json!({"spec": {"template": template(tied)}});
    let spec = json!({"schedule": "0 0 * * *", "jobTemplate": job});
    object("batch/v1", "CronJob", "inject", spec)
}

fn ray(head: bool, worker: bool) -> Value {
    json!({
        "headGroupSpec": {"template": template(head)},
        "workerGroupSpecs": [
            {"groupName": "first", "template": template(false)},
            {"groupName": "second", "template": template(worker)},
        ],
    })
}

fn notebook(version: &str, annotation: Option<(&str, &str)>) -> Value {
    let spec = json!({"template": {"spec": pod_spec()}});
    let api_version = format!("kubeflow.org/{version}");
    annotated(object(&api_version, "Notebook", "plain", spec), annotation)
}

fn service(annotation: Option<(&str, &str)>) -> Value {
    let spec = json!({"predictor": {"model": {"modelFormat": {"name": "onnx"}}}});
    let service = object(
        "serving.kserve.io/v1beta1",
        "InferenceService",
        "plain",
        spec,
    );
    annotated(service, annotation)
}

fn llm(version: &str) -> Value {
    let api_version = format!("serving.kserve.io/{version}");
    let spec = json!({"model": {"uri": "hf://tide/forecast"}});
    let service = object(&api_version, "LLMInferenceService", "plain", spec);
    annotated(service, Some((CONNECTIONS, "soundings")))
}

fn secret(annotations: Value, labels: Value) -> Value {
    let mut secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "tied", "namespace": "plain"},
    });
    secret["metadata"]["annotations"] = annotations;
    secret["metadata"]["labels"] = labels;
    secret
}

/// What is created, and who is asked then.
#[rustfmt::skip]
fn creations() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let reference = Some((CONNECTIONS, "soundings"));
    let ray_job = |cluster| object("ray.io/v1", "RayJob", "inject", json!({"rayClusterSpec": cluster}));
    let ray_cluster = |spec| object("ray.io/v1", "RayCluster", "inject", spec);
    let job = |tied| object("batch/v1", "Job", "inject", json!({"template": template(tied)}));
    vec![
        ("a Notebook", notebook("v1", None), &[]),
        ("a Notebook with a reference", notebook("v1", reference), &["notebooks"]),
        ("one of another version", notebook("v1beta1", reference), &["notebooks"]),
        ("a model", service(None), &[]),
        ("a model with a reference", service(reference), &["inferenceservices"]),
        ("a model with Alauda's", service(Some((ALAUDA_SOURCE, "soundings"))), &["inferenceservices"]),
        ("a model with a record", service(Some((INJECTED, "{}"))), &["inferenceservices"]),
        ("an LLM, v1alpha1", llm("v1alpha1"), &["llminferenceservices"]),
        ("an LLM, v1alpha2", llm("v1alpha2"), &["llminferenceservices"]),
        ("a pod", object("v1", "Pod", "inject", pod_spec()), &[]),
        ("a pod with a reference", pod("inject"), &["workloads"]),
        ("a pod where nobody asked for it", pod("plain"), &[]),
        ("a pod in kube-system", pod("kube-system"), &[]),
        ("a pod in Bowline's namespace", pod("bowline"), &[]),
        ("a pod of a ReplicaSet", owned(pod("inject"), "apps/v1", "ReplicaSet", true), &[]),
        ("a pod of a Job", owned(pod("inject"), "batch/v1", "Job", true), &[]),
        ("a pod of a kind that is no workload", owned(pod("inject"), "argoproj.io/v1alpha1", "Workflow", true), &["workloads"]),
        ("a pod that a Job owns but does not control", owned(pod("inject"), "batch/v1", "Job", false), &["workloads"]),
        ("a StatefulSet of a Notebook", owned(replicated("StatefulSet", true), "kubeflow.org/v1beta1", "Notebook", true), &[]),
        ("a Deployment", replicated("Deployment", false), &[]),
        ("a Deployment with a reference", annotated(replicated("Deployment", false), reference), &["workloads"]),
        ("a Deployment's template", replicated("Deployment", true), &["workloads"]),
        ("a StatefulSet's template", replicated("StatefulSet", true), &["workloads"]),
        ("a DaemonSet's template", replicated("DaemonSet", true), &["workloads"]),
        ("a Job", job(false), &[]),
        ("a Job's template", job(true), &["workloads"]),
        ("a CronJob", cron_job(false), &[]),
        ("a CronJob's template", cron_job(true), &["workloads"]),
        ("a RayCluster", ray_cluster(ray(false, false)), &[]),
        ("a RayCluster without anything", ray_cluster(json!({})), &[]),
        ("a RayCluster's head", ray_cluster(ray(true, false)), &["workloads"]),
        ("a RayCluster's second workers", ray_cluster(ray(false, true)), &["workloads"]),
        ("a RayJob", ray_job(ray(false, false)), &[]),
        ("a RayJob's head", ray_job(ray(true, false)), &["workloads"]),
        ("a RayJob's second workers", ray_job(ray(false, true)), &["workloads"]),
        ("a RayJob full of nulls", ray_job(json!({"headGroupSpec": {"template": null}, "workerGroupSpecs": null})), &[]),
        ("a Secret", secret(json!({"openshift.io/display-name": "x"}), json!({})), &[]),
        ("a listed Secret", secret(json!({}), json!({DASHBOARD_LABEL: "true"})), &[]),
        ("a connection", secret(json!({PROTOCOL: "s3"}), json!({})), &["secrets"]),
        ("a connection by type", secret(json!({TYPE_REF: "s3"}), json!({})), &["secrets"]),
        ("a connection of old", secret(json!({LEGACY_TYPE: "s3"}), json!({})), &["secrets"]),
        ("a connection of Alauda's", secret(json!({ALAUDA_PROTOCOL: "s3"}), json!({})), &["secrets"]),
        ("one by type of Alauda's", secret(json!({ALAUDA_TYPE_REF: "ct-s3-storage"}), json!({})), &["secrets"]),
        ("a connection of KServe's", secret(json!({KSERVE_S3_REGION: "x"}), json!({})), &["secrets"]),
    ]
}

/// How what exists is changed, and who is asked then.
#[rustfmt::skip]
fn changes() -> Vec<(&'static str, Value, Value, &'static [&'static str])> {
    let reference = Some((CONNECTIONS, "soundings"));
    let dropped = json!({"metadata": {"annotations": null}});
    let label = json!({"metadata": {"labels": {"new": "yes"}}});
    let template_dropped = json!({"spec": {"template": {"metadata": {"annotations": null}}}});
    vec![
        ("a model is labelled", service(None), label.clone(), &[]),
        ("a tied model is labelled", service(reference), label.clone(), &["inferenceservices"]),
        ("a model's reference is dropped", service(reference), dropped.clone(), &["inferenceservices"]),
        ("a model is tied", service(None), json!({"metadata": {"annotations": {CONNECTIONS: "soundings"}}}), &["inferenceservices"]),
        ("a Deployment's template is untied", replicated("Deployment", true), template_dropped, &["workloads"]),
        ("a connection stops being one", secret(json!({PROTOCOL: "s3"}), json!({})), dropped, &["secrets"]),
        ("a Secret is labelled", secret(json!({}), json!({})), label, &[]),
    ]
}

/// What is deleted, and who is asked then.
#[rustfmt::skip]
fn deletions() -> Vec<(&'static str, Value, &'static [&'static str])> {
    vec![
        ("a Secret", secret(json!({}), json!({})), &[]),
        ("a connection", secret(json!({PROTOCOL: "s3"}), json!({})), &["secrets"]),
        ("a managed Secret", secret(json!({}), json!({MANAGED_LABEL: "true"})), &["secrets"]),
        ("a vital Secret", secret(json!({"bowline.dev/vital": "true"}), json!({})), &["vital"]),
        ("a vital connection", secret(json!({PROTOCOL: "s3", "bowline.dev/vital": "true"}), json!({})), &["secrets", "vital"]),
        ("a Secret that is not vital", secret(json!({"bowline.dev/vital": "false"}), json!({})), &[]),
        ("a tied model", service(Some((CONNECTIONS, "soundings"))), &[]),
    ]
}

async fn create(client: &Client, object: &Value) -> Result<()> {
    let parsed: DynamicObject = serde_json::from_value(object.clone())?;
    let api = api(client, object)?;
    api.create(&PostParams::default(), &parsed).await?;
    Ok(())
}

async fn delete(client: &Client, object: &Value) -> Result<()> {
    let at_once = DeleteParams::background().grace_period(0);
    api(client, object)?.delete("tied", &at_once).await?;
    Ok(())
}

/// A line for each request after which others were asked than should be.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn see(&mut self, what: &str, asked: &Asked, expected: &[&str]) {
        let asked = asked.take();
        if asked != expected {
            self.0
                .push(format!("{what}: asked {asked:?}, not {expected:?}"));
        }
    }
}

#[tokio::test]
async fn the_api_server_asks_about_what_concerns_connections_and_nothing_else() -> Result<()> {
    let Some(cluster) = own().await? else {
        return Ok(());
    };
    let inject = [("bowline.dev/inject", "enabled")];
    release_namespace(&cluster).await?;
    cluster.namespace("plain", &[]).await?;
    for name in ["inject", "kube-system", "bowline"] {
        cluster.namespace(name, &inject).await?;
    }
    let asked = Asked::default();
    register(&cluster, &asked).await?;
    let client = cluster.client().await?;
    let mut differences = Differences::default();
    for (what, object, expected) in creations() {
        create(&client, &object).await.context(what)?;
        differences.see(&format!("creating {what}"), &asked, expected);
        delete(&client, &object).await.context(what)?;
        asked.take();
    }
    for (what, object, patch, expected) in changes() {
        create(&client, &object).await.context(what)?;
        asked.take();
        let api = api(&client, &object)?;
        api.patch("tied", &PatchParams::default(), &Patch::Merge(&patch))
            .await?;
        differences.see(what, &asked, expected);
        delete(&client, &object).await.context(what)?;
    }
    asked.take();
    for (what, object, expected) in deletions() {
        create(&client, &object).await.context(what)?;
        asked.take();
        delete(&client, &object).await.context(what)?;
        differences.see(&format!("deleting {what}"), &asked, expected);
    }
    assert!(differences.0.is_empty(), "{:#?}", differences.0);
    Ok(())
}

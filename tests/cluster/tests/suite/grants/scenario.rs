//! Everything that an operator can meet, once: connections, workloads of each kind, changes of both,
//! and their end. It waits for the operator's doing only where the next step depends on it.

use anyhow::{Context as _, Result};
use bowline_cluster_tests::{Cluster, until};
use bowline_core::names;
use serde_json::{Value, json};

use crate::installed::Installed;

/// Where it is all played.
const NAMESPACE: &str = "harbour";

/// Plays it.
pub(super) async fn play(installed: &Installed) -> Result<()> {
    let cluster = &installed.cluster;
    let labels = [("bowline.dev/inject", "enabled")];
    cluster.namespace(NAMESPACE, &labels).await?;
    cluster.apply(&[claim()]).await?;
    cluster.apply(&connections()).await?;
    cluster.apply(&certificates("one")).await?;
    if installed.has_flag("--certificates=self") {
        spoil_certificate(cluster).await?;
    }
    // An account that somebody made, without the Secret.
    cluster
        .apply(&[object("v1", "ServiceAccount", "buoys-sa")])
        .await?;
    let workloads = workloads();
    cluster.apply(&workloads).await?;
    if installed.has_flag("--no-controllers") {
        return Ok(());
    }
    if installed.has_flag("--pipelines-namespace=kubeflow") {
        super::copies::play(cluster).await?;
    }
    each_is(cluster, &workloads, "current").await?;
    cluster.apply(&certificates("another")).await?;
    // The third change makes the first event happen again.
    for (key, state) in [("new", "stale"), ("old", "current"), ("new", "stale")] {
        cluster.apply(&[s3("soundings", key)]).await?;
        each_is(cluster, &workloads, state).await?;
    }
    cluster.delete(&workloads).await?;
    cluster.delete(&connections()).await?;
    cluster.delete(&certificates("another")).await
}

/// Has the operator write its own certificate anew, as when it runs out.
async fn spoil_certificate(cluster: &Cluster) -> Result<()> {
    let mut secret = object("v1", "Secret", "bowline-webhook-tls");
    secret["metadata"]["namespace"] = json!("bowline");
    let before = cluster.get(&secret).await?.context("no certificate")?;
    let mut spoilt = secret.clone();
    spoilt["type"] = before["type"].clone();
    spoilt["stringData"] = json!({"tls.crt": ""});
    cluster.apply(&[spoilt]).await?;
    until("the certificate is whole again", || async {
        let now = cluster.get(&secret).await?.context("no certificate")?;
        Ok(now["data"]["tls.crt"] != "")
    })
    .await
}

/// Waits until the operator says of each workload's use of `soundings` that it is in this state.
async fn each_is(cluster: &Cluster, workloads: &[Value], state: &str) -> Result<()> {
    let models = object("v1", "ConfigMap", "bowline-connection-status");
    for workload in workloads.iter().filter(|workload| uses_soundings(workload)) {
        let kind = workload["kind"].as_str().context("no kind")?;
        let name = workload["metadata"]["name"].as_str().context("no name")?;
        until(&format!("{kind} `{name}` is {state}"), || async {
            let text = if kind.ends_with("InferenceService") {
                let found = cluster.get(&models).await?.context("no statuses")?;
                found["data"][format!("{}.{name}", kind.to_lowercase())].clone()
            } else {
                let found = cluster.get(workload).await?.context("no workload")?;
                found["metadata"]["annotations"][names::STATUS].clone()
            };
            let statuses: Value = serde_json::from_str(text.as_str().context("no status")?)?;
            Ok(statuses["soundings"]["state"] == state)
        })
        .await?;
    }
    Ok(())
}

fn uses_soundings(workload: &Value) -> bool {
    let named = workload["metadata"]["annotations"][names::CONNECTIONS].as_str();
    named.is_some_and(|named| named.ends_with("soundings"))
}

fn connections() -> [Value; 5] {
    let login = json!({"auths": {"registry.example.com": {"auth": "YTpi"}}});
    [
        s3("soundings", "old"),
        s3("buoys", "old"),
        secret(
            "tide",
            "uri",
            "Opaque",
            json!({"URI": "https://models.example.com/tide.onnx"}),
        ),
        // A test of it looks at the claim.
        secret("shelf", "uri", "Opaque", json!({"URI": "pvc://shelf/tide"})),
        secret(
            "images",
            "oci",
            "kubernetes.io/dockerconfigjson",
            json!({".dockerconfigjson": login.to_string()}),
        ),
    ]
}

fn claim() -> Value {
    let mut claim = object("v1", "PersistentVolumeClaim", "shelf");
    claim["spec"] = json!({
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    });
    claim
}

fn s3(name: &str, key: &str) -> Value {
    let data = json!({
        "AWS_ACCESS_KEY_ID": "harbour",
        "AWS_SECRET_ACCESS_KEY": key,
        "AWS_S3_ENDPOINT": "https://s3.example.com",
        "AWS_S3_BUCKET": "charts",
        "AWS_DEFAULT_REGION": "eu-west-1",
    });
    secret(name, "s3", "Opaque", data)
}

fn secret(name: &str, protocol: &str, secret_type: &str, data: Value) -> Value {
    let mut secret = object("v1", "Secret", name);
    secret["metadata"]["annotations"] = json!({names::PROTOCOL: protocol});
    secret["type"] = json!(secret_type);
    secret["stringData"] = data;
    secret
}

/// What other controllers leave in namespaces.
fn certificates(name: &str) -> [Value; 2] {
    let pem =
        bowline_cluster_tests::Authority::new(name).map(|authority| authority.pem().to_owned());
    let pem = pem.unwrap_or_default();
    let mut trusted = object("v1", "ConfigMap", "odh-trusted-ca-bundle");
    trusted["data"] = json!({"ca-bundle.crt": pem});
    let mut service = object("v1", "ConfigMap", "openshift-service-ca.crt");
    service["data"] = json!({"service-ca.crt": pem});
    [trusted, service]
}

fn workloads() -> Vec<Value> {
    let serving = "serving.kserve.io/v1beta1";
    let service = |name, connection, model: Value| {
        let mut object = object(serving, "InferenceService", name);
        object["metadata"]["annotations"] =
            json!({names::CONNECTIONS: connection, names::CONNECTION_PATH: "llm/tide"});
        object["spec"] = json!({"predictor": {"model": model}});
        object
    };
    let onnx = json!({"modelFormat": {"name": "onnx"}});
    let image =
        json!({"modelFormat": {"name": "onnx"}, "storageUri": "oci://registry.example.com/tide:1"});
    let mut llm = service("llm", "soundings", Value::Null);
    llm["apiVersion"] = json!("serving.kserve.io/v1alpha2");
    llm["kind"] = json!("LLMInferenceService");
    llm["spec"] = json!({"model": {"name": "tide"}});
    let mut workloads = vec![
        service("s3", "soundings", onnx.clone()),
        service("linked", "buoys", onnx.clone()),
        service("uri", "tide", onnx),
        service("oci", "images", image),
        llm,
    ];
    let labels = json!({"app": "tide"});
    let containers = json!([{"name": "main", "image": "main"}]);
    let running = json!({"metadata": {"labels": labels}, "spec": {"containers": containers}});
    let ending = json!({"spec": {"containers": containers, "restartPolicy": "Never"}});
    let selector = json!({"matchLabels": labels});
    let replicated = json!({"selector": selector, "template": running});
    let named = json!({"selector": selector, "template": running, "serviceName": "tide"});
    let job = json!({"template": ending});
    let cron_job = json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}});
    let ray = json!({"headGroupSpec": {"template": running}});
    for (api_version, kind, spec) in [
        (
            "kubeflow.org/v1",
            "Notebook",
            json!({"template": {"spec": {"containers": containers}}}),
        ),
        ("apps/v1", "Deployment", replicated.clone()),
        ("apps/v1", "StatefulSet", named),
        ("apps/v1", "DaemonSet", replicated),
        ("batch/v1", "Job", job),
        ("batch/v1", "CronJob", cron_job),
        ("ray.io/v1", "RayCluster", ray.clone()),
        (
            "ray.io/v1",
            "RayJob",
            json!({"entrypoint": "true", "rayClusterSpec": ray}),
        ),
    ] {
        let mut object = object(api_version, kind, "tide");
        object["metadata"]["annotations"] =
            json!({names::CONNECTIONS: format!("{NAMESPACE}/soundings")});
        if kind == "Deployment" {
            // What its controller writes.
            object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("1");
        }
        object["spec"] = spec;
        workloads.push(object);
    }
    workloads
}

fn object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
    })
}

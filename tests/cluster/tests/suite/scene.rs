//! A namespace of a test's own, people with rights in it, and a workload of every kind.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use bowline_cluster_tests::{Call, Cluster, Shared, shared, until};
use serde_json::{Value, json};

use crate::wire::{Caller, collection};

const RBAC: &str = "rbac.authorization.k8s.io";
/// Who may write workloads; no right to any Secret comes with it.
pub(crate) const AUTHORS: &str = "workload-authors";
/// The connection that workloads name.
pub(crate) const CONNECTION: &str = "soundings";

/// All kinds that can name a connection, with their API versions.
pub(crate) const KINDS: [(&str, &str); 11] = [
    ("kubeflow.org/v1", "Notebook"),
    ("serving.kserve.io/v1beta1", "InferenceService"),
    ("serving.kserve.io/v1alpha2", "LLMInferenceService"),
    ("v1", "Pod"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("ray.io/v1", "RayCluster"),
    ("ray.io/v1", "RayJob"),
];

/// A namespace of the shared cluster, in which all kinds can be tied.
pub(crate) struct Scene {
    pub(crate) shared: &'static Shared,
    pub(crate) admin: Caller,
    /// May write workloads, and read the connection.
    pub(crate) author: Caller,
    pub(crate) namespace: String,
}

impl Scene {
    /// None where there is no cluster to test on.
    pub(crate) async fn new() -> Result<Option<Self>> {
        Self::labelled(&[("bowline.dev/inject", "enabled")]).await
    }

    /// As [`Scene::new`], with these labels on the namespace.
    pub(crate) async fn labelled(labels: &[(&str, &str)]) -> Result<Option<Self>> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let Some(shared) = shared().await? else {
            return Ok(None);
        };
        let namespace = format!("scene-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        shared.cluster.namespace(&namespace, labels).await?;
        let admin = Caller::administrator(shared.cluster.client().await?);
        let_authors_write(&shared.cluster).await?;
        let scene = Self {
            shared,
            author: admin.acting_as(&format!("author-of-{namespace}"), &[AUTHORS]),
            admin,
            namespace,
        };
        scene
            .cluster()
            .apply(&[connection(&scene.namespace)])
            .await?;
        let user = format!("author-of-{}", scene.namespace);
        scene.let_read("User", &user, &scene.author).await?;
        Ok(Some(scene))
    }

    pub(crate) const fn cluster(&self) -> &'static Cluster {
        &self.shared.cluster
    }

    /// Gives a subject the right to the connection, and waits until `caller`, who is one, has it.
    pub(crate) async fn let_read(&self, kind: &str, subject: &str, caller: &Caller) -> Result<()> {
        let rule = json!({
            "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
            "resourceNames": [CONNECTION],
        });
        let mut objects = [
            role("Role", subject, &[rule]),
            binding("Role", subject, kind, subject),
        ];
        for object in &mut objects {
            object["metadata"]["namespace"] = json!(self.namespace);
        }
        self.cluster().apply(&objects).await?;
        until_may_get(caller, &self.namespace, CONNECTION).await
    }

    /// As [`tied`], here.
    pub(crate) fn tied(&self, api_version: &str, kind: &str) -> Value {
        tied(&self.namespace, api_version, kind)
    }

    /// As [`plain`], here.
    pub(crate) fn plain(&self, api_version: &str, kind: &str) -> Value {
        plain(&self.namespace, api_version, kind)
    }

    /// Where objects like this one are.
    pub(crate) fn all(&self, object: &Value) -> Result<String> {
        collection(object, &self.namespace)
    }

    /// Where this object is.
    pub(crate) fn path(&self, object: &Value) -> Result<String> {
        let name = object["metadata"]["name"].as_str().context("no name")?;
        Ok(format!("{}/{name}", self.all(object)?))
    }

    /// What Bowline was asked about workloads here.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = self.shared.bowline.calls(&self.namespace);
        calls.retain(|call| call.path == "/mutate");
        calls
    }

    /// The ServiceAccounts here, without the one that every namespace has.
    pub(crate) async fn accounts(&self) -> Result<Vec<String>> {
        let path = format!("/api/v1/namespaces/{}/serviceaccounts", self.namespace);
        let list = self.admin.get(&path).await?.granted()?;
        let names = list["items"].as_array().context("no items")?.iter();
        let names = names.filter_map(|item| item["metadata"]["name"].as_str());
        Ok(names
            .filter(|name| *name != "default")
            .map(str::to_owned)
            .collect())
    }
}

/// A workload of this kind, named `demo`, that names the connection.
pub(crate) fn tied(namespace: &str, api_version: &str, kind: &str) -> Value {
    let mut object = plain(namespace, api_version, kind);
    let reference = match kind {
        "Notebook" => format!("{namespace}/{CONNECTION}"),
        _ => CONNECTION.to_owned(),
    };
    object["metadata"]["annotations"] = json!({
        "opendatahub.io/connections": reference,
        "opendatahub.io/connection-path": "granite",
    });
    object
}

/// The same without a reference.
pub(crate) fn plain(namespace: &str, api_version: &str, kind: &str) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "demo", "namespace": namespace},
        "spec": spec(kind),
    })
}

/// An S3 connection, which every kind can name.
pub(crate) fn connection(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": CONNECTION,
            "namespace": namespace,
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
        "stringData": {
            "AWS_S3_BUCKET": "soundings",
            "AWS_S3_ENDPOINT": "https://s3.example.com",
            "AWS_ACCESS_KEY_ID": "reader",
            "AWS_SECRET_ACCESS_KEY": "not-a-real-one",
        },
    })
}

/// Lets the group of authors write workloads of all kinds.
pub(crate) async fn let_authors_write(cluster: &Cluster) -> Result<()> {
    let groups = [
        "apps",
        "batch",
        "kubeflow.org",
        "ray.io",
        "serving.kserve.io",
    ];
    let all = json!({"apiGroups": groups, "resources": ["*"], "verbs": ["*"]});
    let pods = json!({"apiGroups": [""], "resources": ["pods", "pods/status"], "verbs": ["*"]});
    cluster
        .apply(&[
            role("ClusterRole", AUTHORS, &[all, pods]),
            binding("ClusterRole", AUTHORS, "Group", AUTHORS),
        ])
        .await
}

/// Waits until somebody has the right to a Secret, since rights take effect by and by.
pub(crate) async fn until_may_get(caller: &Caller, namespace: &str, name: &str) -> Result<()> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": "get", "resource": "secrets", "name": name, "namespace": namespace,
        }},
    });
    until("the rights take effect", || async {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = caller.post(path, &review).await?.granted()?;
        Ok(answer["status"]["allowed"] == true)
    })
    .await
}

pub(crate) fn role(kind: &str, name: &str, rules: &[Value]) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": {"name": name}, "rules": rules,
    })
}

pub(crate) fn binding(role: &str, name: &str, kind: &str, subject: &str) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": format!("{role}Binding"),
        "metadata": {"name": name},
        "subjects": [{"apiGroup": RBAC, "kind": kind, "name": subject}],
        "roleRef": {"apiGroup": RBAC, "kind": role, "name": name},
    })
}

fn spec(kind: &str) -> Value {
    let pod = json!({"containers": [{"name": "demo", "image": "trainer"}]});
    let once = json!({"restartPolicy": "Never", "containers": pod["containers"]});
    let selector = json!({"matchLabels": {"app": "demo"}});
    let labelled = json!({"metadata": {"labels": {"app": "demo"}}, "spec": pod});
    let ray = json!({
        "headGroupSpec": {"rayStartParams": {}, "template": {"spec": pod}},
        "workerGroupSpecs": [{"groupName": "a", "rayStartParams": {}, "template": {"spec": pod}}],
    });
    match kind {
        "Notebook" => json!({"template": {"spec": pod}}),
        "InferenceService" => json!({"predictor": {"model": {"modelFormat": {"name": "onnx"}}}}),
        "LLMInferenceService" => json!({"replicas": 1}),
        "Pod" => pod,
        "Job" => json!({"template": {"spec": once}}),
        "CronJob" => {
            json!({"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": {"spec": once}}}})
        }
        "RayCluster" => ray,
        "RayJob" => json!({"entrypoint": "train", "rayClusterSpec": ray}),
        "StatefulSet" => json!({"serviceName": "demo", "selector": selector, "template": labelled}),
        _ => json!({"selector": selector, "template": labelled}),
    }
}

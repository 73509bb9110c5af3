//! kube-rs against `bowline up`: a second client, to show that the API is Kubernetes' and not
//! kubectl's. What the guides ask of it is in `guides`.

mod access;
mod applying;
mod controlling;
mod crud;
mod discovery;
mod gate;
mod leading;
mod patches;
mod recording;
mod reflecting;
mod scaling;
mod tying;
mod unread;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, PostParams};
use kube::{Api, Client, Resource};
use serde_json::{Value, json};

use crate::project::{Project, Shared};

/// Long enough for a busy machine; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("in time")
}

/// Looks again until something is so.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, looking).await;
    assert!(seen.is_ok(), "{what}: not in time");
}

/// A Deployment that the API server takes.
fn crane() -> Deployment {
    parsed(json!({
        "metadata": {"name": "crane"},
        "spec": {
            "selector": {"matchLabels": {"app": "crane"}},
            "template": {
                "metadata": {"labels": {"app": "crane"}},
                "spec": {"containers": [{"name": "hook", "image": "registry.harbour.example/a:1"}]},
            },
        },
    }))
}

/// A project and a client of its administrator.
struct Harbour {
    project: Project,
    client: Client,
}

impl Harbour {
    async fn new() -> Self {
        Self::of(Project::new("harbour")).await
    }

    /// One on a server that nobody else uses.
    async fn alone() -> Self {
        Self::of(Project::on(Arc::new(Shared::start()), "harbour")).await
    }

    async fn of(project: Project) -> Self {
        let client = project.shared.server.client().await.expect("a client");
        Self { project, client }
    }

    /// The objects of a typed kind in the project.
    fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.project.name)
    }

    /// The objects of a kind that kube-rs has no type for.
    fn dynamic(&self, api_version: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        Api::namespaced_with(self.client.clone(), &self.project.name, &resource)
    }

    fn notebooks(&self) -> Api<DynamicObject> {
        self.dynamic("kubeflow.org/v1", "Notebook", "notebooks")
    }

    fn inference_services(&self) -> Api<DynamicObject> {
        self.dynamic(
            "serving.kserve.io/v1beta1",
            "InferenceService",
            "inferenceservices",
        )
    }

    /// Creates the S3 connection `soundings`.
    async fn connect(&self) -> Secret {
        let secret = s3("soundings", &self.project.canary);
        self.api::<Secret>()
            .create(&PostParams::default(), &secret)
            .await
            .expect("created")
    }
}

fn s3(name: &str, key: &str) -> Secret {
    parsed(json!({
        "metadata": {
            "name": name,
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
        "stringData": {
            "AWS_S3_ENDPOINT": "https://s3.harbour.example",
            "AWS_S3_BUCKET": "harbour-soundings",
            "AWS_ACCESS_KEY_ID": "harbour-key-id",
            "AWS_SECRET_ACCESS_KEY": key,
        },
    }))
}

/// An object of any type from its JSON form.
fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("an object of that type")
}

fn notebook(reference: &str) -> DynamicObject {
    parsed(json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {
            "name": "chart-room",
            "annotations": {"opendatahub.io/connections": reference},
        },
        "spec": {"template": {"spec": {"containers": [
            {"name": "chart-room", "image": "registry.harbour.example/workbenches/minimal:2026.2"},
        ]}}},
    }))
}

fn inference_service(reference: &str, path: &str) -> DynamicObject {
    parsed(json!({
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "tide-forecast",
            "annotations": {
                "opendatahub.io/connections": reference,
                "opendatahub.io/connection-path": path,
            },
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    }))
}

/// The Status in an error of the API.
fn status(error: kube::Error) -> kube::core::Status {
    match error {
        kube::Error::Api(status) => *status,
        other => panic!("not an answer of the API: {other}"),
    }
}

//! A namespace with Secrets and Notebooks, and what a test does with them and sees of them. What is
//! made to fail is left to the tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::{Cluster, Installation, Operator, own, until};
use futures::StreamExt as _;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::GroupVersionKind;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::wire::{Caller, MERGE_PATCH, Reply, collection};

const STATUS: &str = "bowline.dev/connection-status";

/// A cluster for tests that break nothing in it; without Bowline.
pub(super) async fn common() -> Result<Option<&'static Cluster>> {
    static COMMON: OnceCell<Option<Cluster>> = OnceCell::const_new();
    let common = COMMON.get_or_try_init(own).await?;
    Ok(common.as_ref())
}

/// A namespace.
pub(super) struct Scene {
    pub(super) admin: Caller,
    notebooks: Api<DynamicObject>,
    pub(super) namespace: &'static str,
}

/// The connection statuses of Notebooks at one version, by name.
pub(super) struct Statuses {
    version: String,
    pub(super) texts: BTreeMap<String, String>,
}

impl Scene {
    pub(super) async fn new(cluster: &Cluster, namespace: &'static str) -> Result<Self> {
        cluster.namespace(namespace, &[]).await?;
        let mut config = cluster.config().await?;
        // A refusal is what some tests are about.
        config.default_retry = false;
        let client = Client::try_from(config)?;
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("kubeflow.org", "v1", "Notebook"));
        Ok(Self {
            notebooks: Api::namespaced_with(client.clone(), namespace, &kind),
            admin: Caller::administrator(client),
            namespace,
        })
    }

    /// Registers the webhooks of an installation for this namespace; see [`Self::until_asked`].
    pub(super) async fn register(
        &self,
        cluster: &Cluster,
        installation: &Installation,
        operator: &Operator,
    ) -> Result<()> {
        let configurations = installation.configurations(operator, self.namespace)?;
        cluster.apply(&configurations).await?;
        self.until_asked().await
    }

    /// Waits until admission is asked about this namespace, and answers.
    pub(super) async fn until_asked(&self) -> Result<()> {
        until("Bowline is asked", || async {
            let reply = self.try_notebook("probe", "not a name").await?;
            Ok(!reply.is_ok() && reply.message().contains("denied the request"))
        })
        .await
    }

    /// Creates a connection, or changes what it holds.
    pub(super) async fn secret(&self, name: &str, value: &str) -> Result<()> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": name, "namespace": self.namespace,
                "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
            },
            "stringData": {"URI": format!("https://models.example.com/{value}")},
        });
        let path = self.path_of(&secret)?;
        let reply = match self.admin.get(&path).await?.code {
            404 => {
                let path = collection(&secret, self.namespace)?;
                self.admin.post(&path, &secret).await?
            }
            _ => self.admin.patch(&path, MERGE_PATCH, &secret).await?,
        };
        reply.granted().map(drop)
    }

    pub(super) async fn delete_secret(&self, name: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{}/secrets/{name}", self.namespace);
        self.admin.delete(&path).await?.granted().map(drop)
    }

    /// Creates a Notebook that names a connection.
    pub(super) async fn notebook(&self, name: &str, connection: &str) -> Result<Value> {
        let object = self.notebook_object(name, Some(connection));
        self.create(&object).await?.granted()
    }

    /// Asks for the same without making it.
    pub(super) async fn try_notebook(&self, name: &str, connection: &str) -> Result<Reply> {
        let object = self.notebook_object(name, Some(connection));
        let path = format!("{}?dryRun=All", collection(&object, self.namespace)?);
        self.admin.post(&path, &object).await
    }

    /// Creates a model that names an S3 connection, and that connection.
    pub(super) async fn model(&self, name: &str, connection: &str) -> Result<()> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": connection,
                "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
            },
            "stringData": {
                "AWS_S3_BUCKET": "models", "AWS_S3_ENDPOINT": "https://s3.example.com",
                "AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "not-a-real-one",
            },
        });
        let model = json!({
            "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
            "metadata": {
                "name": name, "annotations": {"opendatahub.io/connections": connection},
            },
            "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
        });
        self.create(&secret).await?.granted()?;
        self.create(&model).await?.granted().map(drop)
    }

    /// Whether `storage-config` has an entry for this connection.
    pub(super) async fn has(&self, connection: &str) -> Result<bool> {
        let path = format!(
            "/api/v1/namespaces/{}/secrets/storage-config",
            self.namespace
        );
        let found = self.admin.get(&path).await?;
        Ok(found.is_ok() && found.body["data"][connection].is_string())
    }

    /// Waits until it has one, or has none.
    pub(super) async fn until_has(&self, connection: &str, has: bool) -> Result<()> {
        until(
            &format!("an entry for {connection} is there: {has}"),
            || async { Ok(self.has(connection).await? == has) },
        )
        .await
    }

    pub(super) fn notebook_object(&self, name: &str, connection: Option<&str>) -> Value {
        let mut annotations = json!({});
        if let Some(connection) = connection {
            annotations["opendatahub.io/connections"] =
                format!("{}/{connection}", self.namespace).into();
        }
        json!({
            "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
            "metadata": {"name": name, "namespace": self.namespace, "annotations": annotations},
            "spec": {"template": {"spec": {"containers": [{"name": name, "image": "jupyter"}]}}},
        })
    }

    pub(super) async fn create(&self, object: &Value) -> Result<Reply> {
        let path = collection(object, self.namespace)?;
        self.admin.post(&path, object).await
    }

    pub(super) async fn patch(&self, object: &Value, patch: &Value) -> Result<Reply> {
        let path = self.path_of(object)?;
        self.admin.patch(&path, MERGE_PATCH, patch).await
    }

    pub(super) async fn delete(&self, object: &Value) -> Result<Reply> {
        self.admin.delete(&self.path_of(object)?).await
    }

    pub(super) async fn get(&self, object: &Value) -> Result<Value> {
        self.admin.get(&self.path_of(object)?).await?.granted()
    }

    fn path_of(&self, object: &Value) -> Result<String> {
        let name = object["metadata"]["name"].as_str().context("no name")?;
        Ok(format!("{}/{name}", collection(object, self.namespace)?))
    }

    /// Waits until every one of these Notebooks tells that its connection is in this state.
    pub(super) async fn until_all(&self, names: &[String], state: &str) -> Result<()> {
        let wanted = format!(r#""state":"{state}""#);
        until(&format!("all are {state}"), || async {
            let now = self.statuses().await?.texts;
            let others = names.iter().filter(|name| {
                let text = now.get(*name);
                !text.is_some_and(|text| text.contains(&wanted))
            });
            let others: Vec<_> = others.map(|name| (name, now.get(name))).collect();
            ensure!(others.is_empty(), "not yet: {others:?}");
            Ok(true)
        })
        .await
    }

    pub(super) async fn until(&self, name: &str, state: &str) -> Result<()> {
        self.until_all(&[name.to_owned()], state).await
    }

    /// All statuses as they are now.
    pub(super) async fn statuses(&self) -> Result<Statuses> {
        let list = self.notebooks.list(&ListParams::default()).await?;
        let texts = list
            .items
            .iter()
            .filter_map(|object| Some((object.metadata.name.clone()?, status(object)?.to_owned())));
        Ok(Statuses {
            texts: texts.collect(),
            version: list.metadata.resource_version.context("no version")?,
        })
    }

    /// How often the status of each Notebook has changed since, by name.
    pub(super) async fn changes_since(&self, before: &Statuses) -> Result<BTreeMap<String, usize>> {
        let mut texts = before.texts.clone();
        let mut changes: BTreeMap<String, usize> = BTreeMap::new();
        let params = WatchParams::default().timeout(1);
        let mut events = self
            .notebooks
            .watch(&params, &before.version)
            .await?
            .boxed();
        while let Some(event) = events.next().await {
            let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event? else {
                continue;
            };
            let name = object.metadata.name.clone().context("no name")?;
            let now = status(&object).unwrap_or_default().to_owned();
            if texts.insert(name.clone(), now.clone()) != Some(now) {
                *changes.entry(name).or_default() += 1;
            }
        }
        Ok(changes)
    }

    /// Fails unless each of these Notebooks had its status changed exactly once since.
    pub(super) async fn ensure_changed_once(
        &self,
        names: &[String],
        before: &Statuses,
    ) -> Result<()> {
        let changes = self.changes_since(before).await?;
        let wrong = names.iter().filter(|name| changes.get(*name) != Some(&1));
        let wrong: Vec<_> = wrong.map(|name| (name, changes.get(name))).collect();
        ensure!(wrong.is_empty(), "not written once each: {wrong:?}");
        Ok(())
    }
}

fn status(object: &DynamicObject) -> Option<&str> {
    let annotations = object.metadata.annotations.as_ref()?;
    annotations.get(STATUS).map(String::as_str)
}

/// The body of a review that an API server would send about this object.
pub(super) fn review(object: &Value) -> Vec<u8> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "7f0b2891-916f-4ed6-b7cd-27bff1815a8c",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "operation": "CREATE",
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "userInfo": {"username": "ada", "groups": ["system:authenticated"]},
            "object": object,
        },
    })
    .to_string()
    .into_bytes()
}

/// Posts reviews to a replica, as an API server does.
pub(super) struct Reviewer(Caller);

impl Reviewer {
    /// Connects when it first asks.
    pub(super) fn new(address: SocketAddr, authorities: &[u8]) -> Result<Self> {
        let url = format!("https://{address}");
        let mut config = kube::Config::new(url.parse()?);
        let trusted = CertificateDer::pem_slice_iter(authorities)
            .map(|der| der.ok().context("no certificate").map(|der| der.to_vec()));
        config.root_cert = Some(trusted.collect::<Result<_>>()?);
        config.default_retry = false;
        Ok(Self(Caller::administrator(kube::Client::try_from(config)?)))
    }

    /// The `response` of the review about this object.
    pub(super) async fn ask(&self, object: &Value) -> Result<Value> {
        let body = serde_json::from_slice(&review(object))?;
        let reply = self.0.post("/mutate", &body).await?.granted()?;
        Ok(reply["response"].clone())
    }
}

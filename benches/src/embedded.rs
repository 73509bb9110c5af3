//! An embedded Kubernetes API on fresh state, with the workload kinds defined: for clients in this
//! process, and over TLS for other processes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bowline_apiserver::kubeconfig::Access;
use bowline_apiserver::tls::Authority;
use bowline_apiserver::{ApiServer, Config, Token, UserInfo};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::calls::Calls;

/// How many objects are created at the same time.
const WRITERS: usize = 16;

/// The API, for as long as it is held.
pub struct Embedded {
    server: ApiServer,
    token: String,
    state: TempDir,
}

impl Embedded {
    /// Opens one.
    ///
    /// # Errors
    /// When there is no place for its state.
    pub async fn open() -> Result<Self> {
        let state = TempDir::new()?;
        let mut config = Config::new(state.path().join("store.sqlite"));
        let token = Token::random(UserInfo::administrator("admin"))?;
        let secret = token.secret().to_owned();
        config.tokens.push(token);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/crds");
        for file in std::fs::read_dir(folder)? {
            let text = std::fs::read(file?.path())?;
            config
                .definitions
                .extend(bowline_core::manifest::parse(&text)?);
        }
        let server = ApiServer::open(config).await?;
        Ok(Self {
            server,
            token: secret,
            state,
        })
    }

    /// A client in this process.
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.service(), "default")
    }

    /// A client in this process whose calls are counted, and take as long as in a cluster.
    pub fn counted(&self, calls: &Calls) -> kube::Client {
        kube::Client::new(calls.through(self.service()), "default")
    }

    fn service(&self) -> bowline_apiserver::InProcess {
        self.server.in_process(UserInfo::administrator("bench"))
    }

    /// Serves other processes too, from now on. Returns the kubeconfig's path.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn serve(&self) -> Result<PathBuf> {
        let authority = Authority::in_directory(self.state.path())?;
        let serving = authority.serving(&["localhost", "127.0.0.1"])?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let path = self.state.path().join("kubeconfig");
        let access = Access {
            name: "bench",
            server: &format!("https://{}", listener.local_addr()?),
            certificate_pem: authority.certificate_pem(),
            token: &self.token,
            namespace: "default",
        };
        access.write(&path)?;
        let server = self.server.clone();
        tokio::spawn(async move {
            server
                .serve(listener, serving.server_config(), std::future::pending())
                .await
        });
        Ok(path)
    }

    /// Creates objects, several at a time.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn create(&self, objects: impl IntoIterator<Item = Value>) -> Result<()> {
        create(&self.client(), objects).await
    }
}

/// Creates objects, several at a time.
///
/// # Errors
/// When one is refused.
pub async fn create(client: &kube::Client, objects: impl IntoIterator<Item = Value>) -> Result<()> {
    let work = objects.into_iter().map(|object| {
        let client = client.clone();
        async move {
            let api = api_of(&client, &object)?;
            let object = serde_json::from_value(object)?;
            api.create(&PostParams::default(), &object).await?;
            anyhow::Ok(())
        }
    });
    let done = stream::iter(work).buffer_unordered(WRITERS);
    done.try_collect::<()>().await
}

/// The interface to objects of the same kind and namespace.
///
/// # Errors
/// When the object says neither.
pub fn api_of(client: &kube::Client, object: &Value) -> Result<Api<DynamicObject>> {
    let version = object["apiVersion"].as_str().context("an apiVersion")?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = object["kind"].as_str().context("a kind")?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Ok(match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    })
}

/// A namespace.
pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// A connection to a location.
pub fn connection(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "namespace": namespace, "name": name,
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
        },
        "stringData": {"URI": "https://models.harbour.example/1"},
    })
}

/// A Notebook that uses a connection of its namespace.
pub fn notebook(namespace: &str, name: &str, connection: &str) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {
            "namespace": namespace, "name": name,
            "annotations": {"opendatahub.io/connections": format!("{namespace}/{connection}")},
        },
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": "example"}]}}},
    })
}

/// An S3 connection that the dashboard of OpenShift AI made for model serving.
pub fn labelled(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "namespace": namespace, "name": name,
            "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
        "stringData": {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLEAKIDEXAMP",
            "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key-at-all",
            "AWS_S3_ENDPOINT": "https://s3.harbour.example", "AWS_S3_BUCKET": name,
            "AWS_DEFAULT_REGION": "eu-north-1",
        },
    })
}

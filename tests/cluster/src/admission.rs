//! Bowline's admission in this process, registered with a cluster, and what it is asked.

mod tap;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::middleware::from_fn_with_state;
use bowline_operator::listen::listen;
use bowline_operator::server::{Reviews, routes};
use bowline_operator::{Admission, Kubernetes, Metrics, Rights};
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::certificates::{Authority, Signed};
use crate::chart::{snapshot, webhooks_at};
use crate::cluster::Cluster;
use crate::wait::until;

pub use tap::Call;
use tap::Tap;

/// Admission over HTTPS on the loopback address.
#[derive(Debug)]
pub struct Bowline {
    address: SocketAddr,
    serving: Signed,
    tap: Tap,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Bowline {
    /// Serves admission over `cluster`, registers it there, and waits until it is asked. Runs in the
    /// async runtime it is started in.
    ///
    /// # Errors
    /// When it does not start, or is never asked.
    pub async fn start(cluster: &Cluster) -> Result<Self> {
        let authority = Authority::new("admission authority")?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut bowline = Self {
            address: listener.local_addr()?,
            serving: authority.server(&["127.0.0.1"])?,
            tap: Tap::default(),
            running: None,
        };
        bowline.serve(listener, cluster).await?;
        let url = format!("https://{}", bowline.address);
        cluster
            .apply(&configurations(&url, authority.pem())?)
            .await?;
        wait_until_asked(cluster).await?;
        bowline.tap.forget();
        Ok(bowline)
    }

    /// Stops serving; the configurations stay.
    ///
    /// # Errors
    /// When the server has failed.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(());
            running.task.await??;
        }
        Ok(())
    }

    /// Serves again, on the same port and with the same certificate.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn resume(&mut self, cluster: &Cluster) -> Result<()> {
        self.serve(TcpListener::bind(self.address)?, cluster).await
    }

    async fn serve(&mut self, listener: TcpListener, cluster: &Cluster) -> Result<()> {
        let metrics = Arc::<Metrics>::default();
        let kubernetes = Kubernetes::new(cluster.client().await?);
        // As the operator asks for rights.
        let rights = Rights::new(kubernetes, Arc::clone(&metrics));
        let reviews = Reviews {
            admission: Arc::new(Admission::new(rights)),
            users: Arc::new(()),
            metrics,
        };
        let routes = routes(reviews).layer(from_fn_with_state(self.tap.clone(), tap::listen_in));
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        let config = self.serving.server_config()?;
        let task = tokio::spawn(listen(listener, config, routes, shutdown));
        self.running = Some(Running { stop, task });
        Ok(())
    }

    /// What the API server has asked about objects of this namespace.
    pub fn calls(&self, namespace: &str) -> Vec<Call> {
        self.tap.calls(namespace)
    }

    /// From now on what happens in this namespace happens as if Bowline were not installed, or from
    /// now on not any longer.
    pub fn look_away(&self, namespace: &str, away: bool) {
        self.tap.look_away(namespace, away);
    }
}

/// The webhook configurations that the chart installs, for a server at `url` with a certificate of `authority`.
///
/// # Errors
/// When they cannot be read.
pub fn configurations(url: &str, authority: &str) -> Result<Vec<Value>> {
    webhooks_at(url, Some(authority), snapshot("default")?)
}

/// The same for one namespace only, under its name.
///
/// # Errors
/// As [`configurations`].
pub fn configurations_of(namespace: &str, url: &str, authority: &str) -> Result<Vec<Value>> {
    let mut objects = configurations(url, authority)?;
    for object in &mut objects {
        object["metadata"]["name"] = namespace.into();
        let webhooks = object["webhooks"].as_array_mut();
        for webhook in webhooks.context("no webhooks")? {
            webhook["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] =
                namespace.into();
        }
    }
    Ok(objects)
}

/// Waits until the API server asks Bowline. It hears of webhooks by a watch, so registering them
/// takes effect a little later.
///
/// # Errors
/// When it never asks.
pub async fn wait_until_asked(cluster: &Cluster) -> Result<()> {
    let kind = GroupVersionKind::gvk("kubeflow.org", "v1", "Notebook");
    let api: Api<DynamicObject> = Api::namespaced_with(
        cluster.client().await?,
        "default",
        &ApiResource::from_gvk(&kind),
    );
    let probe: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": "probe", "annotations": {"opendatahub.io/connections": "not a name"}},
        "spec": {"template": {"spec": {"containers": [{"name": "probe", "image": "probe"}]}}},
    }))?;
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    until("Bowline is asked", || async {
        match api.create(&dry_run, &probe).await {
            Err(kube::Error::Api(status)) if status.message.contains("denied the request") => {
                Ok(true)
            }
            other => other.map(|_| false).map_err(Into::into),
        }
    })
    .await
}

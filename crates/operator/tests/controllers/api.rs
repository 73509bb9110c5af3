//! A Kubernetes API of a test's own, with the loop of controllers on it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::http::{Request, Response};
use bowline_apiserver::{ApiServer, Config, UserInfo};
use bowline_core::manifest;
use bowline_operator::Metrics;
use bowline_operator::controllers::inventory::Inventory;
use bowline_operator::controllers::lease::{Election, Terms};
use bowline_operator::controllers::queue::Queue;
use bowline_operator::controllers::term::Term;
use bowline_operator::controllers::{Assembly, Settings};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::client::Body;
use kube::discovery;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Longest wait for something that is to happen by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct TestApi {
    pub(crate) client: kube::Client,
    server: ApiServer,
    _state: TempDir,
}

impl TestApi {
    pub(crate) async fn start() -> Result<Self> {
        Self::start_with(definitions()?).await
    }

    pub(crate) async fn start_with(definitions: Vec<Value>) -> Result<Self> {
        let state = TempDir::new()?;
        let mut config = Config::new(state.path().join("store.sqlite"));
        config.definitions = definitions;
        let server = ApiServer::open(config).await?;
        let service = server.in_process(UserInfo::administrator("tester"));
        let client = kube::Client::new(service, "default");
        let this = Self {
            client,
            server,
            _state: state,
        };
        this.create(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}),
        )
        .await?;
        Ok(this)
    }

    /// A client of another user.
    pub(crate) fn client_as(&self, name: &str) -> kube::Client {
        kube::Client::new(
            self.server.in_process(UserInfo::administrator(name)),
            "default",
        )
    }

    /// A client that counts how often a Secret of `team-a` is read by name.
    pub(crate) fn counting_client(&self, secret: &str) -> (kube::Client, Arc<AtomicUsize>) {
        self.client_that_counts_reads(&format!("/api/v1/namespaces/team-a/secrets/{secret}"))
    }

    /// A client that counts how often an object is read whole.
    pub(crate) fn client_that_counts_reads(&self, path: &str) -> (kube::Client, Arc<AtomicUsize>) {
        let path = path.to_owned();
        self.client_that_counts(move |request| {
            let accepted = request.headers().get("accept");
            let is_part = |text: &str| text.contains("PartialObjectMetadata");
            let is_part = accepted
                .and_then(|it| it.to_str().ok())
                .is_some_and(is_part);
            request.method() == "GET" && request.uri().path() == path && !is_part
        })
    }

    /// A client that counts writes of Secrets and ConfigMaps.
    pub(crate) fn client_that_counts_writes(&self) -> (kube::Client, Arc<AtomicUsize>) {
        self.client_that_counts(|request| {
            let mut parts = request.uri().path().split('/');
            let is_one = parts.any(|part| part == "secrets" || part == "configmaps");
            request.method() != "GET" && is_one
        })
    }

    /// A client that reads a Secret of `team-a` and keeps the answer back, until it is let through.
    pub(crate) fn client_that_holds(&self, secret: &str) -> (kube::Client, Held) {
        let path = format!("/api/v1/namespaces/team-a/secrets/{secret}");
        let held = Held {
            read: Arc::default(),
            is_let: watch::Sender::new(false),
        };
        let (service, read, is_let) = (
            self.client.clone(),
            Arc::clone(&held.read),
            held.is_let.clone(),
        );
        let answer = move |request: Request<Body>| {
            let is_meant = request.method() == "GET" && request.uri().path() == path;
            let (service, read) = (service.clone(), Arc::clone(&read));
            let mut is_let = is_let.subscribe();
            async move {
                let answer = service.send(request).await;
                if is_meant {
                    read.notify_one();
                    let _ = is_let.wait_for(|is_let| *is_let).await;
                }
                answer
            }
        };
        (
            kube::Client::new(tower::service_fn(answer), "default"),
            held,
        )
    }

    /// A client all whose watches tell nothing until they are cut, which makes it list everything
    /// again.
    pub(crate) fn client_with_a_watch_to_cut(&self) -> (kube::Client, watch::Sender<bool>) {
        const CUT: &str =
            r#"{"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "code": 410}}"#;
        let cut = watch::Sender::new(false);
        let (service, is_cut) = (self.client.clone(), cut.clone());
        let answer = move |request: Request<Body>| {
            let service = service.clone();
            let mut is_cut = is_cut.subscribe();
            async move {
                let query = request.uri().query().unwrap_or_default();
                if query.contains("watch=true") && !*is_cut.borrow() {
                    let _ = is_cut.wait_for(|is_cut| *is_cut).await;
                    return Ok(Response::new(Body::from(CUT.as_bytes().to_vec())));
                }
                service.send(request).await
            }
        };
        (kube::Client::new(tower::service_fn(answer), "default"), cut)
    }

    fn client_that_counts(
        &self,
        is_counted: impl Fn(&Request<Body>) -> bool + Clone + Send + 'static,
    ) -> (kube::Client, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let service = self
            .server
            .in_process(UserInfo::administrator("tester"))
            .map_request(move |request: Request<Body>| {
                if is_counted(&request) {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                request
            });
        (kube::Client::new(service, "default"), count)
    }

    pub(crate) async fn api(&self, object: &Value) -> Result<Api<DynamicObject>> {
        let of = |key: &str| object[key].as_str().unwrap_or_default();
        let (group, version) = of("apiVersion")
            .split_once('/')
            .unwrap_or(("", of("apiVersion")));
        let kind = kube::core::GroupVersionKind::gvk(group, version, of("kind"));
        let (resource, capabilities) = discovery::pinned_kind(&self.client, &kind).await?;
        Ok(match capabilities.scope {
            discovery::Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            discovery::Scope::Namespaced => {
                let namespace = object["metadata"]["namespace"].as_str().unwrap_or("team-a");
                Api::namespaced_with(self.client.clone(), namespace, &resource)
            }
        })
    }

    pub(crate) async fn create(&self, object: Value) -> Result<DynamicObject> {
        let api = self.api(&object).await?;
        let object = serde_json::from_value(object)?;
        Ok(api.create(&PostParams::default(), &object).await?)
    }

    pub(crate) async fn patch(&self, object: &Value, patch: Value) -> Result<DynamicObject> {
        let api = self.api(object).await?;
        let name = object["metadata"]["name"].as_str().context("a name")?;
        let params = PatchParams::default();
        Ok(api.patch(name, &params, &Patch::Merge(patch)).await?)
    }

    pub(crate) async fn delete(&self, object: &Value) -> Result<()> {
        let api = self.api(object).await?;
        let name = object["metadata"]["name"].as_str().context("a name")?;
        api.delete(name, &Default::default()).await?;
        Ok(())
    }

    pub(crate) async fn get(&self, object: &Value) -> Result<Option<Value>> {
        let api = self.api(object).await?;
        let name = object["metadata"]["name"].as_str().context("a name")?;
        let found = api.get_opt(name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// Waits until an object is as wanted, and returns it.
    pub(crate) async fn until(
        &self,
        object: &Value,
        is_as_wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let found = self.get(object).await?.unwrap_or(Value::Null);
            if is_as_wanted(&found) {
                return Ok(found);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("it never came to be as wanted: {found:#}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Answers that are kept back.
pub(crate) struct Held {
    read: Arc<Notify>,
    is_let: watch::Sender<bool>,
}

impl Held {
    /// Waits until there is one.
    pub(crate) async fn until_read(&self) -> Result<()> {
        Ok(tokio::time::timeout(PATIENCE, self.read.notified()).await?)
    }

    /// Lets all through, from now on.
    pub(crate) fn let_through(&self) {
        self.is_let.send_replace(true);
    }
}

impl TestApi {
    /// How often a Notebook was written after one version and up to another.
    pub(crate) async fn writes_between(&self, after: u64, last: u64, name: &str) -> Result<usize> {
        let kind = json!({"apiVersion": "kubeflow.org/v1", "kind": "Notebook", "metadata": {}});
        let params = WatchParams::default()
            .fields(&format!("metadata.name={name}"))
            .timeout(5);
        let api = self.api(&kind).await?;
        let mut events = api.watch(&params, &after.to_string()).await?.boxed();
        let mut writes = 0;
        while let Some(event) = events.try_next().await? {
            if let WatchEvent::Modified(object) = event {
                writes += 1;
                if object.metadata.resource_version == Some(last.to_string()) {
                    return Ok(writes);
                }
            }
        }
        bail!("the watch ended before version {last}")
    }
}

/// The loop of controllers, leading until it is dropped or told otherwise.
pub(crate) struct Loop {
    pub(crate) queue: Arc<Queue<bowline_operator::controllers::Key>>,
    pub(crate) metrics: Arc<Metrics>,
    /// What says whether it leads, where that is not for an election to say.
    pub(crate) leads: Option<watch::Sender<bool>>,
    pub(crate) inventory: Arc<Inventory>,
    stopping: CancellationToken,
}

impl Loop {
    pub(crate) fn start(client: &kube::Client) -> Self {
        Self::start_with(client, &Settings::new("default", "bowline"))
    }

    pub(crate) fn start_with(client: &kube::Client, settings: &Settings) -> Self {
        let (leads, leading) = watch::channel(true);
        let mut started = Self::start_led_by(client, settings, leading);
        started.leads = Some(leads);
        started
    }

    /// The same, leading as an election says that takes this time.
    pub(crate) fn start_as_elected(
        client: &kube::Client,
        settings: &Settings,
        terms: Terms,
    ) -> Self {
        let (leads, leading) = watch::channel(false);
        let started = Self::start_led_by(client, settings, leading);
        let leases: Api<Lease> = Api::namespaced(client.clone(), &settings.namespace);
        let (name, identity) = (settings.name.clone(), "only".to_owned());
        let election = Election::new(leases, name, identity, terms, Term::default());
        tokio::spawn(election.run(leads, started.stopping.clone()));
        started
    }

    fn start_led_by(
        client: &kube::Client,
        settings: &Settings,
        leading: watch::Receiver<bool>,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        let assembly = Assembly::new(client, settings, Arc::clone(&metrics));
        let inventory = Arc::clone(&assembly.inventory);
        let (queue, stopping) = (Arc::clone(&assembly.queue), CancellationToken::new());
        tokio::spawn(assembly.run(leading, stopping.clone()));
        Self {
            queue,
            metrics,
            leads: None,
            inventory,
            stopping,
        }
    }
}

impl Loop {
    /// Waits until nothing is left to do.
    pub(crate) async fn until_idle(&self) -> Result<()> {
        until(|| self.queue.is_empty()).await
    }

    /// Waits until this version of a Secret has been heard of.
    pub(crate) async fn until_seen(
        &self,
        namespace: &str,
        secret: &str,
        version: Option<String>,
    ) -> Result<()> {
        until(|| self.inventory.followed(namespace, secret).version() == version).await
    }

    /// Waits until nobody uses a Secret any more, as far as is known.
    pub(crate) async fn until_forgotten(&self, namespace: &str, secret: &str) -> Result<()> {
        until(|| self.inventory.users(namespace, secret).is_empty()).await
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Waits until this is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) -> Result<()> {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    Ok(tokio::time::timeout(PATIENCE, wait).await?)
}

/// The definitions of the workload kinds.
pub(crate) fn definitions() -> Result<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/crds");
    let mut definitions = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let text = std::fs::read(file?.path())?;
        definitions.extend(manifest::parse(&text)?);
    }
    Ok(definitions)
}

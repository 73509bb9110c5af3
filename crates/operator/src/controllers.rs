//! What the leading replica keeps right: reads what is used, compares, and writes what differs.

pub mod accounts;
pub mod ca_bundle;
pub mod copies;
pub mod fingerprint;
pub mod inventory;
pub mod kinds;
pub mod lease;
pub mod queue;
pub mod status;
pub mod status_map;
pub mod storage_config;
pub mod term;
pub mod testing;
pub mod watches;

use std::sync::Arc;
use std::time::Duration;

use accounts::Accounts;
use bowline_core::plan::Account;
use bowline_core::storage_config::Mode;
use ca_bundle::CaBundle;
use copies::{Copies, Profiles};
use fingerprint::Fingerprints;
use futures::FutureExt as _;
use inventory::{Inventory, WorkloadRef};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use queue::{Due, End, Queue};
use status::StatusController;
use storage_config::StorageConfig;
use testing::Tester;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};
use watches::Watches;

use crate::cluster::ClusterError;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::spans;

/// How many keys are worked on at the same time. At 40 ms for one, as in a cluster, ten thousand
/// take less than a minute.
const WORKERS: usize = 16;
/// How often a write that others got ahead of is tried again at once.
const ATTEMPTS: usize = 5;
/// How often it is told how things stand.
const REPORT: Duration = Duration::from_secs(1);
/// How soon that is looked at again which depends on objects that have not been listed yet.
const UNKNOWING: Duration = Duration::from_millis(250);
/// How long one key may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long work under way may take once this replica leads no more, or stops.
const GRACE: Duration = Duration::from_secs(5);

/// How a replica is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Namespace of our own Secrets and Lease.
    pub namespace: String,
    /// What our own objects begin with.
    pub name: String,
    /// Whether this replica may lead; else it keeps the inventory for admission only.
    pub has_controllers: bool,
    /// Whose `storage-config` and bundles of certificates are kept.
    pub storage_config: Mode,
    /// Whether S3 connections get the annotations that upstream KServe reads.
    pub annotates_secrets: bool,
    /// Certificates that every namespace trusts, in PEM.
    pub ca_bundle: String,
    /// How long a ServiceAccount stays that nobody uses.
    pub account_grace: Duration,
    /// Whether connections are tested by themselves, and how.
    pub testing: Option<testing::Settings>,
    /// The namespace of the store whose keys profiles get copies of, where they do.
    pub pipelines: Option<String>,
}

impl Settings {
    /// The usual settings for an operator of this name in this namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            has_controllers: true,
            storage_config: Mode::Own,
            annotates_secrets: false,
            ca_bundle: String::new(),
            account_grace: Duration::from_secs(60),
            testing: None,
            pipelines: None,
        }
    }
}

/// One thing to keep right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The bundle of certificate authorities of a namespace. Before what refers to it.
    Bundle(String),
    /// The ServiceAccount of a connection, in a namespace.
    Account(String, Account),
    /// The `storage-config` of a namespace.
    Storage(String),
    /// The status of a workload's connections.
    Status(WorkloadRef),
    /// The copy of a store's keys in a namespace.
    Copy(String),
    /// How all those namespaces stand. After the copies.
    CopyStatus,
}

impl Key {
    /// All controllers, as metrics call them.
    const CONTROLLERS: [&str; 5] = [
        "ca_bundle",
        "account",
        "storage_config",
        "status",
        "pipelines",
    ];

    /// The controller that keeps it right, as metrics call it.
    const fn controller(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "ca_bundle",
            Self::Account(..) => "account",
            Self::Storage(_) => "storage_config",
            Self::Status(_) => "status",
            Self::Copy(_) | Self::CopyStatus => "pipelines",
        }
    }

    fn span(&self) -> Span {
        let (namespace, name) = match self {
            Self::Bundle(namespace) | Self::Storage(namespace) | Self::Copy(namespace) => {
                (namespace.as_str(), None)
            }
            Self::CopyStatus => ("", None),
            Self::Account(namespace, account) => (namespace.as_str(), Some(account.name.as_str())),
            Self::Status(of) => (of.namespace.as_str(), Some(of.name.as_str())),
        };
        spans::reconcile(self.controller(), namespace, name)
    }
}

/// Why something could not be put right; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct ReconcileError {
    what: String,
    cause: String,
}

impl ReconcileError {
    /// An answer of the API server to something that we did.
    pub fn api(what: impl Into<String>, error: kube::Error) -> Self {
        Self {
            what: what.into(),
            cause: crate::kubernetes::describe(error).to_string(),
        }
    }

    /// The cluster could not be asked, or refused.
    pub fn cluster(what: impl Into<String>, error: &ClusterError) -> Self {
        Self {
            what: what.into(),
            cause: error.to_string(),
        }
    }

    /// Something that was read is not what it should be.
    pub fn unreadable(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            cause: "it is not in the form that it should have".to_owned(),
        }
    }

    /// Others wrote to it each time that we wanted to.
    pub fn busy(what: impl std::fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            cause: "it keeps changing".to_owned(),
        }
    }
}

/// The parts of one replica, put together.
pub struct Assembly {
    /// What is in the cluster.
    pub inventory: Arc<Inventory>,
    /// What is to be done.
    pub queue: Arc<Queue<Key>>,
    /// What keeps the inventory true; every replica runs them.
    pub watches: Arc<Watches>,
    /// What does the work, on the leader.
    pub controllers: Arc<Controllers>,
    /// What tests connections, on the leader, where that is wanted.
    pub tester: Option<Arc<Tester>>,
}

impl Assembly {
    /// Puts a replica together; nothing runs yet.
    pub fn new(client: &kube::Client, settings: &Settings, metrics: Arc<Metrics>) -> Self {
        let (inventory, queue) = (Arc::new(Inventory::default()), Arc::new(Queue::default()));
        let (mode, known) = (settings.storage_config, || Arc::clone(&inventory));
        let kept = settings.has_controllers.then_some(mode);
        let pipelines = settings.pipelines.clone();
        let pipelines = pipelines.filter(|_| settings.has_controllers);
        let pipelines = pipelines.map(|namespace| (Arc::<Profiles>::default(), namespace));
        let copies = pipelines.clone().map(|(profiles, namespace)| {
            Copies::new(client.clone(), profiles, Arc::clone(&queue), &namespace)
        });
        let watches = Watches::new(client.clone(), known(), Arc::clone(&queue), kept, pipelines);
        let recorder = Recorder::new(client.clone(), Reporter::from(settings.name.as_str()));
        let fingerprints = Fingerprints::new(
            client.clone(),
            settings.namespace.clone(),
            format!("{}-fingerprints", settings.name),
        );
        let tester = settings
            .testing
            .clone()
            .map(|testing| Arc::new(Tester::new(client.clone(), testing, Arc::clone(&metrics))));
        let controllers = Controllers {
            queue: Arc::clone(&queue),
            inventory: known(),
            status: StatusController::new(client.clone(), recorder.clone(), known(), fingerprints),
            storage: StorageConfig::new(client.clone(), known(), mode, settings.annotates_secrets),
            bundle: CaBundle::new(client.clone(), known(), mode, settings.ca_bundle.clone()),
            accounts: Accounts::new(client.clone(), known(), settings.account_grace),
            copies,
            recorder,
            metrics,
        };
        Self {
            inventory,
            queue,
            watches: Arc::new(watches),
            controllers: Arc::new(controllers),
            tester,
        }
    }

    /// Says every second how things stand, for as long as it is polled.
    pub fn report(
        &self,
        leads: watch::Receiver<bool>,
        health: Arc<Health>,
    ) -> impl Future<Output = ()> + use<> {
        let inventory = Arc::clone(&self.inventory);
        let (queue, watches) = (Arc::clone(&self.queue), Arc::clone(&self.watches));
        let metrics = Arc::clone(&self.controllers.metrics);
        async move {
            loop {
                let is_leading = *leads.borrow();
                let (workloads, secrets) = inventory.sizes();
                metrics.leads(is_leading);
                metrics.cache_objects("workloads", workloads);
                metrics.cache_objects("secrets", secrets);
                // What waits here while another replica leads is nothing that we are behind with.
                let due = queue.due(Key::controller);
                let due = if is_leading { due } else { Due::default() };
                metrics.oldest_pending(due.oldest);
                metrics.oldest_failing(due.failing);
                for controller in Key::CONTROLLERS {
                    let items = due.items.get(controller).copied().unwrap_or_default();
                    metrics.pending(controller, items);
                }
                health.inventory(watches.is_synced());
                health.progress(due.items.values().sum(), due.stalled);
                tokio::time::sleep(REPORT).await;
            }
        }
    }

    /// Watches, and works while `leads` says so, until `stopping`.
    pub async fn run(self, leads: watch::Receiver<bool>, stopping: CancellationToken) {
        let tests = async {
            if let Some(tester) = self.tester {
                tester.run(leads.clone(), stopping.clone()).await;
            }
        };
        tokio::join!(
            tests,
            self.watches.run(stopping.clone()),
            self.controllers.run(leads.clone(), stopping.clone()),
        );
    }
}

/// What the leader does.
pub struct Controllers {
    queue: Arc<Queue<Key>>,
    inventory: Arc<Inventory>,
    status: StatusController,
    storage: StorageConfig,
    bundle: CaBundle,
    accounts: Accounts,
    copies: Option<Copies>,
    recorder: Recorder,
    metrics: Arc<Metrics>,
}

impl Controllers {
    /// Works while `leads` says so, until `stopping`; what is under way then is finished or, after
    /// five seconds, dropped. Each key is level-based, so that nothing is lost or done twice.
    pub async fn run(
        self: Arc<Self>,
        mut leads: watch::Receiver<bool>,
        stopping: CancellationToken,
    ) {
        while !stopping.is_cancelled() {
            let is_leading = *leads.borrow_and_update();
            let pause = stopping.child_token();
            let mut workers = JoinSet::new();
            if is_leading {
                self.queue.reset_ages();
                self.start_workers(&mut workers, &pause);
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = until_other(&mut leads, is_leading) => {}
            }
            pause.cancel();
            while workers.join_next().await.is_some() {}
        }
    }

    fn start_workers(self: &Arc<Self>, workers: &mut JoinSet<()>, pause: &CancellationToken) {
        for _ in 0..WORKERS {
            let (this, pause) = (Arc::clone(self), pause.clone());
            workers.spawn(async move {
                while let Some(key) = pause.run_until_cancelled(this.queue.take()).await {
                    let end = this.measured(&key, &pause).await;
                    if let Some(lag) = this.queue.finish(&key, end) {
                        this.metrics.lagged(key.controller(), lag);
                    }
                }
            });
        }
    }

    /// Works on one key, unless it takes too long once `pause` has begun; counted either way.
    async fn measured(&self, key: &Key, pause: &CancellationToken) -> End {
        let start = Instant::now();
        let span = key.span();
        let work = self.reconcile(key).instrument(span.clone());
        let end = tokio::select! {
            end = work => Some(end),
            () = long_after(pause) => None,
        };
        let outcome = match end {
            Some(End::Done) => "done",
            Some(End::Later(_)) => "later",
            Some(End::Failed | End::FailedFor(_)) => "failed",
            None => "dropped",
        };
        if end.is_none() {
            tracing::warn!(
                ?key,
                "dropped, since this replica leads no more; whoever does looks at it"
            );
        }
        span.record("outcome", outcome);
        let took = start.elapsed();
        self.metrics.reconciled(key.controller(), outcome, took);
        end.unwrap_or(End::Failed)
    }

    /// Works on one key; a panic, an error or a deadline is a failure of this key alone.
    async fn reconcile(&self, key: &Key) -> End {
        let work = std::panic::AssertUnwindSafe(self.act(key)).catch_unwind();
        let outcome = match tokio::time::timeout(DEADLINE, work).await {
            Ok(Ok(Ok(end))) => return end,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) => "a defect of Bowline stopped it".to_owned(),
            Err(_) => format!("not done within {} s", DEADLINE.as_secs()),
        };
        tracing::warn!(?key, error = outcome, "not reconciled; it is tried again");
        End::Failed
    }

    async fn act(&self, key: &Key) -> Result<End, ReconcileError> {
        let needs_models = matches!(key, Key::Bundle(_) | Key::Account(..) | Key::Storage(_));
        if needs_models && !self.inventory.knows_models() {
            return Ok(End::Later(UNKNOWING));
        }
        match key {
            Key::Copy(namespace) => {
                if let Some(copies) = &self.copies
                    && let Some(event) = copies.reconcile(namespace).await?
                {
                    self.publish(&regarding("Namespace", namespace, namespace), &event)
                        .await;
                }
            }
            Key::CopyStatus => {
                if let Some(copies) = &self.copies {
                    return copies.write_statuses().await;
                }
            }
            Key::Status(reference) => self.status.reconcile(reference).await?,
            Key::Bundle(namespace) => self.bundle.reconcile(namespace).await?,
            Key::Storage(namespace) => {
                for notice in self.storage.reconcile(namespace).await? {
                    let regarding = regarding("Secret", namespace, &notice.secret);
                    self.publish(&regarding, &notice.into()).await;
                }
            }
            Key::Account(namespace, account) => {
                let again = self.accounts.reconcile(namespace, account).await?;
                return Ok(again.map_or(End::Done, End::Later));
            }
        }
        Ok(End::Done)
    }

    /// Events are for people who look; one that cannot be written is no reason to try again.
    async fn publish(&self, regarding: &ObjectReference, event: &Event) {
        if let Err(error) = self.recorder.publish(event, regarding).await {
            let error = crate::kubernetes::describe(error);
            tracing::warn!(namespace = regarding.namespace, %error, "event not written");
        }
    }
}

/// An object that an event is about. People look for events in a namespace, so one about a namespace
/// itself is written there too.
fn regarding(kind: &str, namespace: &str, name: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some(kind.to_owned()),
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
        ..ObjectReference::default()
    }
}

/// Something about a Secret that people should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// Name of the Secret.
    pub secret: String,
    /// The Event's reason.
    pub reason: &'static str,
    /// A sentence, without a full stop.
    pub note: String,
}

impl From<Notice> for Event {
    fn from(notice: Notice) -> Self {
        Self {
            type_: EventType::Warning,
            reason: notice.reason.to_owned(),
            note: Some(notice.note),
            action: "Publish".to_owned(),
            secondary: None,
        }
    }
}

/// Waits until it is time to drop what is under way.
async fn long_after(pause: &CancellationToken) {
    pause.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// Waits until something else is said than this. A sender that is gone says nothing more, so the last
/// word counts until the end.
async fn until_other(leads: &mut watch::Receiver<bool>, than: bool) {
    if leads.wait_for(|leads| *leads != than).await.is_err() {
        std::future::pending::<()>().await;
    }
}

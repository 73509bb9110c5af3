//! What the leading replica keeps right: reads what is used, compares, and writes what differs.

pub mod fingerprint;
pub mod inventory;
pub mod kinds;
pub mod lease;
pub mod queue;
pub mod status;
pub mod watches;

pub mod ca_bundle {
    //! x
    /// x
    pub const WATCHED: [&str; 3] = ["a", "b", "c"];
}

use std::sync::Arc;
use std::time::Duration;

use bowline_core::plan::Account;
use fingerprint::Fingerprints;
use futures::FutureExt as _;
use inventory::{Inventory, WorkloadRef};
use kube::runtime::events::{Recorder, Reporter};
use queue::Queue;
use status::StatusController;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watches::Watches;

/// How many keys are worked on at the same time. At 40 ms for one, as in a cluster, ten thousand
/// take less than a minute.
const WORKERS: usize = 16;
/// How long one key may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// How a replica is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Namespace of our own Secrets and Lease.
    pub namespace: String,
    /// What our own objects begin with.
    pub name: String,
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
}

impl Assembly {
    /// Puts a replica together; nothing runs yet.
    pub fn new(client: &kube::Client, settings: &Settings) -> Self {
        let (inventory, queue) = (Arc::new(Inventory::default()), Arc::new(Queue::default()));
        let watches = Watches::new(client.clone(), Arc::clone(&inventory), Arc::clone(&queue));
        let recorder = Recorder::new(client.clone(), Reporter::from(settings.name.as_str()));
        let fingerprints = Fingerprints::new(
            client.clone(),
            settings.namespace.clone(),
            format!("{}-fingerprints", settings.name),
        );
        let status = StatusController::new(
            client.clone(),
            recorder,
            Arc::clone(&inventory),
            fingerprints,
        );
        let controllers = Controllers::new(Arc::clone(&queue), status);
        Self {
            inventory,
            queue,
            watches: Arc::new(watches),
            controllers: Arc::new(controllers),
        }
    }

    /// Watches, and works while `leads` says so, until `stopping`.
    pub async fn run(self, leads: watch::Receiver<bool>, stopping: CancellationToken) {
        tokio::join!(
            self.watches.run(stopping.clone()),
            self.controllers.run(leads, stopping),
        );
    }
}

/// What the leader does.
pub struct Controllers {
    queue: Arc<Queue<Key>>,
    status: StatusController,
}

impl Controllers {
    /// Works off `queue`.
    pub const fn new(queue: Arc<Queue<Key>>, status: StatusController) -> Self {
        Self { queue, status }
    }

    /// Works while `leads` says so, until `stopping`; what is under way then is finished or, after
    /// its deadline, dropped. Each key is level-based, so that nothing is lost or done twice.
    pub async fn run(
        self: Arc<Self>,
        mut leads: watch::Receiver<bool>,
        stopping: CancellationToken,
    ) {
        while !stopping.is_cancelled() {
            let is_leading = *leads.borrow_and_update();
            if is_leading {
                let pause = stopping.child_token();
                let mut workers = self.workers(&pause);
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = until_changed(&mut leads) => {}
                }
                pause.cancel();
                while workers.join_next().await.is_some() {}
            } else {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = until_changed(&mut leads) => {}
                }
            }
        }
    }

    fn workers(self: &Arc<Self>, pause: &CancellationToken) -> JoinSet<()> {
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            let (this, pause) = (Arc::clone(self), pause.clone());
            workers.spawn(async move {
                while let Some(key) = pause.run_until_cancelled(this.queue.take()).await {
                    let is_done = this.reconcile(&key).await;
                    this.queue.finish(&key, is_done);
                }
            });
        }
        workers
    }

    /// Works on one key; a panic, an error or a deadline is a failure of this key alone.
    async fn reconcile(&self, key: &Key) -> bool {
        let work = std::panic::AssertUnwindSafe(self.act(key)).catch_unwind();
        let outcome = match tokio::time::timeout(DEADLINE, work).await {
            Ok(Ok(Ok(()))) => return true,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) => "a defect of Bowline stopped it".to_owned(),
            Err(_) => format!("not done within {} s", DEADLINE.as_secs()),
        };
        tracing::warn!(?key, error = outcome, "not reconciled; it is tried again");
        false
    }

    async fn act(&self, key: &Key) -> Result<(), ReconcileError> {
        match key {
            Key::Status(reference) => self.status.reconcile(reference).await,
            _ => Ok(()),
        }
    }
}

/// A sender that is gone says nothing more, so the last word counts until the end.
async fn until_changed(leads: &mut watch::Receiver<bool>) {
    if leads.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

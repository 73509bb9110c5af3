//! The operator's controllers, put together as the operator does, and leading.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bowline_operator::controllers::fingerprint::Fingerprints;
use bowline_operator::controllers::inventory::Inventory;
use bowline_operator::controllers::queue::Queue;
use bowline_operator::controllers::status::StatusController;
use bowline_operator::controllers::watches::Watches;
use bowline_operator::controllers::{Controllers, Key};
use kube::runtime::events::{Recorder, Reporter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Longest wait for something that is to happen by itself.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The controllers, at work until dropped.
pub struct Operator {
    /// What the watches know.
    pub inventory: Arc<Inventory>,
    /// What is still to be done.
    pub queue: Arc<Queue<Key>>,
    watches: Arc<Watches>,
    stopping: CancellationToken,
    _leads: watch::Sender<bool>,
}

impl Operator {
    /// Starts them with the rights of `client`.
    pub fn start(client: &kube::Client) -> Self {
        let (inventory, queue) = (Arc::new(Inventory::default()), Arc::new(Queue::default()));
        let stopping = CancellationToken::new();
        let (leads, leading) = watch::channel(true);
        let watches = Watches::new(client.clone(), Arc::clone(&inventory), Arc::clone(&queue));
        let watches = Arc::new(watches);
        tokio::spawn(Arc::clone(&watches).run(stopping.clone()));
        let recorder = Recorder::new(client.clone(), Reporter::from("bowline"));
        let name = "bowline-fingerprints".to_owned();
        let fingerprints = Fingerprints::new(client.clone(), "default".to_owned(), name);
        let status = StatusController::new(
            client.clone(),
            recorder,
            Arc::clone(&inventory),
            fingerprints,
        );
        let controllers = Controllers::new(Arc::clone(&queue), status);
        tokio::spawn(Arc::new(controllers).run(leading, stopping.clone()));
        Self {
            inventory,
            queue,
            watches,
            stopping,
            _leads: leads,
        }
    }

    /// Waits until everything was listed, and nothing is left to do.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn until_idle(&self) -> Result<()> {
        until(|| self.watches.is_synced() && self.queue.is_empty()).await
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Waits until something is so.
///
/// # Errors
/// When that takes too long.
pub async fn until(is_so: impl Fn() -> bool) -> Result<()> {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    Ok(tokio::time::timeout(PATIENCE, waiting).await?)
}

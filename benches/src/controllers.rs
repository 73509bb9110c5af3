//! The operator's controllers, put together as the operator does, and leading.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bowline_operator::controllers::inventory::Inventory;
use bowline_operator::controllers::queue::Queue;
use bowline_operator::controllers::watches::Watches;
use bowline_operator::controllers::{Assembly, Key, Settings};
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
        Self::start_with(client, &Settings::new("default", "bowline"))
    }

    /// Starts them with these settings.
    pub fn start_with(client: &kube::Client, settings: &Settings) -> Self {
        let stopping = CancellationToken::new();
        let (leads, leading) = watch::channel(true);
        let assembly = Assembly::new(client, settings, Arc::default());
        let this = Self {
            inventory: Arc::clone(&assembly.inventory),
            queue: Arc::clone(&assembly.queue),
            watches: Arc::clone(&assembly.watches),
            stopping: stopping.clone(),
            _leads: leads,
        };
        tokio::spawn(assembly.run(leading, stopping));
        this
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

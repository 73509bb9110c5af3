//! Endpoints that behave badly: they take connections, count them, and say nothing or nonsense.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An endpoint on loopback.
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    taken: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Stub {
    /// Takes connections, sends this, and then nothing more until the other side goes.
    pub(super) async fn saying(words: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (taken, open) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (address, counts) = (
            listener.local_addr()?,
            (Arc::clone(&taken), Arc::clone(&open)),
        );
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (taken, open) = (Arc::clone(&counts.0), Arc::clone(&counts.1));
                taken.fetch_add(1, Ordering::SeqCst);
                open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = stream.write_all(words.as_bytes()).await;
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self {
            address,
            taken,
            open,
            task,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were made.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(super) async fn until_open(&self, wanted: usize) -> Result<()> {
        let reached = async {
            while self.open.load(Ordering::SeqCst) != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        Ok(tokio::time::timeout(Duration::from_secs(8), reached).await?)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

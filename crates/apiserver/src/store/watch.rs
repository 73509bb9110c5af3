//! The stream of changes behind a watch: from memory while it keeps up, else from the history.

use super::feed::Feed;
use super::reader::{Changes, Reader};
use super::{Event, StoreError};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::watch;

/// A stream of changes; it ends after its first error.
pub struct Watch {
    events: BoxStream<'static, Result<Event, StoreError>>,
    progress: Arc<AtomicU64>,
}

impl Watch {
    /// Everything up to this version has been handed out: what a bookmark may say.
    pub fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    pub(super) fn new(
        reader: Arc<Reader>,
        feed: Arc<Feed>,
        resource: String,
        namespace: Option<String>,
        from: u64,
    ) -> Self {
        let progress = Arc::new(AtomicU64::new(from));
        let follower = Follower {
            reader,
            latest: feed.subscribe(),
            feed,
            resource,
            namespace,
            cursor: from,
            pending: VecDeque::new(),
            progress: progress.clone(),
        };
        let events = futures::stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            match follower.next().await {
                Ok(event) => Some((Ok(event), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Self {
            events: events.boxed(),
            progress,
        }
    }
}

impl Stream for Watch {
    type Item = Result<Event, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_next_unpin(context)
    }
}

/// Where one watch stands.
struct Follower {
    reader: Arc<Reader>,
    feed: Arc<Feed>,
    latest: watch::Receiver<u64>,
    resource: String,
    namespace: Option<String>,
    /// Every change up to here is handed out or pending.
    cursor: u64,
    pending: VecDeque<Event>,
    progress: Arc<AtomicU64>,
}

impl Follower {
    async fn next(&mut self) -> Result<Event, StoreError> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                let reached = if self.pending.is_empty() {
                    self.cursor
                } else {
                    event.version
                };
                self.progress.store(reached, Ordering::Relaxed);
                return Ok(event);
            }
            self.progress.store(self.cursor, Ordering::Relaxed);
            let latest = *self.latest.borrow_and_update();
            if self.cursor < latest {
                self.fill().await?;
            } else {
                if self.cursor > latest {
                    self.refuse_future().await?;
                }
                self.latest
                    .changed()
                    .await
                    .map_err(|_| StoreError::Closed)?;
            }
        }
    }

    async fn fill(&mut self) -> Result<(), StoreError> {
        let namespace = self.namespace.as_deref();
        let recent = self.feed.after(self.cursor, &self.resource, namespace);
        (self.pending, self.cursor) = match recent {
            Some(recent) => recent,
            None => {
                let namespace = self.namespace.clone();
                let changes = self
                    .reader
                    .changes(self.resource.clone(), namespace, self.cursor);
                let Changes { events, upto } = changes.await?;
                (events, upto)
            }
        };
        Ok(())
    }

    /// A reader may learn of a version just before it is published here; any other version that
    /// is ahead was never given out by this store.
    async fn refuse_future(&self) -> Result<(), StoreError> {
        self.reader.known(self.cursor).await
    }
}

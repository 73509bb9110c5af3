//! The latest changes in memory, so that many watches cost one decoding and no reading. Whatever
//! is no longer here is left to the history on disk.

use super::{Event, ObjectKey};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

const CHANGES: usize = 1024;
const BYTES: usize = 4 << 20;
/// So much is handed to one watch at a time, and so kept for it where its client does not read.
const BATCH: usize = 256 << 10;

/// One change with what is needed to route and to bound it.
pub(super) struct Entry {
    pub(super) key: ObjectKey,
    pub(super) event: Event,
    pub(super) bytes: usize,
}

/// Tells watches of changes.
pub(super) struct Feed {
    recent: Mutex<Recent>,
    latest: watch::Sender<u64>,
}

/// Every change after `complete_after` is in `entries`.
struct Recent {
    entries: VecDeque<Entry>,
    bytes: usize,
    complete_after: u64,
}

impl Feed {
    pub(super) fn new(latest: u64) -> Self {
        let recent = Recent {
            entries: VecDeque::new(),
            bytes: 0,
            complete_after: latest,
        };
        Self {
            recent: Mutex::new(recent),
            latest: watch::Sender::new(latest),
        }
    }

    /// The version of the latest change published.
    pub(super) fn latest(&self) -> u64 {
        *self.latest.borrow()
    }

    /// Learns of every later version.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// Whether anybody would look at the changes.
    pub(super) fn is_watched(&self) -> bool {
        self.latest.receiver_count() > 0
    }

    /// Makes changes known that are on disk, up to `latest`; none where they were not collected.
    pub(super) fn publish(&self, entries: Option<Vec<Entry>>, latest: u64) {
        let mut recent = self.lock();
        match entries {
            Some(entries) => entries.into_iter().for_each(|entry| recent.push(entry)),
            None => {
                let complete_after = latest;
                *recent = Recent {
                    entries: VecDeque::new(),
                    bytes: 0,
                    complete_after,
                };
            }
        }
        drop(recent);
        self.latest.send_replace(latest);
    }

    /// The next changes of a resource after `version`, in order, and the version up to which they
    /// are all; none where some are no longer here.
    pub(super) fn after(
        &self,
        version: u64,
        resource: &str,
        namespace: Option<&str>,
    ) -> Option<(VecDeque<Event>, u64)> {
        let recent = self.lock();
        if version < recent.complete_after {
            return None;
        }
        let first = recent
            .entries
            .partition_point(|entry| entry.event.version <= version);
        let is_meant = |key: &ObjectKey| {
            key.resource == resource && namespace.is_none_or(|namespace| key.namespace == namespace)
        };
        let (mut events, mut bytes, mut upto) = (VecDeque::new(), 0, version);
        for entry in recent.entries.range(first..) {
            if bytes > BATCH {
                break;
            }
            upto = entry.event.version;
            if is_meant(&entry.key) {
                bytes += entry.bytes;
                events.push_back(entry.event.clone());
            }
        }
        Some((events, upto))
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        // Nothing that can panic happens under this lock.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes;
        self.entries.push_back(entry);
        while self.entries.len() > CHANGES || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes;
            self.complete_after = oldest.event.version;
        }
    }
}

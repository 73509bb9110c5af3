//! Secrets that were read before are not read again while a watch says that they are as they were:
//! a [`Cluster`] in front of another one, for what needs no values. Whether somebody may use a
//! Secret is never answered from here, and no value is kept.
//!
//! A watch may be late by a moment, and then what is told of a Secret's keys, and that it exists, is
//! as old. So that one which has gone silent is not believed for ever, nothing is kept for longer
//! than [`BELIEVED`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowline_core::Secret;
use bowline_core::plan::Account;
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError, Sighting, User};

/// How long a Secret that was read is taken to be as its watch says.
pub const BELIEVED: Duration = Duration::from_secs(60);
/// How many Secrets are kept, at some hundred bytes each.
pub const CAPACITY: usize = 10_000;

/// Knows how Secrets stand now.
pub trait Versions: Send + Sync + 'static {
    /// Whether the last that was heard of a Secret is this `resourceVersion`. What nothing was heard
    /// of is not current.
    fn is_current(&self, namespace: &str, secret: &str, version: &str) -> bool;
}

/// A cluster whose Secrets are remembered for as long as they do not change.
#[derive(Debug)]
pub struct Seen<C, V> {
    cluster: C,
    versions: Arc<V>,
    /// When it was read, and what was, by namespace and name.
    known: Mutex<HashMap<(String, String), (Instant, Sighting)>>,
}

impl<C: Cluster, V: Versions> Seen<C, V> {
    /// Remembers what `cluster` says of Secrets, for as long as `versions` holds it to be true.
    pub fn new(cluster: C, versions: Arc<V>) -> Self {
        Self {
            cluster,
            versions,
            known: Mutex::default(),
        }
    }

    fn remembered(&self, place: &(String, String)) -> Option<Sighting> {
        let (_, sighting) = lock(&self.known).get(place).filter(is_believed)?.clone();
        let is_current = self
            .versions
            .is_current(&place.0, &place.1, &sighting.version);
        is_current.then_some(sighting)
    }

    fn remember(&self, place: (String, String), read: Instant, sighting: Sighting) {
        let mut known = lock(&self.known);
        if known.len() >= CAPACITY && !known.contains_key(&place) {
            known.retain(|_, entry| is_believed(&&*entry));
        }
        if known.len() < CAPACITY {
            known.insert(place, (read, sighting));
        }
    }
}

fn is_believed((read, _): &&(Instant, Sighting)) -> bool {
    read.elapsed() < BELIEVED
}

impl<C: Cluster, V: Versions> Cluster for Seen<C, V> {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, ClusterError> {
        self.cluster.secret(namespace, name).await
    }

    async fn sight(&self, namespace: &str, name: &str) -> Result<Option<Sighting>, ClusterError> {
        let place = (namespace.to_owned(), name.to_owned());
        if let Some(sighting) = self.remembered(&place) {
            return Ok(Some(sighting));
        }
        let read = Instant::now();
        let sighting = self.cluster.sight(namespace, name).await?;
        if let Some(sighting) = &sighting {
            self.remember(place, read, sighting.clone());
        }
        Ok(sighting)
    }

    async fn may_get_secret(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        self.cluster.may_get_secret(user, namespace, name).await
    }

    async fn may_record(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        self.cluster.may_record(user, namespace, name).await
    }

    async fn ensure_account(&self, namespace: &str, account: &Account) -> Result<(), ClusterError> {
        self.cluster.ensure_account(namespace, account).await
    }
}

/// Nothing that holds this lock can panic half-way.
fn lock<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

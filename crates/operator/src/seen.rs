//! Secrets that were read before are not read again while a watch says that they are as they were:
//! a [`Cluster`] in front of another one, for what needs no values. Whether somebody may use a
//! Secret is never answered from here, and no value is kept.
//!
//! A watch may be late, and then what is told of a Secret's keys, and that it exists, is as old. So
//! that one which has gone silent is not believed for ever, nothing is kept for longer than
//! [`BELIEVED`].

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowline_core::Secret;
use bowline_core::plan::Account;
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError, Sighting, User};

/// How long a Secret that was read is taken to be as its watch says.
pub const BELIEVED: Duration = Duration::from_secs(60);
/// How many Secrets are kept; the oldest go first.
pub const CAPACITY: usize = 2_000;
/// Most bytes of keys and warnings of one Secret that is kept; what is larger is read each time.
pub const LARGEST: usize = 4_096;

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
    known: Mutex<Known>,
}

/// Namespace and name.
type Place = (String, String);

#[derive(Debug, Default)]
struct Known {
    /// When it was read, and what was.
    sightings: HashMap<Place, (Instant, Sighting)>,
    /// When what was read, in order.
    order: VecDeque<(Instant, Place)>,
}

impl Known {
    fn get(&self, place: &Place) -> Option<Sighting> {
        let (read, sighting) = self.sightings.get(place)?;
        (read.elapsed() < BELIEVED).then(|| sighting.clone())
    }

    fn keep(&mut self, place: Place, read: Instant, sighting: Sighting) {
        self.sightings.insert(place.clone(), (read, sighting));
        self.order.push_back((read, place));
        while let Some((read, oldest)) = self.order.front() {
            if self.order.len() <= CAPACITY && read.elapsed() < BELIEVED {
                break;
            }
            // A newer sighting of the same Secret stands further back.
            if self.sightings.get(oldest).is_some_and(|it| it.0 == *read) {
                self.sightings.remove(oldest);
            }
            self.order.pop_front();
        }
    }
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

    fn is_current(&self, (namespace, name): &Place, sighting: &Sighting) -> bool {
        self.versions.is_current(namespace, name, &sighting.version)
    }
}

impl<C: Cluster, V: Versions> Cluster for Seen<C, V> {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, ClusterError> {
        self.cluster.secret(namespace, name).await
    }

    async fn sight(&self, namespace: &str, name: &str) -> Result<Option<Sighting>, ClusterError> {
        let place = (namespace.to_owned(), name.to_owned());
        let known = lock(&self.known).get(&place);
        if let Some(known) = known.filter(|known| self.is_current(&place, known)) {
            return Ok(Some(known));
        }
        let read = Instant::now();
        let sighting = self.cluster.sight(namespace, name).await?;
        if let Some(sighting) = &sighting
            && sighting.variables.size() <= LARGEST
            && self.is_current(&place, sighting)
        {
            lock(&self.known).keep(place, read, sighting.clone());
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

//! What is in the cluster, as far as it concerns connections: which workload uses which Secret,
//! and which Secrets are to be in `storage-config`. Filled by `watches`; holds no values.

mod followed;
mod workload;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bowline_core::connection::Marker;
use bowline_core::plan::Account;
use bowline_core::{Usage, names};
use kube::core::ObjectMeta;

use super::Key;
use super::kinds::{KINDS, Kind};
use crate::secrets::Users;
use crate::seen::Versions;

pub use followed::Followed;
pub use workload::{Workload, WorkloadRef};
pub(super) use workload::{place, reference};

/// Name of the Secret that KServe looks S3 connections up in.
pub const STORAGE_CONFIG: &str = "storage-config";
/// The kind of what holds connections.
pub(super) const SECRET: &str = "Secret";

/// What the watches know.
#[derive(Debug, Default)]
pub struct Inventory {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    workloads: HashMap<WorkloadRef, Workload>,
    /// Users of a Secret, by namespace and name.
    users: HashMap<(String, String), BTreeSet<WorkloadRef>>,
    /// Users of a ServiceAccount of ours, by namespace.
    accounts: HashMap<(String, Account), BTreeSet<WorkloadRef>>,
    /// Secrets that are labelled for model serving, by namespace.
    labelled: BTreeMap<String, BTreeSet<String>>,
    /// Kinds all objects of which were told at least once.
    listed: BTreeSet<&'static str>,
    /// What is known of Secrets, one for each that is in use or labelled and for no other: nobody
    /// tells of others, so what was known of them is soon out of date.
    followed: HashMap<(String, String), Arc<Followed>>,
    /// What the watch told last of each Secret that is in use, labelled, or says that it is a
    /// connection. Nothing else writes here, so whatever stands here is no older than the watch.
    told: HashMap<(String, String), String>,
}

impl Inventory {
    /// Takes in a workload as it is now. Returns what must be looked at again.
    pub fn put_workload(
        &self,
        kind: &'static Kind,
        version: &'static str,
        meta: &ObjectMeta,
    ) -> Vec<Key> {
        let Some(reference) = reference(kind.name, meta) else {
            return Vec::new();
        };
        let workload = workload::workload(kind, version, &reference.namespace, meta);
        let mut state = self.write();
        let Some(workload) = workload else {
            return state.remove(&reference);
        };
        if state.workloads.get(&reference) == Some(&workload) {
            return Vec::new();
        }
        if let Some(before) = state.workloads.get_mut(&reference)
            && before.is_but_for_status(&workload)
        {
            before.status = workload.status;
            return vec![Key::Status(reference)];
        }
        let mut keys = state.remove(&reference);
        keys.extend(state.insert(reference, workload));
        keys.sort();
        keys.dedup();
        keys
    }

    /// Takes out a workload that is gone.
    pub fn remove_workload(&self, name_of_kind: &'static str, meta: &ObjectMeta) -> Vec<Key> {
        reference(name_of_kind, meta).map_or_else(Vec::new, |it| self.write().remove(&it))
    }

    /// Takes out all workloads of a kind but these, as after a fresh list.
    pub fn keep_workloads(&self, kind: &str, kept: &BTreeSet<WorkloadRef>) -> Vec<Key> {
        let mut state = self.write();
        let gone: Vec<_> = state
            .workloads
            .keys()
            .filter(|it| it.kind == kind && !kept.contains(it))
            .cloned()
            .collect();
        gone.iter().flat_map(|it| state.remove(it)).collect()
    }

    /// Takes in a Secret as it is now.
    pub fn put_secret(&self, meta: &ObjectMeta) -> Vec<Key> {
        let Some(place) = place(meta) else {
            return Vec::new();
        };
        let mut state = self.write();
        let is_labelled = meta
            .labels
            .as_ref()
            .and_then(|labels| labels.get(names::MANAGED_LABEL))
            .is_some_and(|value| value == "true")
            && place.1 != STORAGE_CONFIG;
        let was_labelled = state.set_labelled(&place, is_labelled);
        let is_followed = is_labelled || state.users.contains_key(&place);
        let version = meta.resource_version.clone().unwrap_or_default();
        if is_followed || states_connection(meta) {
            state.told.insert(place.clone(), version.clone());
        } else {
            state.told.remove(&place);
        }
        if is_followed {
            let followed = state.followed.entry(place.clone()).or_default();
            if !followed.hear(version) && is_labelled == was_labelled {
                return Vec::new();
            }
        } else {
            state.followed.remove(&place);
        }
        state.keys_of_secret(&place, is_labelled || was_labelled)
    }

    /// Takes out a Secret that is gone.
    pub fn remove_secret(&self, meta: &ObjectMeta) -> Vec<Key> {
        place(meta).map_or_else(Vec::new, |place| self.write().remove_secret(&place))
    }

    /// Takes out all Secrets but these, as after a fresh list.
    pub fn keep_secrets(&self, kept: &BTreeSet<(String, String)>) -> Vec<Key> {
        let mut state = self.write();
        state.told.retain(|place, _| kept.contains(place));
        let gone: Vec<_> = state
            .followed
            .keys()
            .filter(|place| !kept.contains(place))
            .cloned()
            .collect();
        gone.iter()
            .flat_map(|place| state.remove_secret(place))
            .collect()
    }

    /// Says that all objects of a kind have been told, or that it is not installed.
    pub fn mark_listed(&self, kind: &'static str) {
        self.write().listed.insert(kind);
    }

    /// Whether all Secrets and models are known. Until then nothing may be taken for unused.
    pub fn knows_models(&self) -> bool {
        let listed = &self.read().listed;
        let models = KINDS.iter().filter(|kind| kind.workload.is_serving());
        listed.contains(SECRET) && models.into_iter().all(|kind| listed.contains(kind.name))
    }

    /// Everything that is known, for a full look at it.
    pub fn keys(&self) -> BTreeSet<Key> {
        let state = self.read();
        let mut keys: BTreeSet<Key> = state.workloads.keys().cloned().map(Key::Status).collect();
        for reference in state.workloads.keys() {
            keys.insert(Key::Storage(reference.namespace.clone()));
            keys.insert(Key::Bundle(reference.namespace.clone()));
        }
        for (namespace, account) in state.accounts.keys() {
            keys.insert(Key::Account(namespace.clone(), account.clone()));
        }
        for namespace in state.labelled.keys() {
            keys.insert(Key::Storage(namespace.clone()));
            keys.insert(Key::Bundle(namespace.clone()));
        }
        keys
    }

    /// A workload, where it is there and uses connections.
    pub fn workload(&self, reference: &WorkloadRef) -> Option<Workload> {
        self.read().workloads.get(reference).cloned()
    }

    /// The users of a Secret.
    pub fn users(&self, namespace: &str, secret: &str) -> Vec<WorkloadRef> {
        let place = (namespace.to_owned(), secret.to_owned());
        let state = self.read();
        let users = state.users.get(&place);
        users.map_or_else(Vec::new, |users| users.iter().cloned().collect())
    }

    /// Whether a workload runs under this ServiceAccount because of its connection.
    pub fn is_account_used(&self, namespace: &str, account: &Account) -> bool {
        let place = (namespace.to_owned(), account.clone());
        self.read().accounts.contains_key(&place)
    }

    /// Secrets that `storage-config` of a namespace should have entries for, if they are S3:
    /// used by a model, or labelled.
    pub fn for_storage(&self, namespace: &str) -> BTreeSet<String> {
        let state = self.read();
        let mut names = state.labelled.get(namespace).cloned().unwrap_or_default();
        let models = state.workloads.iter().filter(|(reference, workload)| {
            reference.namespace == namespace && workload.is_serving()
        });
        names.extend(models.flat_map(|(_, workload)| workload.usage.connections.iter().cloned()));
        names
    }

    /// Whether models are served in a namespace by connections, or are meant to be.
    pub fn serves(&self, namespace: &str) -> bool {
        let state = self.read();
        let is_here = |(reference, workload): (&WorkloadRef, &Workload)| {
            reference.namespace == namespace && workload.is_serving()
        };
        state.labelled.contains_key(namespace) || state.workloads.iter().any(is_here)
    }

    /// What is known of a Secret. Of one that is neither in use nor labelled that is nothing, and
    /// nothing that is noted there lasts.
    pub fn followed(&self, namespace: &str, secret: &str) -> Arc<Followed> {
        let place = (namespace.to_owned(), secret.to_owned());
        let state = self.read();
        state.followed.get(&place).cloned().unwrap_or_default()
    }

    /// Remembers the status that was just written, which needs no other look.
    pub fn learn_status(&self, reference: &WorkloadRef, text: Option<&str>) {
        if let Some(workload) = self.write().workloads.get_mut(reference) {
            workload.status = text.map(workload::hash);
        }
    }

    /// How many workloads and Secrets are held.
    pub fn sizes(&self) -> (usize, usize) {
        let state = self.read();
        (state.workloads.len(), state.followed.len())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Users for Inventory {
    fn of(&self, namespace: &str, secret: &str) -> Vec<String> {
        let users = self.users(namespace, secret);
        users
            .into_iter()
            .map(|user| format!("{}/{}", user.kind, user.name))
            .collect()
    }
}

impl Versions for Inventory {
    fn is_current(&self, namespace: &str, secret: &str, version: &str) -> bool {
        let place = (namespace.to_owned(), secret.to_owned());
        let state = self.read();
        state.told.get(&place).is_some_and(|it| it == version)
    }
}

impl State {
    fn insert(&mut self, reference: WorkloadRef, workload: Workload) -> Vec<Key> {
        let namespace = &reference.namespace;
        for secret in &workload.usage.connections {
            let place = (namespace.clone(), secret.clone());
            self.followed.entry(place.clone()).or_default();
            self.users
                .entry(place)
                .or_default()
                .insert(reference.clone());
        }
        for account in accounts(&workload.usage) {
            let place = (namespace.clone(), account.clone());
            self.accounts
                .entry(place)
                .or_default()
                .insert(reference.clone());
        }
        let keys = keys_of_workload(&reference, &workload);
        self.workloads.insert(reference, workload);
        keys
    }

    fn remove(&mut self, reference: &WorkloadRef) -> Vec<Key> {
        let Some(workload) = self.workloads.remove(reference) else {
            return Vec::new();
        };
        let namespace = &reference.namespace;
        for secret in &workload.usage.connections {
            let place = (namespace.clone(), secret.clone());
            if release(&mut self.users, &place, reference) && !self.is_labelled(&place) {
                self.followed.remove(&place);
            }
        }
        for account in accounts(&workload.usage) {
            release(
                &mut self.accounts,
                &(namespace.clone(), account.clone()),
                reference,
            );
        }
        keys_of_workload(reference, &workload)
    }

    fn remove_secret(&mut self, place: &(String, String)) -> Vec<Key> {
        let was_labelled = self.set_labelled(place, false);
        if self.users.contains_key(place) {
            self.followed.insert(place.clone(), Arc::default());
        } else {
            self.followed.remove(place);
        }
        self.told.remove(place);
        self.keys_of_secret(place, was_labelled)
    }

    fn is_labelled(&self, (namespace, name): &(String, String)) -> bool {
        self.labelled
            .get(namespace)
            .is_some_and(|names| names.contains(name))
    }

    fn set_labelled(&mut self, place: &(String, String), is_labelled: bool) -> bool {
        let was_labelled = self.is_labelled(place);
        let (namespace, name) = place.clone();
        if is_labelled {
            self.labelled.entry(namespace).or_default().insert(name);
        } else if was_labelled && let Some(names) = self.labelled.get_mut(&namespace) {
            names.remove(&name);
            if names.is_empty() {
                self.labelled.remove(&namespace);
            }
        }
        was_labelled
    }

    fn keys_of_secret(&self, place: &(String, String), is_labelled: bool) -> Vec<Key> {
        let (namespace, name) = place;
        let users = self.users.get(place);
        let mut keys: Vec<Key> = users
            .into_iter()
            .flatten()
            .cloned()
            .map(Key::Status)
            .collect();
        let is_stored = is_labelled
            || name == STORAGE_CONFIG
            || users.is_some_and(|users| users.iter().any(|user| self.is_serving(user)));
        if is_stored {
            keys.push(Key::Storage(namespace.clone()));
            keys.push(Key::Bundle(namespace.clone()));
        }
        keys
    }

    fn is_serving(&self, reference: &WorkloadRef) -> bool {
        self.workloads
            .get(reference)
            .is_some_and(Workload::is_serving)
    }
}

/// Takes a user off; whether it was the last one.
fn release<K: std::hash::Hash + Eq>(
    users: &mut HashMap<K, BTreeSet<WorkloadRef>>,
    place: &K,
    user: &WorkloadRef,
) -> bool {
    let Some(left) = users.get_mut(place) else {
        return false;
    };
    left.remove(user);
    let is_last = left.is_empty();
    if is_last {
        users.remove(place);
    }
    is_last
}

/// The accounts that a workload's pods run under.
fn accounts(usage: &Usage) -> impl Iterator<Item = &Account> {
    usage.accounts.iter().chain(&usage.own_accounts)
}

/// What is to be looked at when a workload has come or gone. An account that its manifest names
/// itself does not go with the connection.
fn keys_of_workload(reference: &WorkloadRef, workload: &Workload) -> Vec<Key> {
    let namespace = &reference.namespace;
    let accounts = workload.usage.accounts.iter().cloned();
    let mut keys: Vec<Key> = accounts
        .map(|account| Key::Account(namespace.clone(), account))
        .collect();
    keys.push(Key::Status(reference.clone()));
    if workload.is_serving() {
        keys.push(Key::Bundle(namespace.clone()));
        keys.push(Key::Storage(namespace.clone()));
    }
    keys
}

/// Whether an annotation says that a Secret is a connection.
fn states_connection(meta: &ObjectMeta) -> bool {
    let marks = Marker::STATED.into_iter().filter_map(Marker::annotation);
    let annotations = meta.annotations.as_ref();
    annotations.is_some_and(|it| marks.into_iter().any(|mark| it.contains_key(mark)))
}

#[cfg(test)]
mod tests;

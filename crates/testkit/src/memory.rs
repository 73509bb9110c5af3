//! A cluster in memory: Secrets, rights and ServiceAccounts, as far as admission asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bowline_core::Secret;
use bowline_core::plan::Account;
use bowline_operator::{Cluster, ClusterError, User};

/// A handle to one cluster in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

/// An object's namespace and name.
type Key = (String, String);

#[derive(Debug, Default)]
struct State {
    secrets: BTreeMap<Key, Secret>,
    forbidden: BTreeSet<String>,
    unavailable: BTreeSet<String>,
    cursed: BTreeSet<String>,
    accounts: BTreeMap<Key, Vec<String>>,
    recorders: BTreeSet<String>,
}

impl Memory {
    /// Creates or replaces a Secret.
    pub fn put_secret(&self, secret: Secret) {
        let key = (secret.namespace.clone(), secret.name.clone());
        self.state().secrets.insert(key, secret);
    }

    /// Deletes a Secret; none is fine as well.
    pub fn delete_secret(&self, namespace: &str, name: &str) {
        self.state().secrets.remove(&key(namespace, name));
    }

    /// Says which Secrets nobody may `get`, by name; all others everybody may.
    pub fn forbid(&self, names: &[String]) {
        self.state().forbidden = names.iter().cloned().collect();
    }

    /// Says which Secrets cannot be read for a technical reason, by name.
    pub fn disconnect(&self, names: &[String]) {
        self.state().unavailable = names.iter().cloned().collect();
    }

    /// Makes reading a Secret of this name panic, as a defect would.
    pub fn curse(&self, name: &str) {
        self.state().cursed.insert(name.to_owned());
    }

    /// Lets somebody say how tests went.
    pub fn let_record(&self, user: &str) {
        self.state().recorders.insert(user.to_owned());
    }

    /// Creates or replaces a ServiceAccount that links these Secrets.
    pub fn put_account(&self, namespace: &str, name: &str, links: &[String]) {
        self.state()
            .accounts
            .insert(key(namespace, name), links.to_vec());
    }

    /// The ServiceAccounts of a namespace with the Secrets that they link.
    pub fn accounts(&self, namespace: &str) -> BTreeMap<String, Vec<String>> {
        let state = self.state();
        let local = state
            .accounts
            .iter()
            .filter(|((place, _), _)| place == namespace);
        local
            .map(|((_, name), links)| (name.clone(), links.clone()))
            .collect()
    }

    /// Empties the cluster.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(namespace: &str, name: &str) -> Key {
    (namespace.to_owned(), name.to_owned())
}

impl Cluster for Memory {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, ClusterError> {
        let state = self.state();
        assert!(!state.cursed.contains(name), "this Secret is cursed");
        if state.unavailable.contains(name) {
            return Err(ClusterError::Api("the connection was reset".to_owned()));
        }
        Ok(state.secrets.get(&key(namespace, name)).cloned())
    }

    async fn may_get_secret(
        &self,
        _user: &User,
        _namespace: &str,
        name: &str,
    ) -> Result<bool, ClusterError> {
        Ok(!self.state().forbidden.contains(name))
    }

    async fn may_record(
        &self,
        user: &User,
        _namespace: &str,
        _name: &str,
    ) -> Result<bool, ClusterError> {
        Ok(self.state().recorders.contains(&user.name))
    }

    async fn ensure_account(&self, namespace: &str, account: &Account) -> Result<(), ClusterError> {
        let mut state = self.state();
        let links = state
            .accounts
            .entry(key(namespace, &account.name))
            .or_default();
        if !links.contains(&account.secret) {
            links.push(account.secret.clone());
        }
        Ok(())
    }
}

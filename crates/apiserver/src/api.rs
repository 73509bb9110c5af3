//! The running API: store, kinds, access rules and admission, shared by every request. What a
//! request goes through is left to [`crate::pipeline`].

use crate::accounts::{self, Signer};
use crate::admission::Admission;
use crate::config::{Config, Token};
use crate::crd;
use crate::garbage::{self, Garbage};
use crate::identity::UserInfo;
use crate::kinds;
use crate::load::Load;
use crate::rbac::{Policy, PolicyCache};
use crate::registry::Registry;
use crate::server::OpenError;
use crate::store::{ObjectKey, Store, StoreError, Stored, Write};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

/// The file beside the store with the key that signs tokens of ServiceAccounts.
const ACCOUNT_KEY: &str = "accounts.key";

pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) tokens: Vec<Token>,
    /// Signs the tokens of ServiceAccounts.
    pub(crate) signer: Signer,
    pub(crate) admission: OnceLock<Arc<dyn Admission>>,
    /// Cancelled when the server stops: watches end then.
    pub(crate) stopping: CancellationToken,
    /// Namespaces that are known to be there to stay. Held for reading while an object is put into
    /// one, for writing while one closes.
    pub(crate) open_namespaces: RwLock<HashSet<String>>,
    /// Held while what is in a closing namespace goes, and the namespace itself.
    pub(crate) settling: Mutex<()>,
    /// How many requests of remote clients are worked at.
    pub(crate) load: Load,
    /// Who owns whom, for when somebody goes.
    pub(crate) garbage: Garbage,
    policy: PolicyCache,
    /// Held while a definition changes and its kind with it.
    pub(crate) definitions: Mutex<()>,
}

impl Api {
    pub(crate) fn open(config: &Config) -> Result<Self, OpenError> {
        let store = Store::open(config.store())?;
        // After the store, which makes the directory and lets nobody else into it.
        let signer = Signer::open(&config.database.with_file_name(ACCOUNT_KEY))?;
        Ok(Self {
            store,
            signer,
            registry: Registry::new(kinds::built_in()),
            tokens: config.tokens.clone(),
            admission: OnceLock::new(),
            stopping: CancellationToken::new(),
            open_namespaces: RwLock::default(),
            settling: Mutex::default(),
            load: Load::default(),
            garbage: Garbage::default(),
            policy: PolicyCache::default(),
            definitions: Mutex::new(()),
        })
    }

    /// Whose a bearer token is: one of the configured ones, or that of a ServiceAccount which is
    /// good now and made for this API.
    pub(crate) async fn user_of_token(
        &self,
        offered: &str,
    ) -> Result<Option<UserInfo>, StoreError> {
        if let Some(known) = self.configured_user(offered) {
            return Ok(Some(known));
        }
        let known = accounts::user(self, offered, &accounts::own_audience()).await?;
        Ok(known.map(|(user, _)| user))
    }

    /// Whose a configured token is. Every token is looked at, so that the time taken does not tell
    /// which one is close.
    pub(crate) fn configured_user(&self, offered: &str) -> Option<UserInfo> {
        let mut known = None;
        for token in &self.tokens {
            if token.is(offered) {
                known = Some(token.user().clone());
            }
        }
        known
    }

    /// The access rules of this moment.
    pub(crate) async fn policy(&self) -> Result<Arc<Policy>, StoreError> {
        self.policy.get(&self.store).await
    }

    /// Stores changes to one resource (`group/plural`), all or none, and lets the server take note
    /// of what it is itself ruled by.
    pub(crate) async fn commit(
        &self,
        resource: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Stored>, StoreError> {
        let definitions: Vec<ObjectKey> = match resource {
            crd::STORED_AS => writes
                .iter()
                .map(|write| garbage::change(write).0)
                .collect(),
            _ => Vec::new(),
        };
        let changes: Vec<_> = writes.iter().map(garbage::change).collect();
        // Whoever hears of a definition's change must not find its kind as it was before.
        let one_at_a_time = match definitions.is_empty() {
            false => Some(self.definitions.lock().await),
            true => None,
        };
        let stored = self.store.write(writes).await?;
        self.garbage.note(&changes, &stored);
        if resource.split('/').next() == Some(crate::validate::rbac::GROUP) {
            self.policy.invalidate();
        }
        for key in definitions {
            self.register_alone(&key).await?;
        }
        drop(one_at_a_time);
        Ok(stored)
    }

    /// Brings the registry up to what is stored under one definition's key.
    pub(crate) async fn register(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let _one_at_a_time = self.definitions.lock().await;
        self.register_alone(key).await
    }

    /// The same for whoever keeps others from it.
    async fn register_alone(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let stored_as = match key.name.split_once('.') {
            Some((plural, group)) => format!("{group}/{plural}"),
            None => key.name.clone(),
        };
        let definition = self.store.get(key).await?;
        let versions = definition
            .map(|found| crd::resources(&found.value))
            .unwrap_or_default();
        self.registry.replace(&stored_as, versions);
        Ok(())
    }

    /// Registers a definition that is stored already, at the start.
    pub(crate) fn register_stored(&self, definition: &Value) {
        self.registry
            .replace(&crd::stored_as(definition), crd::resources(definition));
    }

    /// A namespace, where it exists.
    pub(crate) async fn namespace(&self, name: &str) -> Result<Option<Stored>, StoreError> {
        let resource = "/namespaces".to_owned();
        self.store
            .get(&ObjectKey {
                resource,
                namespace: String::new(),
                name: name.to_owned(),
            })
            .await
    }
}

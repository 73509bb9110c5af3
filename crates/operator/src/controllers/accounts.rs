//! Keeps the ServiceAccounts of connections: each is there and linked while a workload runs under
//! it, and goes with its last user if we made it. Making them is left to `kubernetes`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bowline_core::names;
use bowline_core::plan::Account;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::Api;
use tokio::time::Instant;

use super::ReconcileError;
use super::inventory::Inventory;
use crate::cluster::Cluster as _;
use crate::kubernetes::{Kubernetes, delete};

/// Keeps accounts in all namespaces.
pub struct Accounts {
    client: kube::Client,
    inventory: Arc<Inventory>,
    /// How long an account stays that nobody uses. Admission makes it before the workload is
    /// stored, and the workload is heard of a little later still.
    grace: Duration,
    unused: Mutex<HashMap<(String, Account), Instant>>,
}

impl Accounts {
    /// Reads and writes with the rights of `client`.
    pub fn new(client: kube::Client, inventory: Arc<Inventory>, grace: Duration) -> Self {
        Self {
            client,
            inventory,
            grace,
            unused: Mutex::default(),
        }
    }

    /// Brings one account up to date. Returns when to look again, where that is later.
    ///
    /// # Errors
    /// When the API cannot be read or written.
    pub async fn reconcile(
        &self,
        namespace: &str,
        account: &Account,
    ) -> Result<Option<Duration>, ReconcileError> {
        let what = || {
            format!(
                "keep ServiceAccount `{}` of namespace `{namespace}`",
                account.name
            )
        };
        let place = (namespace.to_owned(), account.clone());
        if self.inventory.is_account_used(namespace, account) {
            self.unused().remove(&place);
            let cluster = Kubernetes::new(self.client.clone());
            let done = cluster.ensure_account(namespace, account).await;
            return match done {
                Ok(()) => Ok(None),
                Err(error) => Err(ReconcileError::cluster(what(), &error)),
            };
        }
        let since = *self
            .unused()
            .entry(place.clone())
            .or_insert_with(Instant::now);
        if let Some(left) = self.grace.checked_sub(since.elapsed())
            && !left.is_zero()
        {
            return Ok(Some(left));
        }
        let done = self.remove(namespace, account).await;
        self.unused().remove(&place);
        done.map_err(|error| ReconcileError::api(what(), error))?;
        Ok(None)
    }

    async fn remove(&self, namespace: &str, account: &Account) -> Result<(), kube::Error> {
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        let Some(found) = api.get_opt(&account.name).await? else {
            return Ok(());
        };
        if !is_ours_alone(&found, account) {
            return Ok(());
        }
        // What somebody changes just now is looked at again, since its watch tells.
        delete(&api, &account.name, found.metadata).await.map(drop)
    }

    fn unused(&self) -> std::sync::MutexGuard<'_, HashMap<(String, Account), Instant>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether we made the account, and nobody has added to it: linked more, or annotated it, as with
/// a cloud's role. OpenShift adds credentials and annotations of its own to every account.
fn is_ours_alone(found: &ServiceAccount, account: &Account) -> bool {
    let (label, value) = names::MANAGED_BY;
    let labels = found.metadata.labels.as_ref();
    let is_ours = labels
        .and_then(|labels| labels.get(label))
        .map(String::as_str)
        == Some(value);
    let of_platform = |name: &str| {
        let rest = name.strip_prefix(&account.name);
        rest.is_some_and(|rest| rest.starts_with("-dockercfg-") || rest.starts_with("-token-"))
    };
    let annotations = found.metadata.annotations.iter().flatten();
    let links = found.secrets.iter().flatten();
    let pulls = found.image_pull_secrets.iter().flatten();
    is_ours
        && annotations
            .map(|(key, _)| key)
            .all(|key| key.starts_with("openshift.io/"))
        && links
            .filter_map(|link| link.name.as_deref())
            .all(|name| name == account.secret || of_platform(name))
        && pulls.map(|pull| pull.name.as_str()).all(of_platform)
}

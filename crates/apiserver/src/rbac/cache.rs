//! Keeps the policy in memory until an access rule changes.

use super::policy::{Policy, Sources};
use crate::store::{ListQuery, Store, StoreError};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// The policy of this moment, read again after a change.
#[derive(Default)]
pub(crate) struct PolicyCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts the changes, so that a policy read before a change is not kept after it.
    changes: u64,
    policy: Option<Arc<Policy>>,
}

impl PolicyCache {
    /// Access rules have changed.
    pub(crate) fn invalidate(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.changes += 1;
        state.policy = None;
    }

    /// The policy.
    pub(crate) async fn get(&self, store: &Store) -> Result<Arc<Policy>, StoreError> {
        let changes = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(policy) = &state.policy {
                return Ok(Arc::clone(policy));
            }
            state.changes
        };
        let policy = Arc::new(Policy::new(&read(store).await?));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.changes == changes {
            state.policy = Some(Arc::clone(&policy));
        }
        Ok(policy)
    }
}

async fn read(store: &Store) -> Result<Sources, StoreError> {
    Ok(Sources {
        roles: all(store, "roles").await?,
        cluster_roles: all(store, "clusterroles").await?,
        bindings: all(store, "rolebindings").await?,
        cluster_bindings: all(store, "clusterrolebindings").await?,
    })
}

async fn all(store: &Store, plural: &str) -> Result<Vec<Value>, StoreError> {
    let resource = format!("{}/{plural}", crate::validate::rbac::GROUP);
    Ok(store
        .list(ListQuery {
            resource,
            ..ListQuery::default()
        })
        .await?
        .items)
}

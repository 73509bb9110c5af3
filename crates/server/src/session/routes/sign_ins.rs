//! Sign-ins at the provider that have begun: kept until the browser comes back, each good once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::random::digest;
use crate::session::oidc::Pending;

/// Sign-ins at a time; beyond that, the one that began first goes.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct SignIns(Mutex<HashMap<[u8; 32], Pending>>);

impl SignIns {
    pub(super) fn remember(&self, state: &str, pending: Pending) {
        let now = SystemTime::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, pending| pending.ends > now);
        if all.len() >= MOST {
            let first = all
                .iter()
                .min_by_key(|(_, pending)| pending.ends)
                .map(|(key, _)| *key);
            first.and_then(|key| all.remove(&key));
        }
        all.insert(digest(state), pending);
    }

    pub(super) fn take(&self, state: &str) -> Option<Pending> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.remove(&digest(state))?;
        (found.ends > SystemTime::now()).then_some(found)
    }
}

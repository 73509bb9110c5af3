//! Which connections a stored workload uses, read from its metadata alone, so that a watch need
//! not carry specifications. Whether the connections exist is left to others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::names;
use crate::plan::record::{Record, Tied, annotation};
use crate::plan::{Account, place, reference};
use crate::workload::WorkloadKind;

/// What a workload uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Names of Secrets in the workload's namespace: those injected and those named only.
    pub connections: BTreeSet<String>,
    /// Those of them that were injected by a protocol, and which.
    pub protocols: BTreeMap<String, String>,
    /// ServiceAccounts that the workload's pods run under because a connection says so.
    pub accounts: BTreeSet<Account>,
    /// Those that they run under because the manifest says so itself, too: in use as long as the
    /// connection is named, and nothing to take away when it no longer is.
    pub own_accounts: BTreeSet<Account>,
}

/// The annotations that make an object a user of connections.
pub const MARKS: [&str; 3] = [names::CONNECTIONS, names::ALAUDA_SOURCE, names::INJECTED];

impl Usage {
    /// What an object with this metadata uses; its specification may be absent.
    ///
    /// What a controller made from an admitted workload uses nothing of its own. A reference that
    /// cannot be read counts as far as it can.
    pub fn of(kind: WorkloadKind, namespace: &str, object: &Value) -> Self {
        let mut usage = Self::default();
        if place::is_handed_down(kind, object) {
            return usage;
        }
        for tied in Record::of(object).unwrap_or_default().connections {
            usage.add(tied);
        }
        usage.connections.extend(named(kind, namespace, object));
        usage
    }

    fn add(&mut self, tied: Tied) {
        let accounts = tied
            .fields
            .iter()
            .filter(|field| field.at.ends_with("serviceAccountName"))
            .filter_map(|field| field.value.as_str());
        self.accounts.extend(accounts.map(|name| Account {
            name: name.to_owned(),
            secret: tied.name.clone(),
        }));
        if tied.own_account {
            self.own_accounts.insert(Account::of(&tied.name));
        }
        if let Some(protocol) = tied.protocol {
            self.protocols.insert(tied.name.clone(), protocol);
        }
        self.connections.insert(tied.name);
    }

    /// Whether there is anything to look after.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }
}

fn named(kind: WorkloadKind, namespace: &str, object: &Value) -> Vec<String> {
    let value = |key| annotation(object, key).unwrap_or_default();
    if kind.is_serving() {
        return [names::CONNECTIONS, names::ALAUDA_SOURCE]
            .into_iter()
            .filter_map(|key| reference::parse_single(value(key)).ok().flatten())
            .map(|entry| entry.name)
            .collect();
    }
    let bare_names = kind != WorkloadKind::Notebook;
    reference::parse_list_leniently(value(names::CONNECTIONS), bare_names)
        .into_iter()
        .filter(|entry| entry.namespace.as_deref().is_none_or(|n| n == namespace))
        .map(|entry| entry.name)
        .collect()
}

#[cfg(test)]
mod tests;

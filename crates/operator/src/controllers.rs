//! What the leading replica keeps right: reads what is used, compares, and writes what differs.

pub mod fingerprint;
pub mod inventory;
pub mod kinds;
pub mod lease;
pub mod queue;
pub mod status;
pub mod watches;

pub mod ca_bundle {
    //! x
    /// x
    pub const WATCHED: [&str; 3] = ["a", "b", "c"];
}

use bowline_core::plan::Account;
use inventory::WorkloadRef;

/// One thing to keep right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The bundle of certificate authorities of a namespace. Before what refers to it.
    Bundle(String),
    /// The ServiceAccount of a connection, in a namespace.
    Account(String, Account),
    /// The `storage-config` of a namespace.
    Storage(String),
    /// The status of a workload's connections.
    Status(WorkloadRef),
}

/// Why something could not be put right; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct ReconcileError {
    what: String,
    cause: String,
}

impl ReconcileError {
    /// An answer of the API server to something that we did.
    pub fn api(what: impl Into<String>, error: kube::Error) -> Self {
        Self {
            what: what.into(),
            cause: crate::kubernetes::describe(error).to_string(),
        }
    }

    /// Something that was read is not what it should be.
    pub fn unreadable(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            cause: "it is not in the form that it should have".to_owned(),
        }
    }

    /// Others wrote to it each time that we wanted to.
    pub fn busy(what: impl std::fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            cause: "it keeps changing".to_owned(),
        }
    }
}

//! The result of a lint run: findings with the objects and places they are about.

use bowline_core::{Finding, Severity};

use crate::manifests::Place;
use crate::object::ObjectRef;

/// All findings of one run.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, in the order of the objects, the worst of each first.
    pub entries: Vec<Entry>,
    /// How many Secrets were checked.
    pub secrets: usize,
    /// How many workloads were checked.
    pub workloads: usize,
}

/// One finding about one object.
#[derive(Debug)]
pub struct Entry {
    /// The object.
    pub object: ObjectRef,
    /// Where the field stands; `None` when the object came from a cluster.
    pub place: Option<Place>,
    /// What is to be said about it.
    pub finding: Finding,
}

impl Report {
    /// How many findings are this severe.
    pub fn count(&self, severity: Severity) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.finding.severity == severity)
            .count()
    }
}

//! `bowline list`: which connections there are, and which Secrets could be one. Never a value.

mod table;

use bowline_core::{Candidate, Connection, Recognition, Secret, Severity, validate};
use serde::Serialize;
use serde_json::json;

use crate::args::{self, List, ListOutput};
use crate::cluster::{Cluster, Scope};
use crate::failure::Failure;
use crate::terminal;

/// Prints the list.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn run(args: &List, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let scope = cluster.scope(&args.scope);
    let mut listing = Listing::default();
    let each = |secret| listing.add(secret);
    // Annotations alone make a connection, so names can be had without reading any value.
    match args.output {
        ListOutput::Name => cluster.each_metadata(&scope, each).await?,
        ListOutput::Text | ListOutput::Json => cluster.each_secret(&scope, each).await?,
    }
    terminal::print(&listing.render(&scope, args.output))
}

/// What was found.
#[derive(Debug, Default)]
struct Listing {
    connections: Vec<ConnectionRow>,
    candidates: Vec<CandidateRow>,
}

/// A connection without its values.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionRow {
    namespace: String,
    name: String,
    display_name: String,
    protocol: Option<&'static str>,
    dialect: String,
    why: String,
    findings: Counts,
}

/// How many findings there are about a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Counts {
    errors: usize,
    warnings: usize,
    notes: usize,
}

/// A Secret that could be a connection, without its values.
#[derive(Debug, Serialize)]
struct CandidateRow {
    namespace: String,
    name: String,
    protocol: Option<&'static str>,
    reason: String,
    help: String,
}

impl Listing {
    fn add(&mut self, secret: Secret) {
        match Connection::from_secret(secret) {
            Recognition::Connection(connection) => self.connections.push((&*connection).into()),
            Recognition::Candidate(candidate) => self.candidates.push((*candidate).into()),
            Recognition::Other(_) => {}
        }
    }

    fn render(&self, scope: &Scope, output: ListOutput) -> String {
        match output {
            ListOutput::Text => table::render(self, scope),
            ListOutput::Json => self.json(),
            ListOutput::Name => self.names(scope),
        }
    }

    fn json(&self) -> String {
        let document = json!({"connections": self.connections, "candidates": self.candidates});
        format!("{document:#}\n")
    }

    fn names(&self, scope: &Scope) -> String {
        let name = |row: &ConnectionRow| match scope {
            Scope::All => format!("{}/{}\n", row.namespace, row.name),
            Scope::Namespace(_) => format!("{}\n", row.name),
        };
        self.connections.iter().map(name).collect()
    }
}

impl From<&Connection> for ConnectionRow {
    fn from(connection: &Connection) -> Self {
        Self {
            namespace: connection.secret.namespace.clone(),
            name: connection.secret.name.clone(),
            display_name: connection.display_name().to_owned(),
            protocol: connection.protocol.map(bowline_core::Protocol::as_str),
            dialect: connection.dialect.to_string(),
            why: connection.why(),
            findings: Counts::of(connection),
        }
    }
}

impl Counts {
    fn of(connection: &Connection) -> Self {
        let mut counts = Self::default();
        for finding in validate(connection) {
            match finding.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Note => counts.notes += 1,
            }
        }
        counts
    }
}

impl From<Candidate> for CandidateRow {
    fn from(candidate: Candidate) -> Self {
        Self {
            namespace: candidate.secret.namespace,
            name: candidate.secret.name,
            protocol: candidate.protocol.map(bowline_core::Protocol::as_str),
            reason: candidate.reason,
            help: candidate.help,
        }
    }
}

#[cfg(test)]
mod tests;

//! What a list shows of one connection, or of a Secret that could be one: everything but values.
//! Which rows are shown, in which order, is left to `index`.

use bowline_core::{
    Candidate, Connection, Marker, Protocol, Recognition, Secret, Severity, names, validate,
};
use serde::{Deserialize, Serialize};

use crate::compatibility::{self, Missing, Tag};
use crate::{keys, tested};

/// Hides a connection from lists; only the text `true` counts.
const HIDDEN: &str = "opendatahub.io/connection-hidden";

/// What stands for a result of a connection that has changed since.
const STALE: &str = "stale";

/// One connection or candidate, without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Namespace; people call it the project.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// The name that people gave it, or else the Secret's.
    pub display_name: String,
    /// The description that people gave it.
    pub description: Option<String>,
    /// Whether it only looks like a connection.
    pub is_candidate: bool,
    /// Name of the connection type that it was made from.
    #[serde(rename = "type")]
    pub type_: Option<String>,
    /// How the data is reached; `None` when nothing says so.
    pub protocol: Option<String>,
    /// Whose annotations and keys it uses.
    pub dialect: String,
    /// What made it a connection, or a candidate.
    pub why: String,
    /// The command that would make a candidate a connection.
    pub help: Option<String>,
    /// What models can be served from it as.
    pub tags: Vec<Tag>,
    /// Why no model can be served from it; empty when nothing stands in the way.
    pub not_deployable: Vec<String>,
    /// What OpenShift AI's own dashboard would miss.
    pub missing: Vec<Missing>,
    /// Who made it.
    pub creator: Option<String>,
    /// When it was made, as RFC 3339 text.
    pub created: Option<String>,
    /// How its last test went, where one was made.
    pub test: Option<Test>,
    /// Whether it turns the check of certificates off.
    pub is_tls_unverified: bool,
    /// How many findings there are about it; none for candidates.
    pub findings: Counts,
    /// The keys of its values.
    pub keys: Vec<String>,
    /// The Secret's own type, such as `Opaque`.
    pub secret_type: String,
    /// Whether it must not be deleted.
    pub is_vital: bool,
    /// Whether it was made for one workload and is hidden from lists.
    pub is_hidden: bool,
    /// Version of the Secret.
    pub resource_version: String,
    /// How many objects use it; `None` where that was not looked at.
    pub used_by: Option<usize>,
}

/// How the last test of a connection went, by its annotations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Test {
    /// `not-tested`, `testing`, `verified` or `failed`, or what else somebody wrote.
    pub status: String,
    /// When, as it was written.
    pub timestamp: Option<String>,
    /// What was said.
    pub message: Option<String>,
    /// Whether the connection has changed since.
    pub is_stale: bool,
}

/// How many findings there are about a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counts {
    /// It cannot work.
    pub errors: usize,
    /// It may not work everywhere.
    pub warnings: usize,
    /// Worth knowing.
    pub notes: usize,
}

/// What a row tells of a Secret's metadata beyond what `core` reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// Version of the object.
    pub resource_version: String,
    /// When it was made, as RFC 3339 text.
    pub created: Option<String>,
}

impl Row {
    /// The row of a Secret; `None` when it is neither a connection nor could be one.
    pub fn of(secret: Secret, meta: Meta) -> Option<Self> {
        match Connection::from_secret(secret) {
            Recognition::Connection(connection) => Some(Self::of_connection(&connection, meta)),
            Recognition::Candidate(candidate) => Some(Self::of_candidate(&candidate, meta)),
            Recognition::Other(_) => None,
        }
    }

    fn of_connection(connection: &Connection, meta: Meta) -> Self {
        Self {
            protocol: protocol(connection.protocol),
            dialect: connection.dialect.to_string(),
            why: connection.why(),
            tags: compatibility::tags(connection),
            not_deployable: compatibility::not_deployable(connection),
            missing: compatibility::missing(connection),
            findings: Counts::of(connection),
            test: Test::of(connection),
            is_tls_unverified: is_tls_unverified(connection),
            ..Self::bare(&connection.secret, meta)
        }
    }

    fn of_candidate(candidate: &Candidate, meta: Meta) -> Self {
        Self {
            is_candidate: true,
            protocol: protocol(candidate.protocol),
            dialect: candidate.marker.dialect().to_string(),
            why: candidate.reason.clone(),
            help: Some(candidate.help.clone()),
            ..Self::bare(&candidate.secret, meta)
        }
    }

    fn bare(secret: &Secret, meta: Meta) -> Self {
        let stated = |key| secret.annotation(key).map(str::to_owned);
        let is_true = |key| secret.annotation(key) == Some("true");
        Self {
            namespace: secret.namespace.clone(),
            name: secret.name.clone(),
            display_name: stated(names::DISPLAY_NAME)
                .or_else(|| stated(names::ALAUDA_DISPLAY_NAME))
                .unwrap_or_else(|| secret.name.clone()),
            description: stated(names::DESCRIPTION),
            is_candidate: false,
            type_: type_name(secret),
            protocol: None,
            dialect: String::new(),
            why: String::new(),
            help: None,
            tags: Vec::new(),
            not_deployable: Vec::new(),
            missing: Vec::new(),
            creator: stated(keys::CREATOR),
            created: meta.created,
            test: None,
            is_tls_unverified: false,
            findings: Counts::default(),
            keys: secret.data.keys().cloned().collect(),
            secret_type: secret.type_.clone(),
            is_vital: is_true(names::VITAL),
            is_hidden: is_true(HIDDEN),
            resource_version: meta.resource_version,
            used_by: None,
        }
    }
}

impl Test {
    /// What the annotations say; whoever wrote them without a digest cannot be found stale.
    pub fn of(connection: &Connection) -> Option<Self> {
        let secret = &connection.secret;
        let stated = |key| secret.annotation(key).map(str::to_owned);
        Some(Self {
            status: stated(names::TEST_STATUS)?,
            timestamp: stated(names::TEST_TIMESTAMP),
            message: stated(names::TEST_MESSAGE),
            is_stale: secret
                .annotation(names::TESTED)
                .is_some_and(|digest| !tested::is_of(digest, connection)),
        })
    }
}

/// What the last test of a connection may be called in lists.
pub const TEST_WORDS: &[&str] = &["not-tested", "testing", "verified", "failed", STALE];

impl Test {
    /// The one word for a list.
    pub fn word(&self) -> &str {
        if self.is_stale { STALE } else { &self.status }
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

/// Only S3 has a switch for it.
fn is_tls_unverified(connection: &Connection) -> bool {
    connection.protocol == Some(Protocol::S3) && !connection.verify_ssl()
}

fn protocol(protocol: Option<Protocol>) -> Option<String> {
    protocol.map(|protocol| protocol.as_str().to_owned())
}

/// The type that an annotation refers to; those that state a protocol name none.
fn type_name(secret: &Secret) -> Option<String> {
    let stated = Marker::STATED
        .into_iter()
        .filter(|marker| !matches!(marker, Marker::Protocol | Marker::AlaudaProtocol))
        .find_map(|marker| secret.annotation(marker.annotation()?));
    stated.map(str::to_owned)
}

#[cfg(test)]
mod tests;

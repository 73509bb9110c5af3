//! Judging a connection: everything that is wrong or doubtful about it at once, never a value.
//! Whether the endpoint accepts it is left to probes.
//!
//! [`RULES`] lists all rules. An error means that no reader can use the connection, a warning that
//! some cannot or soon will not, a note that it could be better.

mod azure;
mod bucket;
mod endpoint;
mod gcs;
mod git;
mod headers;
mod markers;
mod oci;
mod pem;
mod report;
mod rules;
mod s3;
mod text;
mod uri;

#[cfg(test)]
mod tests;

pub use report::Rule;
pub use rules::RULES;

use report::Report;

use crate::connection::{Connection, Recognition};
use crate::finding::{Finding, Severity};
use crate::protocol::Protocol;
use crate::secret::Secret;

/// All findings about a connection, the worst first, then by field.
pub fn validate(connection: &Connection) -> Vec<Finding> {
    judge(connection, Report::new(Severity::Note))
}

fn judge(connection: &Connection, mut report: Report) -> Vec<Finding> {
    markers::check_secret(&connection.secret, &mut report);
    markers::check_connection(connection, &mut report);
    text::check(connection, &mut report);
    match connection.protocol {
        Some(Protocol::S3) => s3::check(connection, &mut report),
        Some(Protocol::Uri) => uri::check(connection, &mut report),
        Some(Protocol::Oci) => oci::check(connection, &mut report),
        Some(Protocol::Gcs) => gcs::check(connection, &mut report),
        Some(Protocol::Azure) => azure::check(connection, &mut report),
        Some(Protocol::Git) => git::check(connection, &mut report),
        None => {}
    }
    report.finish()
}

/// Recognises a Secret and judges it.
///
/// A candidate is only told how to become a connection: its fields are not judged, because nobody
/// has said yet that they are those of a connection.
pub fn findings(secret: &Secret) -> Vec<Finding> {
    findings_from(secret, Severity::Note)
}

/// As [`findings`], but only those of a severity and above, which is quicker.
pub fn findings_from(secret: &Secret, least: Severity) -> Vec<Finding> {
    let mut report = Report::new(least);
    match Connection::from_secret(secret.clone()) {
        Recognition::Connection(connection) => return judge(&connection, report),
        Recognition::Candidate(candidate) => {
            markers::check_secret(secret, &mut report);
            report.add(
                &rules::CANDIDATE,
                candidate.marker.as_field(),
                candidate.reason,
                candidate.help,
            );
        }
        Recognition::Other(_) => markers::check_mistyped(secret, &mut report),
    }
    report.finish()
}

/// As [`findings`], and after them what is proposed where nothing is wrong: too much to be told in
/// every list, and what a linter is for.
pub fn advice(secret: &Secret) -> Vec<Finding> {
    let mut advice = findings(secret);
    if advice.iter().all(|found| found.severity != Severity::Error) {
        let mut proposals = Report::new(Severity::Note);
        markers::propose_for_kserve(secret, &mut proposals);
        advice.extend(proposals.finish());
    }
    advice
}

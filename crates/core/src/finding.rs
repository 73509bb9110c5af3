//! What a check has to say about one field: severity, field, message, help; never a value.

use std::fmt;

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Works, but could be better.
    Note,
    /// Works for some readers and fails for others, or is about to.
    Warning,
    /// Cannot work.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that a person should know about a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A stable identifier of the rule, such as `missing-key`; used by SARIF and by suppressions.
    pub rule: &'static str,
    /// The key, annotation or label in question.
    pub field: String,
    /// What is wrong, without the value.
    pub message: String,
    /// One next action.
    pub help: String,
}

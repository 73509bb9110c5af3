//! Findings with the place in a file that they are about; the findings themselves are `core`'s.

use std::fmt;

use bowline_core::{Finding, Severity};

/// Where something stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as the person named it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A finding about an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// What is to be said.
    pub finding: Finding,
    /// Where it stands, when the input has lines.
    pub place: Option<Place>,
    /// Whether nothing can be made of the input: it is not understood, or what it is written for
    /// refuses it too. Other errors are about what will not work once it is applied.
    pub is_refused: bool,
}

/// A finding about an installation as a whole.
pub(crate) fn finding(
    severity: Severity,
    rule: &'static str,
    field: &str,
    message: impl Into<String>,
    help: &str,
) -> Finding {
    Finding {
        severity,
        rule,
        field: field.to_owned(),
        message: message.into(),
        help: help.to_owned(),
    }
}

/// One rule about inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    pub(crate) is_refused: bool,
}

impl Rule {
    /// A rule whose findings end the reading.
    pub(crate) const fn refusal(id: &'static str) -> Self {
        Self {
            id,
            severity: Severity::Error,
            is_refused: true,
        }
    }

    /// A rule about what is accepted without a word and does not work.
    pub(crate) const fn silent(id: &'static str, severity: Severity) -> Self {
        Self {
            id,
            severity,
            is_refused: false,
        }
    }

    /// A finding by this rule.
    pub(crate) fn found(
        self,
        field: impl Into<String>,
        place: Option<Place>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Located {
        Located {
            finding: Finding {
                severity: self.severity,
                rule: self.id,
                field: field.into(),
                message: message.into(),
                help: help.into(),
            },
            place,
            is_refused: self.is_refused,
        }
    }
}

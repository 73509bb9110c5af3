//! Collecting findings in the order in which people read them.

use std::cmp::Reverse;

use crate::connection::Connection;
use crate::finding::{Finding, Severity};

/// A rule that a connection can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable identifier, in kebab case.
    pub id: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// What breaking it means, in one line.
    pub summary: &'static str,
}

/// Findings under way.
pub(super) struct Report {
    /// Findings below this severity are not asked for.
    least: Severity,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) const fn new(least: Severity) -> Self {
        Self {
            least,
            findings: Vec::new(),
        }
    }

    /// Whether findings by this rule are asked for; those that many good connections have are worth
    /// the question before their texts are made.
    pub(super) fn wants(&self, rule: &Rule) -> bool {
        rule.severity >= self.least
    }

    /// Adds a finding. Neither text may hold a value.
    pub(super) fn add(
        &mut self,
        rule: &Rule,
        field: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.wants(rule) {
            self.findings.push(Finding {
                severity: rule.severity,
                rule: rule.id,
                field: field.to_owned(),
                message: message.into(),
                help: help.into(),
            });
        }
    }

    /// Adds a finding when a required setting is absent or blank; says whether it did.
    pub(super) fn require(&mut self, connection: &Connection, key: &str, help: &str) -> bool {
        let is_missing = !is_given(connection, key);
        if is_missing {
            self.missing(connection, key, help);
        }
        is_missing
    }

    /// Adds the finding that a required setting is absent or blank.
    pub(super) fn missing(&mut self, connection: &Connection, key: &str, help: &str) {
        let state = if connection.value(key).is_some() {
            "is empty"
        } else {
            "is missing"
        };
        self.add(
            &super::rules::MISSING_KEY,
            key,
            format!("`{key}` {state}"),
            help,
        );
    }

    /// The findings, the worst first, then by field and rule.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| {
            (Reverse(a.severity), &a.field, a.rule).cmp(&(Reverse(b.severity), &b.field, b.rule))
        });
        self.findings.dedup();
        self.findings
    }
}

/// Whether a setting holds anything but blanks, text or not, in any spelling.
pub(super) fn is_given(connection: &Connection, key: &str) -> bool {
    let has_bytes = connection
        .value(key)
        .is_some_and(|value| !value.expose().trim_ascii().is_empty());
    has_bytes
        || connection
            .read(key)
            .is_some_and(|reading| !reading.text.trim().is_empty())
}

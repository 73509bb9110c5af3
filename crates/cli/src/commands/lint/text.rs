//! Findings for people.

use std::fmt::Write as _;

use bowline_core::Severity;

use super::report::{Entry, Report};
use crate::terminal::{self, DIM, HELP, count, plain};

/// All findings, then how many there are.
pub fn render(report: &Report) -> String {
    let mut out: String = report.entries.iter().map(entry).collect();
    let found: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (report.count(severity), severity))
        .filter(|(number, _)| *number > 0)
        .map(|(number, severity)| count(number, &severity.to_string()))
        .collect();
    let found = if found.is_empty() {
        "no findings".to_owned()
    } else {
        found.join(", ")
    };
    let secrets = count(report.secrets, "Secret");
    let workloads = match report.workloads {
        0 => String::new(),
        some => format!(" and {}", count(some, "workload")),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{found} in {secrets}{workloads}");
    out
}

fn entry(entry: &Entry) -> String {
    let finding = &entry.finding;
    let style = terminal::style(finding.severity);
    let place = entry
        .place
        .as_ref()
        .map(|place| format!("{place}: "))
        .unwrap_or_default();
    format!(
        "{style}{}[{}]{style:#}: {}\n{DIM}  in{DIM:#} {}{}, `{}`\n{HELP}  help:{HELP:#} {}\n\n",
        finding.severity,
        finding.rule,
        plain(&finding.message),
        plain(&place),
        plain(&entry.object.to_string()),
        plain(&finding.field),
        plain(&finding.help),
    )
}

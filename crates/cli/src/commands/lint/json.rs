//! Findings for programs; `docs/guide/command-line.md` describes the shape.

use bowline_core::Severity;
use serde_json::json;

use super::report::Report;

/// One JSON object.
pub fn render(report: &Report) -> String {
    let findings: Vec<_> = report
        .entries
        .iter()
        .map(|entry| {
            json!({
                "severity": entry.finding.severity,
                "rule": entry.finding.rule,
                "object": entry.object,
                "field": entry.finding.field,
                "message": entry.finding.message,
                "help": entry.finding.help,
                "file": entry.place.as_ref().map(|place| &place.file),
                "line": entry.place.as_ref().and_then(|place| place.line),
            })
        })
        .collect();
    let document = json!({
        "findings": findings,
        "counts": {
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "notes": report.count(Severity::Note),
        },
        "checked": {"secrets": report.secrets, "workloads": report.workloads},
    });
    format!("{document:#}\n")
}

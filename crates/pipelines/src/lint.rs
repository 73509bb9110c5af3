//! Everything that is wrong or doubtful about what somebody gave, and its form for programs.

use bowline_core::{Finding, Severity};
use serde_json::{Value, json};

use crate::finding::Located;
use crate::given::Input;
use crate::render::{self, Names, Options};
use crate::traps;

/// What the input says wrong, and what would be wrong with what is made of it.
pub fn lint(input: Input, names: Names, kyverno: bool) -> Vec<Located> {
    let mut findings = input.findings;
    if let Some(deployment) = &input.deployment {
        let options = Options {
            names,
            kyverno,
            secrets: input.secrets.as_deref(),
        };
        let about_copies = render::each(deployment, options, &mut drop);
        let traps = traps::findings(deployment, names, kyverno);
        let everywhere = about_copies.into_iter().chain(traps);
        findings.extend(everywhere.map(|finding| Located {
            finding,
            place: None,
            is_refused: false,
        }));
    }
    findings
}

/// How many errors, warnings and notes there are.
pub fn counts(findings: &[Located]) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let is_so = |found: &&Located| found.finding.severity == severity;
        findings.iter().filter(is_so).count()
    })
}

/// Findings as programs read them.
pub fn report(findings: &[Located]) -> Value {
    let [errors, warnings, notes] = counts(findings);
    let counts = json!({"errors": errors, "warnings": warnings, "notes": notes});
    let findings: Vec<_> = findings.iter().map(finding).collect();
    json!({"findings": findings, "counts": counts})
}

/// Findings about a description and what is rendered of it, as programs read them.
pub fn about(given: &[Located], rendered: impl IntoIterator<Item = Finding>) -> Vec<Value> {
    let rendered = rendered.into_iter().map(|finding| Located {
        finding,
        place: None,
        is_refused: false,
    });
    let all = given.iter().cloned().chain(rendered);
    all.map(|found| self::finding(&found)).collect()
}

fn finding(found: &Located) -> Value {
    json!({
        "severity": found.finding.severity,
        "rule": found.finding.rule,
        "field": found.finding.field,
        "message": found.finding.message,
        "help": found.finding.help,
        "file": found.place.as_ref().map(|place| &place.file),
        "line": found.place.as_ref().map(|place| place.line),
        "column": found.place.as_ref().map(|place| place.column),
    })
}

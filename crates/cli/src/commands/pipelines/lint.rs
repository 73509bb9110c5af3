//! `bowline pipelines lint`: everything that is wrong or doubtful about the description of a store.

use std::process::ExitCode;

use bowline_core::Severity;
use bowline_pipelines::render::{self, Names, Options};
use bowline_pipelines::{Located, traps};
use serde_json::json;

use super::input::{self, Input};
use crate::args::{FindingsOutput, PipelinesLint, RenderLayout};
use crate::failure::{Failure, Kind};
use crate::terminal;

/// Prints the findings.
///
/// # Errors
/// When a file cannot be read.
pub fn run(args: &PipelinesLint) -> Result<ExitCode, Failure> {
    let input = input::read(&args.source)?;
    let names = RenderLayout::or_that_of(args.layout, &args.source).names();
    let findings = findings(input, names);
    let count = |severity| {
        let is_so = |found: &&Located| found.finding.severity == severity;
        findings.iter().filter(is_so).count()
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    match args.output {
        FindingsOutput::Text => text(&findings, counts)?,
        FindingsOutput::Json => terminal::print(&json(&findings, counts))?,
    }
    Ok(match counts[0] {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(Kind::Invalid.exit_code()),
    })
}

/// What the input says wrong, and what would be wrong with what is made of it.
fn findings(input: Input, names: Names) -> Vec<Located> {
    let mut findings = input.findings;
    if let Some(deployment) = &input.deployment {
        let options = Options {
            names,
            kyverno: false,
            secrets: input.secrets.as_deref(),
        };
        let about_copies = render::each(deployment, options, &mut drop);
        let traps = traps::findings(deployment, names);
        findings.extend(
            about_copies
                .into_iter()
                .chain(traps)
                .map(|finding| Located {
                    finding,
                    place: None,
                    is_refused: false,
                }),
        );
    }
    findings
}

fn text(findings: &[Located], counts: [usize; 3]) -> Result<(), Failure> {
    let mut text = String::new();
    for found in findings {
        let place = found.place.as_ref().map(|place| format!("{place}: "));
        let finding = &found.finding;
        text.push_str(&format!(
            "{}{}[{}]: {}\n  help: {}\n",
            terminal::plain(&place.unwrap_or_default()),
            finding.severity,
            finding.rule,
            terminal::plain(&finding.message),
            terminal::plain(&finding.help),
        ));
    }
    let nouns = ["error", "warning", "note"];
    let counted = counts.iter().zip(nouns);
    let summary: Vec<_> = counted.map(|(n, noun)| terminal::count(*n, noun)).collect();
    terminal::print(&format!("{text}{}\n", summary.join(", ")))
}

fn json(findings: &[Located], counts: [usize; 3]) -> String {
    let finding = |found: &Located| {
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
    };
    let findings: Vec<_> = findings.iter().map(finding).collect();
    let [errors, warnings, notes] = counts;
    let counts = json!({"errors": errors, "warnings": warnings, "notes": notes});
    format!("{:#}\n", json!({"findings": findings, "counts": counts}))
}

//! `bowline pipelines lint`: everything that is wrong or doubtful about the description of a store.

use std::process::ExitCode;

use bowline_pipelines::{Located, lint};

use super::input;
use crate::args::{FindingsOutput, PipelinesLint};
use crate::failure::{Failure, Kind};
use crate::terminal;

/// Prints the findings.
///
/// # Errors
/// When a file cannot be read.
pub fn run(args: &PipelinesLint) -> Result<ExitCode, Failure> {
    let input = input::read(&args.source)?;
    let names = args.ways.names(&args.source);
    let findings = lint::lint(input, names, args.ways.kyverno);
    let counts = lint::counts(&findings);
    match args.output {
        FindingsOutput::Text => text(&findings, counts)?,
        FindingsOutput::Json => terminal::print(&format!("{:#}\n", lint::report(&findings)))?,
    }
    Ok(match counts[0] {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(Kind::Invalid.exit_code()),
    })
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

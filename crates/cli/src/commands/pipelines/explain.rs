//! `bowline pipelines explain`: where each reader looks, and what it finds. What readers make of objects
//! is left to `bowline_pipelines::explain`.

use std::process::ExitCode;

use bowline_pipelines::explain::{self, Explanation};
use bowline_pipelines::render::{self, Options};

use super::input;
use crate::args::Explain;
use crate::failure::Failures;
use crate::output::{self, Shown, Width};

/// Prints a row for each reader.
///
/// # Errors
/// When an input cannot be read, or is refused.
pub fn run(args: &Explain) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input::accepted(&input)?;
    let options = Options {
        names: args.ways.names(&args.source),
        kyverno: args.ways.kyverno,
        secrets: input.secrets.as_deref(),
    };
    let (objects, _) = render::objects(deployment, options);
    let explanation = explain::explain(deployment, &objects);
    args.output.print(&Shown {
        value: &|| output::value(&explanation),
        names: Vec::new(),
        text: &|width| text(&explanation, width),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn text(explanation: &Explanation, width: Width) -> String {
    match width {
        Width::Normal => explain::table(explanation),
        Width::Wide => explain::table(explanation) + "\n" + &explain::places(explanation),
    }
}

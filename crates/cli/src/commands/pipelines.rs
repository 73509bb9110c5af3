//! `bowline pipelines`: one module per subcommand, and the choice among them. What the objects hold
//! is left to `bowline_pipelines`.

mod explain;
mod input;
mod lint;
mod policies;
mod render;
mod resolve;

use std::process::ExitCode;

use crate::args::{Pipelines, PipelinesCommand};
use crate::failure::Failures;

/// Runs the subcommand.
///
/// # Errors
/// When an input cannot be read, or holds what cannot work.
pub fn run(args: &Pipelines) -> Result<ExitCode, Failures> {
    match &args.command {
        PipelinesCommand::Render(render) => render::run(render),
        PipelinesCommand::Lint(lint) => Ok(lint::run(lint)?),
        PipelinesCommand::Resolve(resolve) => Ok(resolve::run(resolve)?),
        PipelinesCommand::Policies(policies) => policies::run(policies),
        PipelinesCommand::Explain(explain) => explain::run(explain),
    }
}

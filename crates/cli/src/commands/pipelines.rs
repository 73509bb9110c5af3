//! `bowline pipelines`: one module per subcommand, and the choice among them. What the objects hold
//! is left to `bowline_pipelines`.

mod apply;
mod check;
mod diff;
mod explain;
mod input;
mod lint;
mod policies;
mod render;
mod resolve;

use std::process::ExitCode;

use tokio::runtime::Runtime;

use super::{small, wait};
use crate::args::{Cluster, Pipelines, PipelinesCommand};
use crate::failure::Failures;

/// Runs the subcommand.
///
/// # Errors
/// When an input cannot be read, or holds what cannot work, or the cluster refuses.
pub fn run(args: &Pipelines, flags: &Cluster) -> Result<ExitCode, Failures> {
    match &args.command {
        PipelinesCommand::Render(render) => render::run(render),
        PipelinesCommand::Lint(lint) => Ok(lint::run(lint)?),
        PipelinesCommand::Resolve(resolve) => Ok(resolve::run(resolve)?),
        PipelinesCommand::Policies(policies) => policies::run(policies),
        PipelinesCommand::Explain(explain) => explain::run(explain),
        PipelinesCommand::Diff(diff) => wait(&small(), diff::run(diff, flags)),
        PipelinesCommand::Check(check) => wait(&Runtime::new(), check::run(check, flags)),
        PipelinesCommand::Apply(apply) => wait(&small(), apply::run(apply, flags)),
    }
}

//! `bowline pipelines render`: a description of a store in, objects out, without a cluster.

use std::process::ExitCode;

use crate::args::Render;
use crate::failure::{Failure, Failures, Kind};

/// Prints the objects.
///
/// # Errors
/// When an input cannot be read, or holds what cannot work.
pub fn run(_args: &Render) -> Result<ExitCode, Failures> {
    Err(Failure::new(Kind::Usage, "nothing can be rendered yet").into())
}

//! `bowline completion`: the script that teaches a shell the command line.

use clap::CommandFactory;

use crate::args::{Args, Completion};
use crate::failure::Failure;
use crate::terminal;

/// Prints the script.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &Completion) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "bowline", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))
}

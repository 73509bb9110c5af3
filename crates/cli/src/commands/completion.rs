//! `bowline completion`: the script that teaches a shell the command line. What the shell suggests is
//! left to `crate::completion`.

use crate::args::Completion;
use crate::completion;
use crate::failure::{Failure, Kind};
use crate::terminal;

/// Prints the script.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &Completion) -> Result<(), Failure> {
    let shell = args.shell.to_string();
    let script = completion::script(&shell)
        .ok_or_else(|| Failure::new(Kind::Internal, format!("there is no script for `{shell}`")))?;
    terminal::print(&script)
}

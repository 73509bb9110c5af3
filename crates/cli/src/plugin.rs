//! Under which name the binary was started: its own, or one of the two that `kubectl` looks for when
//! it runs and completes plugins.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Command, CommandFactory};

use crate::args::Args;

/// What the binary is to whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// `bowline`.
    Own,
    /// `kubectl bowline`, as `kubectl-bowline`.
    Plugin,
    /// What `kubectl` asks for completions of the plugin: `kubectl_complete-bowline`.
    PluginCompletion,
}

impl Face {
    /// The face that a program's name stands for.
    pub fn of(program: Option<OsString>) -> Self {
        let program = program.unwrap_or_default();
        match Path::new(&program).file_name().and_then(OsStr::to_str) {
            Some("kubectl-bowline") => Self::Plugin,
            Some("kubectl_complete-bowline") => Self::PluginCompletion,
            _ => Self::Own,
        }
    }

    /// The command line, with help that speaks of it as it was called.
    pub fn command(self) -> Command {
        let command = Args::command();
        match self {
            Self::Own => command,
            Self::Plugin | Self::PluginCompletion => renamed(
                command
                    .bin_name("kubectl bowline")
                    .display_name("kubectl-bowline"),
            ),
        }
    }
}

/// Examples call the command as the person does.
fn renamed(command: Command) -> Command {
    let examples = command.get_after_help().map(ToString::to_string);
    let command = match examples {
        Some(text) => command.after_help(text.replace("bowline ", "kubectl bowline ")),
        None => command,
    };
    command.mut_subcommands(renamed)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("bowline", Face::Own)]
    #[case("/usr/local/bin/kubectl-bowline", Face::Plugin)]
    #[case("kubectl_complete-bowline", Face::PluginCompletion)]
    #[case("target/debug/bowline-0f", Face::Own)]
    fn the_name_tells_the_face(#[case] program: &str, #[case] expected: Face) {
        assert_eq!(Face::of(Some(program.into())), expected);
    }
}

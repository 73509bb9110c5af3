//! The flags of `bowline env` and `bowline run`, which hand values to shells and programs.

use std::ffi::OsString;

use clap::ValueEnum;

use super::Project;

/// Print a connection as variables, for a shell to evaluate
///
/// Prints the values in clear, quoted so that the shell gets the same bytes. Keys that cannot be the
/// name of a variable in a shell are left out, which is told on stderr; `bowline run` passes them on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(bowline env training-data)\"
  bowline env training-data --format fish | source
  (umask 077; bowline env training-data --format dotenv > .env)")]
pub struct Env {
    /// Name of the connection (can be repeated; the last one wins)
    #[arg(value_name = "NAME", required = true, num_args = 1.., add = crate::completion::connections())]
    pub names: Vec<String>,
    /// Where it is.
    #[command(flatten)]
    pub project: Project,
    /// What reads the lines; `sh` is for bash, dash, ksh and zsh
    #[arg(long, value_name = "FORMAT", default_value = "sh")]
    pub format: EnvFormat,
}

/// What reads the lines of `env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EnvFormat {
    /// `export KEY=value;`
    Sh,
    /// `set -gx KEY value;`
    Fish,
    /// `KEY=value`, for `.env` files
    Dotenv,
    /// One object
    Json,
}

/// Run a command with the variables of connections
///
/// The command gets what a container of a Notebook gets from the connections: every key that can be
/// the name of a variable. Where two connections set the same variable the last one wins, which is
/// told on stderr. Besides, it gets the environment of `bowline` without the variables `BOWLINE_*`, and
/// without those that speak of the same accounts as the connections and that these do not set: `AWS_*`
/// beside one of S3, `AZURE_*` and `AZ_*`, `GOOGLE_*`, tokens of the model hub, Git's logins and ways
/// to ask for them. They are named on stderr, and `--keep-env` keeps them.
///
/// `bowline` becomes the command, so signals, the exit code, the terminal and the process group are
/// the command's own. The exit code is 127 when there is no such command and 126 when it cannot be
/// started.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline run training-data -- python train.py
  bowline run training-data registry -n team-a -- make publish
  bowline run training-data --clean -- env")]
pub struct Run {
    /// Name of the connection (can be repeated; the last one wins)
    #[arg(value_name = "NAME", required = true, num_args = 1.., add = crate::completion::connections())]
    pub names: Vec<String>,
    /// The command and its arguments, behind `--`
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub command: Vec<OsString>,
    /// Where they are.
    #[command(flatten)]
    pub project: Project,
    /// Of the environment, pass on only PATH, HOME, USER, LOGNAME, SHELL, TERM, TZ, TMPDIR and the locale
    #[arg(long)]
    pub clean: bool,
    /// Pass on variables that speak of the same accounts as the connections, too
    #[arg(long)]
    pub keep_env: bool,
}

//! The flags of `bowline export` and `bowline import`.

use std::path::PathBuf;

use super::{Home, Scope, Shape};

/// Write connections to a file that can be imported elsewhere
///
/// Without further flags secret values are left out, and their keys are named. With `--with-values`
/// everything is in the file, which only whoever has the identity of an age recipient can read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline export > connections.yaml
  bowline export tides charts -n team-a > connections.yaml
  age-keygen -o identity
  bowline export -A --with-values --recipient $(age-keygen -y identity) > connections.age")]
pub struct Export {
    /// Names of connections [default: all]
    #[arg(value_name = "NAME", add = crate::completion::connections())]
    pub names: Vec<String>,
    /// Where they are.
    #[command(flatten)]
    pub scope: Scope,
    /// Write secret values too, encrypted for the recipients
    #[arg(long, requires = "recipients")]
    pub with_values: bool,
    /// Who can read the file: an age recipient, `age1…` (can be repeated)
    #[arg(long = "recipient", value_name = "age1…", requires = "with_values")]
    pub recipients: Vec<String>,
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
}

/// Create the connections of an exported file
///
/// Shows what would be done and asks before it is; on anything but a terminal `--yes` answers. Either
/// everything is done or nothing is, and connections that are there already are left alone unless
/// `--replace` says otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline import connections.age --identity identity --dry-run
  bowline import connections.age --identity identity -n team-b --yes")]
pub struct Import {
    /// File to read; `-` is stdin
    pub file: PathBuf,
    /// File of the age identity that can read it
    #[arg(short, long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Change connections that are there already
    #[arg(long)]
    pub replace: bool,
    /// Say what would happen, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// How it is told.
    #[command(flatten)]
    pub shape: Shape,
    /// Namespace to create all of them in [default: that of each in the file, else the context's]
    #[arg(short, long, visible_alias = "project", value_name = "NAME")]
    pub namespace: Option<String>,
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
}

//! The flags of `bowline delete`.

use super::{Project, Shape};

/// Delete connections
///
/// Shows what uses them and asks first; without a terminal it does nothing unless `--yes` is given.
/// A connection in use stays unless `--detach` is given; a vital one stays until
/// `bowline set NAME --vital=false` lifts that.
///
/// `--detach` takes a connection out of everything that names it before it is deleted, or changes
/// nothing at all: what mounts it as a volume, and pods that have started, cannot be changed.
///
/// Where you may not list all kinds of object that could use a connection, it stays unless `--unseen`
/// is given: nobody has looked there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline delete training-data
  bowline delete training-data models -n team-a --yes
  bowline delete training-data --detach")]
pub struct Delete {
    /// Name of the connection (can be repeated)
    #[arg(value_name = "NAME", required = true, add = crate::completion::connections())]
    pub names: Vec<String>,
    /// Where they are.
    #[command(flatten)]
    pub project: Project,
    /// Take them out of what uses them first
    #[arg(long)]
    pub detach: bool,
    /// Delete them although you may not look everywhere for what uses them
    #[arg(long)]
    pub unseen: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// How it is told.
    #[command(flatten)]
    pub shape: Shape,
}

//! The flags of `bowline edit`.

use super::{Home, Project};

/// Change a connection in an editor
///
/// Opens YAML in the editor of `$KUBE_EDITOR`, `$VISUAL` or `$EDITOR`, else `vi`, with comments that
/// explain the fields. Secret values are not shown: a placeholder stands for each of them, and stays
/// where the value is to stay. What is wrong brings the editor back with the findings in front; what
/// somebody else changed meanwhile is merged with your changes and shown again before it is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline edit tides
  EDITOR='code --wait' bowline edit tides -n team-a")]
pub struct Edit {
    /// Name of the connection
    #[arg(add = crate::completion::connections())]
    pub name: String,
    /// Where it is.
    #[command(flatten)]
    pub project: Project,
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
}

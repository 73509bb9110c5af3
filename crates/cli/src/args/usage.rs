//! The flags of `bowline usage`.

use super::{Scope, Shape};

/// Show what uses connections
///
/// Looks at Notebooks, models, pipeline servers, Ray, Deployments and all other kinds that run pods,
/// at ServiceAccounts, and at the `storage-config` of KServe: annotations, variables, volumes and
/// pull secrets. What an owner hands down to what it owns counts once, for the owner.
///
/// Kinds that are not installed, or that you may not list, are named in the answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline usage
  bowline usage training-data -n team-a
  bowline usage -A --output json")]
pub struct Usage {
    /// Name of the connection (can be repeated) [default: all that are used]
    #[arg(value_name = "NAME", conflicts_with = "all_namespaces", add = crate::completion::connections())]
    pub names: Vec<String>,
    /// Where to look.
    #[command(flatten)]
    pub scope: Scope,
    /// How it is shown.
    #[command(flatten)]
    pub shape: Shape,
}

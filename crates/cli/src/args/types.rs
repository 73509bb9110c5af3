//! The flags of `bowline types`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Home, Shape};

/// Manage connection types
///
/// A connection type is the form that new connections are made with. Everybody may read them; to
/// change them takes the right to change ConfigMaps in their namespace.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline types list
  bowline types show s3
  bowline types create -f type.yaml
  bowline types duplicate s3 --display-name 'S3 in the lab'
  bowline types edit ct-s3-in-the-lab
  bowline types disable ct-s3-in-the-lab")]
pub struct Types {
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
    /// What to do.
    #[command(subcommand)]
    pub command: TypeCommand,
}

/// What to do with connection types.
#[derive(Debug, Subcommand)]
pub enum TypeCommand {
    /// List connection types
    #[command(after_help = "\
Examples:
  bowline types list
  bowline types list -o jsonpath='{.types[*].name}'")]
    List {
        /// How to show them.
        #[command(flatten)]
        shape: Shape,
    },
    /// Show a connection type and its fields
    #[command(after_help = "\
Examples:
  bowline types show s3
  bowline types show s3 -o json > type.json")]
    Show(TypeName),
    /// Create a connection type from a file
    ///
    /// The file holds what `bowline types show -o yaml` prints, or the ConfigMap of a type.
    #[command(after_help = "\
Examples:
  bowline types create -f type.yaml
  bowline types show s3 -o json | jq '.displayName = \"Lab\" | .name = \"lab\"' \\
    | bowline types create -f -")]
    Create {
        /// File to read, YAML or JSON; `-` is stdin
        #[arg(short, long = "filename", value_name = "FILE")]
        file: PathBuf,
        /// How to show what was created.
        #[command(flatten)]
        shape: Shape,
    },
    /// Copy a connection type under another name
    #[command(after_help = "\
Examples:
  bowline types duplicate s3 --display-name 'S3 in the lab'")]
    Duplicate {
        /// Name of the connection type
        #[arg(add = crate::completion::types())]
        name: String,
        /// What people call the copy [default: `Copy of` the original]
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// How to show the copy.
        #[command(flatten)]
        shape: Shape,
    },
    /// Change a connection type in an editor
    ///
    /// Opens YAML in the editor of `$KUBE_EDITOR`, `$VISUAL` or `$EDITOR`, else `vi`. What is wrong
    /// brings the editor back with the findings in front; what somebody else changed meanwhile is merged
    /// with your changes and shown again before it is written. Types that came with the platform cannot
    /// be changed, but be duplicated.
    #[command(after_help = "\
Examples:
  bowline types edit ct-lab
  EDITOR='code --wait' bowline types edit ct-lab")]
    Edit(TypeName),
    /// Let new connections be made with a connection type
    #[command(after_help = "\
Examples:
  bowline types enable ct-lab")]
    Enable(TypeName),
    /// Let no new connections be made with a connection type
    ///
    /// Connections that were made with it stay as they are.
    #[command(after_help = "\
Examples:
  bowline types disable ct-lab")]
    Disable(TypeName),
    /// Delete a connection type
    ///
    /// Connections that were made with it stay as they are. Types that came with the platform cannot
    /// be deleted, but be disabled.
    #[command(after_help = "\
Examples:
  bowline types delete ct-lab
  bowline types delete ct-lab --yes")]
    Delete {
        /// Which one.
        #[command(flatten)]
        one: TypeName,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// One connection type.
#[derive(Debug, clap::Args)]
pub struct TypeName {
    /// Name of the connection type
    #[arg(add = crate::completion::types())]
    pub name: String,
    /// How to show it.
    #[command(flatten)]
    pub shape: Shape,
}

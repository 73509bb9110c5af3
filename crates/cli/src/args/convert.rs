//! The flags of `bowline convert`.

use std::path::PathBuf;

use bowline_catalog::convert::Format;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Rewrite connections in the form of another tool
///
/// Reads connections in one form and prints them in another, values included, so send the output
/// where only its reader looks. What the other form cannot hold is told on stderr. The exit code is 1
/// when there is a connection that the other form cannot hold at all.
///
/// Without `--from` the form is told by the look of the input.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline convert -f connection.yaml --to rclone >> ~/.config/rclone/rclone.conf
  bowline convert -f ~/.aws/credentials --to opendatahub | kubectl apply -f -
  kubectl get secret training-data -o yaml | bowline convert -f - --to env > .env")]
pub struct Convert {
    /// File to read; `-` is stdin (can be repeated)
    #[arg(short, long = "filename", value_name = "FILE", required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Form to write
    #[arg(long, value_name = "FORM", value_parser = formats())]
    pub to: Format,
    /// Form of the input, where its look does not tell
    #[arg(long, value_name = "FORM", value_parser = formats())]
    pub from: Option<Format>,
    /// Name of the connection, where the input has none [default: the file's]
    #[arg(long)]
    pub name: Option<String>,
    /// Namespace to write into manifests [default: that of the input, if any]
    #[arg(short, long, visible_alias = "project", value_name = "NAME")]
    pub namespace: Option<String>,
}

/// The names of all forms, with what they are.
pub fn formats() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL
        .into_iter()
        .map(|format| PossibleValue::new(format.as_str()).help(format.description()));
    PossibleValuesParser::new(values).try_map(|text| text.parse::<Format>())
}

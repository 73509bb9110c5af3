//! The flags of `bowline create`, `set` and `unset`: what a person says about a connection.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use bowline_core::Sensitive;

use super::{Home, Project, Shape};

/// Create a connection
///
/// Secret values are never arguments, which everybody on the machine may read: they come from files
/// (`--set KEY=@FILE`), from stdin (`--set KEY=-`, `--from-stdin`), from a file of another tool
/// (`--from-file`), or are asked for on a terminal. All that is wrong is told at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline create tides --type s3 --set AWS_ACCESS_KEY_ID=reader \\
    --set AWS_SECRET_ACCESS_KEY=@key --set AWS_S3_ENDPOINT=https://minio.example
  bowline create model --type uri-v1 --set URI=hf://org/granite --display-name 'Granite model'
  bowline create tides --from-file aws:$HOME/.aws/credentials \\
    --set AWS_S3_ENDPOINT=https://s3.amazonaws.com
  vault kv get -format=json tides | jq .data.data | bowline create tides --type s3 --from-stdin")]
pub struct Create {
    /// Name of the connection
    pub name: String,
    /// Connection type; `bowline types list` shows them [default: what `--from-file` tells]
    #[arg(short, long = "type", value_name = "TYPE", add = crate::completion::types())]
    pub type_: Option<String>,
    /// What people call it [default: its name]
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// It must not be deleted
    #[arg(long)]
    pub vital: bool,
    /// Value of a field: KEY=@FILE, KEY=- for stdin, or KEY=VALUE for what is no secret (can be repeated)
    #[arg(long = "set", value_name = "KEY=…")]
    pub settings: Vec<Setting>,
    /// Further sources of values.
    #[command(flatten)]
    pub sources: Sources,
    /// Where to create it.
    #[command(flatten)]
    pub project: Project,
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
    /// How to show what was created.
    #[command(flatten)]
    pub shape: Shape,
}

/// Change a connection
///
/// Changes the named fields and leaves all others as they are. Values are given as to `create`; a KEY
/// alone asks for the value on the terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline set tides AWS_S3_BUCKET=raw
  bowline set tides AWS_SECRET_ACCESS_KEY
  bowline set tides --vital
  bowline set tides AWS_SECRET_ACCESS_KEY=@new-key --description 'Rotated in May'")]
pub struct Set {
    /// Name of the connection
    #[arg(add = crate::completion::connections())]
    pub name: String,
    /// Field to change: KEY=@FILE, KEY=- for stdin, KEY to be asked, or KEY=VALUE for what is no secret
    #[arg(value_name = "KEY=…")]
    pub settings: Vec<Setting>,
    /// Another display name
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// Another description; empty removes it
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Whether it must not be deleted from now on
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub vital: Option<bool>,
    /// Another connection type
    #[arg(short, long = "type", value_name = "TYPE", add = crate::completion::types())]
    pub type_: Option<String>,
    /// Further sources of values.
    #[command(flatten)]
    pub sources: Sources,
    /// Where it is.
    #[command(flatten)]
    pub project: Project,
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
    /// How to show what it is then.
    #[command(flatten)]
    pub shape: Shape,
}

/// Remove fields from a connection
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline unset tides AWS_SESSION_TOKEN")]
pub struct Unset {
    /// Name of the connection
    #[arg(add = crate::completion::connections())]
    pub name: String,
    /// Keys to remove
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<String>,
    /// Say what would happen, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where it is.
    #[command(flatten)]
    pub project: Project,
    /// Where types are.
    #[command(flatten)]
    pub home: Home,
    /// How to show what it is then.
    #[command(flatten)]
    pub shape: Shape,
}

/// Where values come from, besides single settings.
#[derive(Debug, Clone, clap::Args)]
pub struct Sources {
    /// Read values from stdin: `KEY=value` lines, or a JSON object
    #[arg(long)]
    pub from_stdin: bool,
    /// Read values from the file of another tool: FILE, or FORM:FILE with a form of `bowline convert`
    #[arg(long, value_name = "[FORM:]FILE")]
    pub from_file: Option<String>,
    /// Say what would happen, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// One `KEY=…`. It may hold a secret that somebody meant well by, so nothing shows it.
#[derive(Clone)]
pub struct Setting(Sensitive);

impl Setting {
    /// The key, and what stands behind `=` if there is one.
    pub fn parts(&self) -> (&str, Option<&str>) {
        let text = self.0.expose_str().unwrap_or_default();
        match text.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (text, None),
        }
    }
}

impl FromStr for Setting {
    type Err = Infallible;

    /// Takes everything: an error would show the text.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Sensitive::from(text)))
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

//! The flags of `bowline list`.

use bowline_catalog::compatibility::Tag;
use bowline_catalog::index::{Filter, Order, Query, Sort, Standing};
use bowline_catalog::row::TEST_WORDS;
use bowline_core::Protocol;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::{Scope, Shape};

/// List connections, and Secrets that could be one
///
/// A connection is a Secret that says so by an annotation; below the connections stand the Secrets
/// that only look like one, each with the reason and the command that would make it one.
///
/// Who uses a connection is looked for with `--used`, `--unused`, `--sort usedBy`, and for the forms
/// `wide`, `json`, `yaml` and `jsonpath=`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline list
  bowline list -A --text 'training data' --protocol s3
  bowline list --unused --sort created -o wide
  bowline list -A --output json
  bowline list --output name | xargs -n1 bowline show")]
pub struct List {
    /// Where to look.
    #[command(flatten)]
    pub scope: Scope,
    /// Which of them.
    #[command(flatten)]
    pub conditions: Conditions,
    /// What to sort by; rows that are alike go by namespace and name
    #[arg(long, value_name = "COLUMN", default_value = "name",
        value_parser = PossibleValuesParser::new(Sort::NAMES).try_map(|name| name.parse::<Sort>()))]
    pub sort: Sort,
    /// Largest first
    #[arg(long)]
    pub reverse: bool,
    /// How it is shown.
    #[command(flatten)]
    pub shape: Shape,
}

/// Which connections are listed.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Conditions")]
pub struct Conditions {
    /// Words that occur in name, display name or description
    #[arg(long, value_name = "WORDS")]
    pub text: Option<String>,
    /// Name of the connection type
    #[arg(long = "type", value_name = "NAME")]
    pub type_: Option<String>,
    /// Protocol
    #[arg(long, value_name = "NAME",
        value_parser = PossibleValuesParser::new(Protocol::ALL.map(Protocol::as_str)).try_map(|name| name.parse::<Protocol>()))]
    pub protocol: Option<Protocol>,
    /// What models can be served from it as
    #[arg(long, value_name = "TAG", value_parser = PossibleValuesParser::new(TAGS).map(|name| tag(&name)))]
    pub tag: Option<Tag>,
    /// Only those that something uses
    #[arg(long, conflicts_with = "unused")]
    pub used: bool,
    /// Only those that nothing uses
    #[arg(long)]
    pub unused: bool,
    /// How the last test went
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(TEST_WORDS))]
    pub test: Option<String>,
    /// Only those that must not be deleted
    #[arg(long)]
    pub vital: bool,
    /// Also those that were made for one workload and are hidden from lists
    #[arg(long)]
    pub hidden: bool,
}

const TAGS: [&str; 3] = ["s3", "uri", "oci"];

fn tag(name: &str) -> Tag {
    match name {
        "s3" => Tag::S3,
        "uri" => Tag::Uri,
        _ => Tag::Oci,
    }
}

impl Conditions {
    /// Whether anything but what is hidden is left out.
    pub fn is_any(&self) -> bool {
        let Self {
            text,
            type_,
            protocol,
            tag,
            used,
            unused,
            test,
            vital,
            hidden: _,
        } = self;
        let is_text = text.is_some() || type_.is_some() || test.is_some();
        is_text || protocol.is_some() || tag.is_some() || *used || *unused || *vital
    }
}

impl List {
    /// What is asked for.
    pub fn query(&self, standing: Standing) -> Query {
        let conditions = &self.conditions;
        Query {
            filter: Filter {
                text: conditions.text.clone(),
                type_: conditions.type_.clone(),
                protocol: conditions.protocol,
                tag: conditions.tag,
                used: match (conditions.used, conditions.unused) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                },
                test_status: conditions.test.clone(),
                vital: conditions.vital.then_some(true),
                hidden: (!conditions.hidden).then_some(false),
                standing,
                ..Filter::default()
            },
            sort: self.sort,
            order: match self.reverse {
                true => Order::Descending,
                false => Order::Ascending,
            },
            ..Query::default()
        }
    }
}

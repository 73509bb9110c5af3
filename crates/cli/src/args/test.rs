//! The flags of `bowline test`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Scope;

/// Prove connections against their real endpoints, step by step
///
/// Tries what a workload would do: finds the host, signs in, lists, reads the first bytes. Only reads,
/// unless `--write` is given. Without names it tests every connection of the project. Each step
/// that fails says which field to look at and what to try.
///
/// The exit code is 0 when all pass, and else the highest of all outcomes: 1 the connection is at
/// fault, 3 something is not there, 5 the login is refused, 6 a right is missing or the address is
/// forbidden, 7 nobody answers. Ctrl-C ends with 130.
///
/// Tests go to this machine's own addresses too, except when run in a pod, and never to metadata
/// addresses of clouds.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline test training-data
  bowline test models --path llama/7b --write
  bowline test -A --output junit > tests.xml
  bowline test -f connection.yaml")]
pub struct Test {
    /// Name of the connection (can be repeated)
    #[arg(value_name = "NAME", conflicts_with_all = ["all_namespaces", "files"], add = crate::completion::connections())]
    pub names: Vec<String>,
    /// Where they are.
    #[command(flatten)]
    pub scope: Scope,
    /// Manifest whose connections are tested before they are stored; `-` is stdin (can be repeated)
    #[arg(short, long = "filename", value_name = "FILE", num_args = 1.., conflicts_with_all = ["all_namespaces", "record"])]
    pub files: Vec<PathBuf>,
    /// Path below the bucket, container, repository or location that must be there
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// Branch, tag, commit or digest that must be there
    #[arg(long, value_name = "NAME")]
    pub reference: Option<String>,
    /// Try to write too: one small object below `.bowline-probe/`, which is deleted again
    #[arg(long)]
    pub write: bool,
    /// Try the right to push too
    #[arg(long)]
    pub push: bool,
    /// PEM file with certificate authorities that are trusted beside the system's
    #[arg(long, value_name = "FILE")]
    pub authorities: Option<PathBuf>,
    /// Go only to networks and hosts such as 10.0.0.0/8 or *.example.com (can be repeated)
    #[arg(long, value_name = "NETWORK", value_parser = pattern)]
    pub allow: Vec<bowline_probe::dial::Pattern>,
    /// Never go to networks and hosts such as 10.0.0.0/8 or *.example.com (can be repeated)
    #[arg(long, value_name = "NETWORK", value_parser = pattern)]
    pub deny: Vec<bowline_probe::dial::Pattern>,
    /// Where the tests run: in this process, or each in a pod beside the workloads
    ///
    /// A pod runs in the connection's namespace, under an account of it, so that network policies and
    /// certificate authorities are those of workloads. So are identities: a role that Amazon gives the
    /// account (IRSA), and the workload identity pool at Google that a connection names; others are not
    /// used. Needs the rights to make, see and delete pods there and to read their logs. Where a
    /// cluster has no nodes, as that of `bowline up`, this process tests.
    #[arg(long, value_name = "PLACE", default_value = "here", conflicts_with_all = ["files", "authorities"])]
    pub from: From,
    /// Image with this program, for `--from cluster`
    #[arg(
        long,
        value_name = "IMAGE",
        env = "BOWLINE_TEST_IMAGE",
        hide_env_values = true,
        required_if_eq("from", "cluster")
    )]
    pub image: Option<String>,
    /// ServiceAccount of the pods, for `--from cluster` [default: that of the namespace]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Label of the pods, by which network policies choose them (can be repeated)
    #[arg(long = "pod-label", value_name = "KEY=VALUE", value_parser = label)]
    pub pod_labels: Vec<(String, String)>,
    /// Folder with a mounted connection, as the pods of `--from cluster` have it
    #[arg(long, value_name = "DIR", hide = true, conflicts_with_all = ["names", "all_namespaces", "files", "record"])]
    pub mounted: Option<PathBuf>,
    /// Remember the result in annotations of the connection
    #[arg(long)]
    pub record: bool,
    /// How to show the results
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: TestOutput,
}

/// Where `test` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// In this process
    Here,
    /// In pods of the connections' namespaces
    Cluster,
}

fn label(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("write it as `key=value`")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// How `test` shows its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestOutput {
    /// For people, as the steps end
    Text,
    /// One document
    Json,
    /// JUnit's XML, for build servers
    Junit,
}

pub(super) fn pattern(
    text: &str,
) -> Result<bowline_probe::dial::Pattern, bowline_probe::dial::UnknownPattern> {
    text.parse()
}

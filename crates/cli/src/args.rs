//! The command line: every command, flag, default and environment twin, and the help that people
//! read. What the commands do is left to `commands`.

mod catalog;
mod convert;
mod create;
mod delete;
mod edit;
mod export;
mod list;
mod login;
mod odahu;
mod operator;
mod pipelines;
#[cfg(test)]
mod reference;
mod run;
mod server;
mod store;
mod test;
mod types;
mod usage;
mod web;

use std::net::IpAddr;
use std::path::PathBuf;

use bowline_operator::controllers::testing::When;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

use crate::output::Output;

pub use catalog::Home;
pub use convert::Convert;
pub use create::{Create, Set, Setting, Sources, Unset};
pub use delete::Delete;
pub use edit::Edit;
pub use export::{Export, Import};
pub use list::List;
pub use login::Login;
pub use odahu::Odahu;
pub use operator::{Certificates, LogFormat, Operator, StorageConfig};
pub use pipelines::{
    Apply, Check, Diff, Explain, FindingsOutput, Pipelines, PipelinesCommand, PipelinesLint,
    PipelinesSource, Policies, Render, RenderLayout, RenderOutput, Resolve,
};
pub use run::{Env, EnvFormat, Run};
pub use server::Server;
pub use store::{Folder, State, Store, StoreCommand};
pub use test::{From, Test, TestOutput};
pub use types::{TypeCommand, Types};
pub use usage::Usage;
pub use web::{OpenId, Web};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Columns of help on a wide terminal.
const WIDEST: usize = 100;

/// Ties ML workloads on Kubernetes to their data.
#[derive(Debug, Parser)]
#[command(name = "bowline", version, styles = STYLES, max_term_width = WIDEST)]
#[command(after_help = "\
Examples:
  bowline up                                  start a Kubernetes API on this machine
  bowline list                                connections in the current namespace
  bowline lint -f s3.yaml                     what is wrong with a manifest
  bowline test training-data                  whether it works, and why not
  bowline inject -f s3.yaml -f notebook.yaml  what a workload gets")]
pub struct Args {
    /// Which cluster the command talks to.
    #[command(flatten)]
    pub cluster: Cluster,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which cluster a command talks to.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub struct Cluster {
    /// Kubeconfig to use instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig to use instead of its current one
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "BOWLINE_CONTEXT",
        hide_env_values = true
    )]
    pub context: Option<String>,
}

/// What to do; the help of each command is that of its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    Up(Up),
    Login(Login),
    Operator(Operator),
    Server(Server),
    Inject(Inject),
    Lint(Lint),
    List(List),
    Show(Show),
    Create(Create),
    Set(Set),
    Unset(Unset),
    Edit(Edit),
    Types(Types),
    Test(Test),
    Usage(Usage),
    Delete(Delete),
    Env(Env),
    Run(Run),
    Convert(Convert),
    Pipelines(Pipelines),
    Export(Export),
    Import(Import),
    Store(Store),
    Completion(Completion),
}

/// Start a Kubernetes API on this machine that ties connections
///
/// Serves until it is told to stop, and keeps its state in one file. Only this machine reaches it, unless
/// `--listen` says otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline up
  bowline up --data ./state --kubernetes-port 0 --admission-port 0 --http-port 0 --output json")]
pub struct Up {
    /// Its state.
    #[command(flatten)]
    pub state: State,
    /// Port of the Kubernetes API; 0 means any free port
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 6443,
        env = "BOWLINE_KUBERNETES_PORT",
        hide_env_values = true
    )]
    pub kubernetes_port: u16,
    /// Port of the admission webhooks; 0 means any free port
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 9443,
        env = "BOWLINE_ADMISSION_PORT",
        hide_env_values = true
    )]
    pub admission_port: u16,
    /// Port of health checks and the web; 0 means any free port
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8080,
        env = "BOWLINE_HTTP_PORT",
        hide_env_values = true
    )]
    pub http_port: u16,
    /// Address of this machine at which others reach the Kubernetes API and, over TLS, the web; all else stays on loopback
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BOWLINE_LISTEN",
        hide_env_values = true
    )]
    pub listen: Option<IpAddr>,
    /// Port of the web over TLS, with `--listen`; 0 means any free port
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8443,
        env = "BOWLINE_HTTPS_PORT",
        hide_env_values = true
    )]
    pub https_port: u16,
    /// File of further users: lines of token,user,uid,"group1,group2"
    #[arg(
        long,
        value_name = "FILE",
        env = "BOWLINE_TOKEN_AUTH_FILE",
        hide_env_values = true
    )]
    pub token_auth_file: Option<PathBuf>,
    /// Keep a copy of the store's keys in profiles that opted in, by the PipelineStore in this namespace
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "BOWLINE_PIPELINES_NAMESPACE",
        hide_env_values = true
    )]
    pub pipelines_namespace: Option<String>,
    /// Test connections by themselves: when they change (`on-change`), or also again after a time such as 6h
    #[arg(
        long,
        value_name = "WHEN",
        env = "BOWLINE_TEST_CONNECTIONS",
        help_heading = "Tests of connections",
        hide_env_values = true
    )]
    pub test_connections: Option<When>,
    /// Types and sign-in.
    #[command(flatten)]
    pub web: Web,
    /// ODAHU's API.
    #[command(flatten)]
    pub odahu: Odahu,
    /// How to say that it is ready; `json` is one line on stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        env = "BOWLINE_OUTPUT",
        hide_env_values = true
    )]
    pub output: UpOutput,
}

/// How `up` says that it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UpOutput {
    Text,
    Json,
}

/// Show manifests as they would be after admission
///
/// Reads Secrets and workloads, ties every workload as if it were created now, and prints all
/// manifests as YAML, in order, ready for `kubectl apply`. Needs no server and asks for no rights.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline inject -f connection.yaml -f notebook.yaml
  bowline inject -f *.yaml --diff
  kustomize build . | bowline inject -f - -n team-a | kubectl apply -n team-a -f -")]
pub struct Inject {
    /// Manifest to read, YAML or JSON; `-` is stdin (can be repeated)
    #[arg(short, long = "filename", value_name = "FILE", required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Show what changes, and nothing else
    #[arg(long)]
    pub diff: bool,
    /// Namespace of manifests that name none
    #[arg(short, long, default_value = "default")]
    pub namespace: String,
}

/// Say what is wrong with connections and the workloads that name them
///
/// Checks the manifests of files, or without `-f` the Secrets of a cluster. The exit code is 1
/// when there are errors, 0 when there are at most warnings and notes, and 2 when none of the files
/// holds an object of Kubernetes.
///
/// Manifests that name no namespace count as being in that of `-n`, or else in `default`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline lint -f connection.yaml -f notebook.yaml
  bowline lint -A --output json
  bowline lint -f deploy/*.yaml --output sarif > bowline.sarif")]
pub struct Lint {
    /// Manifest to check, YAML or JSON; `-` is stdin (can be repeated)
    #[arg(short, long = "filename", value_name = "FILE", num_args = 1.., conflicts_with = "all_namespaces")]
    pub files: Vec<PathBuf>,
    /// Where to look.
    #[command(flatten)]
    pub scope: Scope,
    /// How to show the findings; `sarif` (2.1.0) is for code-scanning services
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: LintOutput,
}

/// How `lint` shows its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintOutput {
    Text,
    Json,
    Sarif,
}

/// Show one connection, with its secret values masked
///
/// Places such as endpoint, bucket, region and location are shown, everything else is masked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline show training-data
  bowline show training-data -n team-a --output json")]
pub struct Show {
    /// Name of the connection
    #[arg(add = crate::completion::connections())]
    pub name: String,
    /// Where it is.
    #[command(flatten)]
    pub project: Project,
    /// How to show it.
    #[command(flatten)]
    pub shape: Shape,
}

/// Print the completion script of a shell
///
/// The script asks `bowline` itself at every press of the key, so names of connections are suggested
/// too, from the cluster that the line names. Linked as `kubectl_complete-bowline`, beside
/// `kubectl-bowline`, `bowline` answers `kubectl` in the same way.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(bowline completion bash)
  bowline completion zsh > ~/.zfunc/_bowline
  bowline completion fish > ~/.config/fish/completions/bowline.fish")]
pub struct Completion {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// One namespace or all of them.
#[derive(Debug, Clone, clap::Args)]
pub struct Scope {
    /// Namespace to look in [default: the context's, else `default`]
    #[arg(
        short,
        long,
        visible_alias = "project",
        value_name = "NAME",
        conflicts_with = "all_namespaces"
    )]
    pub namespace: Option<String>,
    /// Look in all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
}

/// The project that a connection is in, which is a namespace.
#[derive(Debug, Clone, clap::Args)]
pub struct Project {
    /// Namespace of the connection [default: the context's, else `default`]
    #[arg(short, long, visible_alias = "project", value_name = "NAME")]
    pub namespace: Option<String>,
}

/// How a result is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Shape {
    /// How to show it: text, wide, json, yaml, name or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT", default_value = "text", add = crate::completion::outputs())]
    pub output: Output,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    fn long_examples(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string);
        let own = own.unwrap_or_default();
        let long = own.lines().filter(|line| line.chars().count() > WIDEST);
        let below = command.get_subcommands().flat_map(long_examples);
        long.map(str::to_owned).chain(below).collect()
    }

    /// A line that help wraps is two commands to whoever pastes it.
    #[test]
    fn no_example_is_wider_than_help() {
        assert_eq!(long_examples(&Args::command()), [""; 0]);
    }
}

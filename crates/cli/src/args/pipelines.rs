//! The flags of `bowline pipelines`.

use std::path::PathBuf;

use bowline_pipelines::model::{DeploykfRelease, Release};
use bowline_pipelines::policies::Dialect;
use bowline_pipelines::render::Names;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::test::{TestOutput, pattern};
use crate::output::Output;

/// Everything that Kubeflow Pipelines needs of one object store
///
/// Six parts of Kubeflow Pipelines read about the store in four formats. These commands make all of
/// them from one description: deployKF's values, a pipeline server of Open Data Hub, or a
/// `PipelineStore` document with a connection.
#[derive(Debug, clap::Args)]
pub struct Pipelines {
    /// What to do.
    #[command(subcommand)]
    pub command: PipelinesCommand,
}

/// What to do about pipelines.
#[derive(Debug, clap::Subcommand)]
pub enum PipelinesCommand {
    Render(Render),
    Lint(PipelinesLint),
    Resolve(Resolve),
    Policies(Policies),
    Explain(Explain),
    Check(Check),
    Diff(Diff),
    Apply(Apply),
}

/// Where the description of the store comes from, and what is installed.
#[derive(Debug, clap::Args)]
pub struct PipelinesSource {
    /// Values file of deployKF; later ones override earlier ones (can be repeated)
    #[arg(short, long = "filename", value_name = "FILE", num_args = 1.., required_unless_present_any = ["dspa", "store"], conflicts_with_all = ["dspa", "store"])]
    pub files: Vec<PathBuf>,
    /// Manifest of a DataSciencePipelinesApplication
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub dspa: Option<PathBuf>,
    /// Manifest of a PipelineStore or an ObjectBucketClaim, with the objects that it names
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Manifests of the source Secrets, so that copies of them can be shown too (can be repeated)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub secrets: Vec<PathBuf>,
    /// Release of deployKF whose defaults count [default: 0.1.5]
    #[arg(long, value_name = "RELEASE")]
    pub deploykf: Option<DeploykfRelease>,
    /// Release of Kubeflow Pipelines [default: that of deployKF or the document]
    #[arg(long, value_name = "RELEASE")]
    pub kfp: Option<Release>,
    /// Release of Argo Workflows [default: that which Kubeflow Pipelines ships]
    #[arg(long, value_name = "RELEASE")]
    pub argo: Option<Release>,
}

/// In whose ways a store is set up, for those who look at it and make nothing.
#[derive(Debug, clap::Args)]
pub struct Ways {
    /// In whose ways the store is set up [default: `deploykf` for deployKF's values, else `native`]
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<RenderLayout>,
    /// As if Kyverno copied Secrets also in the native layout
    #[arg(long)]
    pub kyverno: bool,
}

impl Ways {
    /// The names that are asked for, else those of the layout that an input is written for.
    pub fn names(&self, source: &PipelinesSource) -> Names {
        let usual = match source.files.is_empty() {
            true => RenderLayout::Native,
            false => RenderLayout::Deploykf,
        };
        self.layout.unwrap_or(usual).names()
    }
}

/// Print every object that the store needs
///
/// Needs no cluster. Findings go to stderr; values that deployKF refuses end the command, and then
/// nothing is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines render -f values.yaml -f overrides.yaml --kfp 2.5
  bowline pipelines render -f values.yaml --layout deploykf --secrets secrets.yaml
  bowline pipelines render --store store.yaml -o kustomize \\
    --base ../kubeflow-pipelines --into overlay")]
pub struct Render {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// Whose names and ways the objects have
    #[arg(long, value_name = "LAYOUT", default_value = "native")]
    pub layout: RenderLayout,
    /// Copy Secrets by Kyverno's policies also in the native layout
    #[arg(long)]
    pub kyverno: bool,
    /// How to show them; `kustomize` is laid over manifests of Kubeflow Pipelines and is of no use alone
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: RenderOutput,
    /// Manifests that a Kustomization is laid over: a folder, file or address, as its `resources` have it
    #[arg(long, value_name = "PLACE", default_value = "base")]
    pub base: String,
    /// Folder to write a Kustomization to, with a file of the objects that it cannot hold
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}

/// Say what is wrong with the description of a store
///
/// Checks the values, and what the named releases will make of them. The exit code is 1 when there are
/// errors, 0 when there are at most warnings and notes. Needs no cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines lint -f values.yaml
  bowline pipelines lint --store store.yaml --kfp 2.15 -o json")]
pub struct PipelinesLint {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// In whose ways.
    #[command(flatten)]
    pub ways: Ways,
    /// How to show the findings
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: FindingsOutput,
}

/// How `pipelines lint` shows its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FindingsOutput {
    Text,
    Json,
}

/// Whose names and ways rendered objects have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RenderLayout {
    /// Ours: no Kyverno, nothing put into people's containers
    Native,
    /// deployKF's own names and policies
    Deploykf,
}

impl RenderLayout {
    /// The same for those who render.
    pub const fn names(self) -> Names {
        match self {
            Self::Native => Names::Native,
            Self::Deploykf => Names::Deploykf,
        }
    }
}

/// How rendered objects are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RenderOutput {
    Yaml,
    Json,
    Kustomize,
    HelmValues,
}

/// Print what KFP's launcher makes of its ConfigMap and a pipeline root
///
/// Needs no cluster. The result is what a run stores as its session, or the error that it dies of;
/// then the exit code is 1. What KFP passes over in silence is told on stderr.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines resolve --launcher kfp-launcher.yaml --pipeline-root s3://models/v2/team-1
  kubectl get configmap kfp-launcher -n team-1 -o yaml \\
    | bowline pipelines resolve --launcher - -o json")]
pub struct Resolve {
    /// Manifest of the `kfp-launcher` ConfigMap, or its data alone; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub launcher: PathBuf,
    /// Root of the run [default: the ConfigMap's, else `minio://mlpipeline/v2/artifacts`]
    #[arg(long, value_name = "URL")]
    pub pipeline_root: Option<String>,
    /// Release of Kubeflow Pipelines
    #[arg(long, value_name = "RELEASE", default_value = "2.17")]
    pub kfp: Release,
    /// How to show it: `text`, `json`, `yaml`, `jsonpath=TEMPLATE`
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// Print who may touch what in the bucket, as policies of the store
///
/// Policies follow from the layout of keys: each profile gets the prefixes that its own keys begin with.
/// For people they are said in words, with what is out of reach; `-o json` and `-o yaml` give the
/// documents. The exit code is 1 where the layout keeps no policy from mixing profiles. Needs no cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines policies -f values.yaml
  bowline pipelines policies -f values.yaml --for aws -o json
  bowline pipelines policies -f values.yaml --for ceph --merge -o json > policy.json
  bowline pipelines policies -f values.yaml -o jsonpath='{.profiles.team-1}'")]
pub struct Policies {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// Whose language to write [default: that of the store]
    #[arg(long = "for", value_name = "STORE", value_parser = dialects())]
    pub dialect: Option<Dialect>,
    /// `native` limits listing to each one's prefixes; `deploykf` gives deployKF's own documents, by
    /// which everybody may list the whole bucket
    #[arg(long, value_name = "LAYOUT", default_value = "native")]
    pub layout: RenderLayout,
    /// One policy of everybody, for stores where the bucket has a single one: ceph, gcs
    #[arg(long)]
    pub merge: bool,
    /// How to show them: `text`, `json`, `yaml`, `jsonpath=TEMPLATE`
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

fn dialects() -> impl TypedValueParser<Value = Dialect> {
    let values = Dialect::ALL
        .into_iter()
        .map(|dialect| PossibleValue::new(dialect.as_str()).help(dialect.description()));
    PossibleValuesParser::new(values).try_map(|text| text.parse::<Dialect>())
}

/// Show where each reader looks for the store, and what it finds there
///
/// One row for each reader: the API server, the UI and its proxies, Argo, the launcher of v2 runs, and
/// TensorBoard's viewers. What differs from the description is marked. Needs no cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines explain -f values.yaml
  bowline pipelines explain -f values.yaml --layout native --kfp 2.17 -o wide")]
pub struct Explain {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// In whose ways.
    #[command(flatten)]
    pub ways: Ways,
    /// How to show it: `text`, `wide`, `json`, `yaml`, `jsonpath=TEMPLATE`
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// Prove at the object store that each reader gets where it must, and no profile where it must not
///
/// Goes to the store as each reader would: with the endpoint, region, addressing and bucket that it is
/// told, and the keys that it finds in its namespace. Each lists, writes an object of its own below
/// `.bowline-probe/`, reads it and deletes it. Then each profile tries to read, write and list what
/// belongs to the others, and to list the whole bucket, all of which must be refused.
///
/// Keys are taken from copies of the Secrets in `--secrets`, or from the cluster with your own rights.
/// What was written is removed again, also after a failure and after Ctrl-C.
///
/// The exit code is 0 when all is as it must be, and else the highest of all outcomes: 1 the
/// description is at fault or isolation is lost, 3 something is not there, 5 a key is refused, 6 a right
/// is missing, 7 nobody answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines check -f values.yaml
  bowline pipelines check --store store.yaml --profile team-1 team-10
  bowline pipelines check -f values.yaml --secrets secrets.yaml -o junit > check.xml")]
pub struct Check {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// In whose ways.
    #[command(flatten)]
    pub ways: Ways,
    /// Profile that is meant, beside the shared parts [default: all of them] (can be repeated)
    #[arg(long = "profile", value_name = "NAME", num_args = 1..)]
    pub profiles: Vec<String>,
    /// PEM file with certificate authorities that are trusted beside the system's
    #[arg(long, value_name = "FILE")]
    pub authorities: Option<PathBuf>,
    /// Go only to networks and hosts such as 10.0.0.0/8 or *.example.com (can be repeated)
    #[arg(long, value_name = "NETWORK", value_parser = pattern)]
    pub allow: Vec<bowline_probe::dial::Pattern>,
    /// Never go to networks and hosts such as 10.0.0.0/8 or *.example.com (can be repeated)
    #[arg(long, value_name = "NETWORK", value_parser = pattern)]
    pub deny: Vec<bowline_probe::dial::Pattern>,
    /// How to show the results
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: TestOutput,
}

/// Show what applying would change in the cluster
///
/// `+` is new, `~` would change, `-` is ours and no longer rendered. Values of Secrets are hidden. The
/// exit code is 1 when something would change.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines diff -f values.yaml --secrets secrets.yaml
  bowline pipelines diff --store store.yaml -o json")]
pub struct Diff {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// Whose names and ways the objects have
    #[arg(long, value_name = "LAYOUT", default_value = "native")]
    pub layout: RenderLayout,
    /// Copy Secrets by Kyverno's policies also in the native layout
    #[arg(long)]
    pub kyverno: bool,
    /// How to show it: `text`, `json`, `yaml`, `jsonpath=TEMPLATE`
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

/// Apply every object that the store needs
///
/// Objects are applied on the server's side, so that parts which others set stay as they are. Of
/// Deployments that Kubeflow Pipelines brings, only the environment is set, and not before the Secrets
/// are there that it names.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines apply -f values.yaml --secrets secrets.yaml
  bowline pipelines apply --store store.yaml --opt-in
  bowline pipelines apply --store store.yaml --prune")]
pub struct Apply {
    /// What to read.
    #[command(flatten)]
    pub source: PipelinesSource,
    /// Whose names and ways the objects have
    #[arg(long, value_name = "LAYOUT", default_value = "native")]
    pub layout: RenderLayout,
    /// Copy Secrets by Kyverno's policies also in the native layout
    #[arg(long)]
    pub kyverno: bool,
    /// Delete what an earlier apply made and is no longer rendered, in all namespaces
    #[arg(long)]
    pub prune: bool,
    /// Let the operator copy: annotate the source Secrets, and label the namespaces of listed profiles and
    /// of the parts that they share
    #[arg(long, conflicts_with = "kyverno")]
    pub opt_in: bool,
    /// Take over fields that somebody else set
    #[arg(long)]
    pub force_conflicts: bool,
}

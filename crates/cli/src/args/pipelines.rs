//! The flags of `bowline pipelines`.

use std::path::PathBuf;

use bowline_pipelines::model::{DeploykfRelease, Release};
use clap::ValueEnum;

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

/// Print every object that the store needs
///
/// Needs no cluster. Findings go to stderr; values that deployKF refuses end the command, and then
/// nothing is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bowline pipelines render -f values.yaml -f overrides.yaml --kfp 2.5
  bowline pipelines render -f values.yaml --layout deploykf --secrets secrets.yaml
  bowline pipelines render --store store.yaml -o kustomize")]
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
    /// How to show them
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: RenderOutput,
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
  bowline pipelines resolve --launcher kfp-launcher.yaml --pipeline-root s3://models/v2/artifacts/team-1
  kubectl get configmap kfp-launcher -n team-1 -o yaml | bowline pipelines resolve --launcher - -o json")]
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

//! The flags of `bowline operator`; the chart sets them, people seldom do.

use std::net::SocketAddr;
use std::path::PathBuf;

use bowline_operator::controllers::testing::When;
use clap::ValueEnum;

use super::web::TestPlaces;

/// Run admission and the controllers in a cluster
///
/// Answers the cluster's admission webhooks over HTTPS. One replica, the leader, also keeps
/// `storage-config`, ServiceAccounts, bundles of certificate authorities, the status of workloads,
/// and copies of a store's keys. The Helm chart in `deploy/chart/bowline` runs it.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  bowline operator
  bowline operator --certificates files --certificate-dir /etc/bowline/tls
  bowline operator --kubeconfig admin.conf --certificate-names 127.0.0.1 --log-format text")]
pub struct Operator {
    /// Where admission is served over HTTPS
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9443",
        env = "BOWLINE_LISTEN",
        hide_env_values = true
    )]
    pub listen: SocketAddr,
    /// Where health and metrics are served over plain HTTP
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8080",
        env = "BOWLINE_HTTP_LISTEN",
        hide_env_values = true
    )]
    pub http_listen: SocketAddr,
    /// Namespace of its own Secrets and Lease [default: `$POD_NAMESPACE`, else the kubeconfig's, else `bowline`]
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "BOWLINE_NAMESPACE",
        hide_env_values = true
    )]
    pub namespace: Option<String>,
    /// Name of its Lease and webhook configurations, and what its Secrets and Service begin with
    #[arg(
        long,
        default_value = "bowline",
        env = "BOWLINE_NAME",
        hide_env_values = true
    )]
    pub name: String,
    /// Who makes the serving certificate
    #[arg(
        long,
        value_name = "SOURCE",
        default_value = "self",
        env = "BOWLINE_CERTIFICATES",
        hide_env_values = true
    )]
    pub certificates: Certificates,
    /// Folder of `tls.crt` and `tls.key`, for `--certificates files`
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/etc/bowline/tls",
        env = "BOWLINE_CERTIFICATE_DIR",
        hide_env_values = true
    )]
    pub certificate_dir: PathBuf,
    /// Names and addresses in a self-made certificate, beside those of the Service
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        env = "BOWLINE_CERTIFICATE_NAMES",
        hide_env_values = true
    )]
    pub certificate_names: Vec<String>,
    /// Answer admission only for clients with a certificate by one of these authorities (PEM)
    ///
    /// API servers show one where their admission configuration names a kubeconfig with it. Read
    /// at start.
    #[arg(
        long,
        value_name = "FILE",
        env = "BOWLINE_CLIENT_CA_FILE",
        hide_env_values = true
    )]
    pub client_ca_file: Option<PathBuf>,
    /// Answer admission only
    #[arg(long, env = "BOWLINE_NO_CONTROLLERS", hide_env_values = true)]
    pub no_controllers: bool,
    /// Whose `storage-config` is kept; `adopt` takes over one that OpenShift AI's controller made
    #[arg(
        long,
        value_name = "MODE",
        default_value = "own",
        env = "BOWLINE_STORAGE_CONFIG",
        hide_env_values = true
    )]
    pub storage_config: StorageConfig,
    /// Write `serving.kserve.io/s3-*` on S3 connections in use, for upstream KServe
    #[arg(long, env = "BOWLINE_ANNOTATE_SECRETS", hide_env_values = true)]
    pub annotate_secrets: bool,
    /// Certificates (PEM) that are joined into the bundle of every namespace
    #[arg(
        long,
        value_name = "FILE",
        env = "BOWLINE_CA_BUNDLE_FILE",
        hide_env_values = true
    )]
    pub ca_bundle_file: Option<PathBuf>,
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
    /// Where tests may go.
    #[command(flatten)]
    pub tests: TestPlaces,
    /// How logs are written, on stderr
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "json",
        help_heading = "Options",
        env = "BOWLINE_LOG_FORMAT",
        hide_env_values = true
    )]
    pub log_format: LogFormat,
}

/// Who makes the serving certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Certificates {
    /// The operator: it signs, renews and publishes them.
    #[value(name = "self")]
    Own,
    /// Somebody else: files that are read again when they change.
    Files,
}

/// What is done about `storage-config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StorageConfig {
    /// Nothing.
    Off,
    /// It is made, and kept if it is ours.
    Own,
    /// As `own`, and one that OpenShift AI's controller made is taken over.
    Adopt,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

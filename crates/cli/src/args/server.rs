//! The flags of `bowline server`.

use std::net::SocketAddr;
use std::path::PathBuf;

use bowline_server::callers::Network;

use super::{LogFormat, Web};

/// Serve connections over HTTP in a cluster: REST, its documentation, sign-in
///
/// Every request acts with its sender's own rights: bearer tokens are passed on to the cluster, and
/// whom a client certificate or a trusted proxy names is impersonated, for which the server's own
/// account needs the right to `impersonate`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  bowline server --host bowline.example.org --certificate-dir /etc/bowline/tls
  bowline server --host bowline.example.org --trusted-proxy 10.2.0.7 --behind-tls
  bowline server --listen 127.0.0.1:8443 --log-format text")]
pub struct Server {
    /// Where it listens
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8443",
        env = "BOWLINE_SERVER_LISTEN",
        hide_env_values = true
    )]
    pub listen: SocketAddr,
    /// Name under which it is reached, with the port where that is not the usual one (can be repeated)
    #[arg(
        long = "host",
        value_name = "NAME",
        value_delimiter = ',',
        env = "BOWLINE_SERVER_HOSTS",
        hide_env_values = true
    )]
    pub hosts: Vec<String>,
    /// Folder of `tls.crt` and `tls.key`; without it, plain HTTP is served
    #[arg(
        long,
        value_name = "DIR",
        env = "BOWLINE_SERVER_CERTIFICATE_DIR",
        hide_env_values = true
    )]
    pub certificate_dir: Option<PathBuf>,
    /// Certificates (PEM) that sign those of clients; without it, client certificates are not asked for
    #[arg(
        long,
        value_name = "FILE",
        requires = "certificate_dir",
        env = "BOWLINE_SERVER_CLIENT_CA_FILE",
        hide_env_values = true
    )]
    pub client_ca_file: Option<PathBuf>,
    /// Address or network of an auth proxy whose word is taken for who sends a request (can be repeated)
    #[arg(
        long = "trusted-proxy",
        value_name = "NETWORK",
        value_delimiter = ',',
        env = "BOWLINE_SERVER_TRUSTED_PROXIES",
        hide_env_values = true
    )]
    pub trusted_proxies: Vec<Network>,
    /// Browsers reach it over TLS, which ends before this server
    #[arg(long, env = "BOWLINE_SERVER_BEHIND_TLS", hide_env_values = true)]
    pub behind_tls: bool,
    /// Project in which the connections of ODAHU's API are kept; without it, that API is not served
    #[arg(
        long,
        value_name = "PROJECT",
        env = "BOWLINE_ODAHU_PROJECT",
        hide_env_values = true
    )]
    pub odahu_project: Option<String>,
    /// Let tests go to this server's own addresses too
    #[arg(
        long = "test-own-addresses",
        env = "BOWLINE_TEST_OWN_ADDRESSES",
        help_heading = "Tests of connections",
        hide_env_values = true
    )]
    pub tests_own_addresses: bool,
    /// Read connections with the server's own account for those who may `test` and not read them, and keep results
    ///
    /// The account then needs the rights to `get` and `patch` Secrets and to `record`
    /// `connections.bowline.dev`. Whoever may `test` `connections.bowline.dev` in a project needs no
    /// right over its Secrets.
    #[arg(
        long = "test-with-own-account",
        env = "BOWLINE_TEST_WITH_OWN_ACCOUNT",
        help_heading = "Tests of connections",
        hide_env_values = true
    )]
    pub tests_with_own_account: bool,
    /// Types, tests and sign-in.
    #[command(flatten)]
    pub web: Web,
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

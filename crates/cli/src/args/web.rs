//! The flags of the web server that `bowline up` and `bowline server` share.

use std::path::PathBuf;

use bowline_catalog::connection_types::Homes;
use bowline_proof::{Bounds, Rule};

/// What every web server of ours can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct Web {
    /// Namespace of the connection types of OpenShift AI's dialect
    #[arg(
        long,
        value_name = "NAMESPACE",
        default_value = "opendatahub",
        env = "BOWLINE_TYPES_NAMESPACE",
        hide_env_values = true
    )]
    pub types_namespace: String,
    /// Where tests may go.
    #[command(flatten)]
    pub tests: TestPlaces,
    /// Where people may sign in.
    #[command(flatten)]
    pub open_id: OpenId,
}

/// Where the tests of connections may go that servers carry out.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Tests of connections")]
pub struct TestPlaces {
    /// Let tests go only to networks and hosts such as 10.0.0.0/8, or for one project team-a=*.example.com (can be repeated)
    #[arg(
        id = "test_allow",
        long = "test-allow",
        value_name = "[PROJECT=]NETWORK",
        value_delimiter = ',',
        env = "BOWLINE_TEST_ALLOW",
        hide_env_values = true
    )]
    pub allow: Vec<Rule>,
    /// Let tests never go to networks and hosts such as 10.0.0.0/8, or for one project team-a=*.example.com (can be repeated)
    #[arg(
        id = "test_deny",
        long = "test-deny",
        value_name = "[PROJECT=]NETWORK",
        value_delimiter = ',',
        env = "BOWLINE_TEST_DENY",
        hide_env_values = true
    )]
    pub deny: Vec<Rule>,
    /// Refuse tests of connections that turn the check of certificates off, as `AWS_S3_VERIFY_SSL` does
    #[arg(
        long = "test-require-tls-verification",
        env = "BOWLINE_TEST_REQUIRE_TLS_VERIFICATION",
        hide_env_values = true
    )]
    pub require_tls_verification: bool,
}

impl TestPlaces {
    /// The lists, and whether tests may go to this machine's own addresses.
    pub fn bounds(&self, is_own_allowed: bool) -> Bounds {
        Bounds {
            is_own_allowed,
            allowed: self.allow.clone(),
            denied: self.deny.clone(),
            require_verified_tls: self.require_tls_verification,
            ..Bounds::default()
        }
    }
}

impl Web {
    /// Where connection types live.
    pub fn homes(&self) -> Homes {
        Homes {
            opendatahub: self.types_namespace.clone(),
            ..Homes::default()
        }
    }
}

/// An OpenID provider at which people sign in; the names are those of `kube-apiserver`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "OpenID Connect")]
pub struct OpenId {
    /// Issuer at which people may sign in
    #[arg(
        long = "oidc-issuer-url",
        value_name = "URL",
        requires = "client_id",
        env = "BOWLINE_OIDC_ISSUER_URL",
        hide_env_values = true
    )]
    pub issuer_url: Option<String>,
    /// What this server is called at the issuer, and the audience of its tokens
    #[arg(
        id = "client_id",
        long = "oidc-client-id",
        value_name = "ID",
        env = "BOWLINE_OIDC_CLIENT_ID",
        hide_env_values = true
    )]
    pub client_id: Option<String>,
    /// File of the client's secret; public clients have none
    #[arg(
        long = "oidc-client-secret-file",
        value_name = "FILE",
        env = "BOWLINE_OIDC_CLIENT_SECRET_FILE",
        hide_env_values = true
    )]
    pub client_secret_file: Option<PathBuf>,
    /// Claim that names the user; other than `email`, it gets the issuer in front
    #[arg(
        long = "oidc-username-claim",
        value_name = "CLAIM",
        default_value = "sub",
        env = "BOWLINE_OIDC_USERNAME_CLAIM",
        hide_env_values = true
    )]
    pub username_claim: String,
    /// Claim that lists the groups
    #[arg(
        long = "oidc-groups-claim",
        value_name = "CLAIM",
        default_value = "groups",
        env = "BOWLINE_OIDC_GROUPS_CLAIM",
        hide_env_values = true
    )]
    pub groups_claim: String,
    /// Certificates (PEM) that sign the issuer's, beside those of the system
    #[arg(
        long = "oidc-ca-file",
        value_name = "FILE",
        env = "BOWLINE_OIDC_CA_FILE",
        hide_env_values = true
    )]
    pub ca_file: Option<PathBuf>,
}

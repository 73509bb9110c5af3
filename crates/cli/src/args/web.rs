//! The flags of the web server that `bowline up` and `bowline server` share.

use std::path::PathBuf;

use bowline_catalog::connection_types::Homes;

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
    /// Where people may sign in.
    #[command(flatten)]
    pub open_id: OpenId,
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

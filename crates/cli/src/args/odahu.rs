//! The flags of ODAHU's API.

/// ODAHU's API of connections, which `bowline up` always serves.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "ODAHU's API")]
pub struct Odahu {
    /// Project in which the connections of ODAHU's API are kept
    #[arg(
        long = "odahu-project",
        value_name = "PROJECT",
        default_value = "odahu",
        env = "BOWLINE_ODAHU_PROJECT",
        hide_env_values = true
    )]
    pub project: String,
    /// Answer requests of ODAHU's clients without credentials, as ODAHU does
    #[arg(
        long = "odahu-open",
        env = "BOWLINE_ODAHU_OPEN",
        hide_env_values = true
    )]
    pub is_open: bool,
    /// Let ODAHU's clients change nothing
    #[arg(
        long = "odahu-read-only",
        env = "BOWLINE_ODAHU_READ_ONLY",
        hide_env_values = true
    )]
    pub is_read_only: bool,
    /// Connect to the host of a Git connection without `publicKey`, and fetch its keys
    #[arg(
        long = "odahu-scan-host-keys",
        env = "BOWLINE_ODAHU_SCAN_HOST_KEYS",
        hide_env_values = true
    )]
    pub scans_host_keys: bool,
}

impl Odahu {
    /// What the server is to know; who acts for unknown senders is added by whoever can tell.
    pub(crate) fn settings(&self) -> bowline_server::odahu::Settings {
        bowline_server::odahu::Settings {
            is_read_only: self.is_read_only,
            scans_host_keys: self.scans_host_keys,
            ..bowline_server::odahu::Settings::new(self.project.as_str())
        }
    }
}

//! Fetches the host keys of a Git server with OpenSSH's `ssh-keyscan`, as ODAHU does. It makes this
//! machine connect to whatever host a client names, so it has to be switched on.

use std::process::Stdio;
use std::time::Duration;

use bowline_catalog::odahu::HostKeys;
use bowline_core::Sensitive;
use tokio::process::Command;

/// ODAHU's clients wait for ten seconds.
const PATIENCE: Duration = Duration::from_secs(6);
/// For each kind of key, in seconds.
const TIMEOUT: &str = "3";

/// The server's `known_hosts` lines; the error says no more than whether it worked.
pub(super) async fn host_keys(server: &HostKeys) -> Result<Sensitive, String> {
    let port = server.port.unwrap_or(22).to_string();
    let mut command = Command::new("ssh-keyscan");
    command
        .args(["-T", TIMEOUT, "-p", &port])
        .arg(&server.host)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output
        .map_err(|_| "the host does not answer in time".to_owned())?
        .map_err(|_| "`ssh-keyscan` cannot be run; install OpenSSH's client".to_owned())?;
    match output.status.code() {
        Some(0) if !output.stdout.is_empty() => Ok(Sensitive::new(output.stdout)),
        Some(0) => Err("the host has no keys".to_owned()),
        Some(code) => Err(format!("exit status {code}")),
        None => Err("`ssh-keyscan` was ended".to_owned()),
    }
}

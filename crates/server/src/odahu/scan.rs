//! Fetches the host keys of a Git server with OpenSSH's `ssh-keyscan`, as ODAHU does. It makes this
//! machine connect to whatever host a client names, so it has to be switched on, and goes only where
//! tests of connections may go. Who may have them fetched is left to `operations`.

use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use bowline_catalog::odahu::HostKeys;
use bowline_core::Sensitive;
use bowline_probe::Guard;
use bowline_probe::dial::Target;
use bowline_probe::outcome::{self, Outcome};
use tokio::process::Command;

/// ODAHU's clients wait for ten seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);
/// For each kind of key, in seconds.
const TIMEOUT: &str = "3";
/// SSH's own port, which `known_hosts` leaves out.
const PORT: u16 = 22;

/// The server's `known_hosts` lines; the error says no more than whether it worked.
pub(super) async fn host_keys(server: &HostKeys, guard: &Guard) -> Result<Sensitive, String> {
    let fetching = tokio::time::timeout(PATIENCE, fetched(server, guard));
    let in_time = fetching.await;
    in_time.unwrap_or_else(|_| Err("the host does not answer in time".to_owned()))
}

async fn fetched(server: &HostKeys, guard: &Guard) -> Result<Sensitive, String> {
    let port = server.port.unwrap_or(PORT);
    let address = address(&server.host, port, guard).await?;
    let mut command = Command::new("ssh-keyscan");
    command
        .args(["-T", TIMEOUT, "-p", &port.to_string()])
        .arg(address.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await;
    let output =
        output.map_err(|_| "`ssh-keyscan` cannot be run; install OpenSSH's client".to_owned())?;
    let lines = named(&output.stdout, &server.host, port);
    match output.status.code() {
        Some(0) if !lines.is_empty() => Ok(Sensitive::new(lines)),
        Some(0) => Err("the host has no keys".to_owned()),
        Some(code) => Err(format!("exit status {code}")),
        None => Err("`ssh-keyscan` was ended".to_owned()),
    }
}

/// The address at which the host answers, if one may go to all of its addresses. `ssh-keyscan` gets
/// this and not the name, for which it could be told another.
async fn address(host: &str, port: u16, guard: &Guard) -> Result<IpAddr, String> {
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    let target = Target::new(&host, port).ok_or("the host cannot be read")?;
    let sentence = |outcome: &'static Outcome| outcome.sentence.to_owned();
    let addresses = guard.resolve(&target, PATIENCE).await.map_err(sentence)?;
    let stream = guard.connect(&addresses, PATIENCE).await;
    let peer = stream.map_err(sentence)?.peer_addr();
    peer.map(|peer| peer.ip())
        .map_err(|_| outcome::CLOSED_EARLY.sentence.to_owned())
}

/// What `ssh-keyscan` says of an address, as it would say it of the host's name.
fn named(output: &[u8], host: &str, port: u16) -> String {
    let name = match port {
        PORT => host.to_owned(),
        port => format!("[{host}]:{port}"),
    };
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let keys = lines.filter_map(|line| line.split_once(' '));
    keys.map(|(_, key)| format!("{name} {key}\n")).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_usual_port("git-host.example", 22, "git-host.example")]
    #[case::another_port("git-host.example", 2222, "[git-host.example]:2222")]
    #[case::an_address("2001:db8::1", 22, "2001:db8::1")]
    fn keys_have_the_name_of_the_host(#[case] host: &str, #[case] port: u16, #[case] name: &str) {
        let output =
            b"# 192.0.2.1:22 SSH-2.0\n192.0.2.1 ssh-rsa AAAA\n192.0.2.1 ssh-ed25519 BBBB\n";
        let expected = format!("{name} ssh-rsa AAAA\n{name} ssh-ed25519 BBBB\n");
        assert_eq!(named(output, host, port), expected);
    }
}

//! Rules about Git connections.

use url::Url;

use super::report::{Report, is_given};
use super::{pem, rules};
use crate::connection::Connection;
use crate::location::{has_userinfo, is_registry};

/// How a repository is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Https,
    Http,
    Ssh,
}

pub(super) fn check(connection: &Connection, report: &mut Report) {
    ssh_key(connection, report);
    if report.require(
        connection,
        "GIT_URL",
        "set it to the URL that `git clone` takes",
    ) {
        return;
    }
    let Some(url) = connection.read("GIT_URL") else {
        return;
    };
    let text = url.text.trim();
    let Some(transport) = transport(text) else {
        let message = "`GIT_URL` is not an https or ssh URL of a repository";
        let help = "write it as `https://host/path.git` or `ssh://git@host/path.git`";
        report.add(&rules::GIT_URL, "GIT_URL", message, help);
        return;
    };
    let is_login = transport != Transport::Ssh && has_userinfo(text);
    if is_login {
        let message = "`GIT_URL` holds a user name or password";
        let help = "move them to `GIT_USERNAME` and `GIT_PASSWORD` or `GIT_TOKEN`";
        report.add(&rules::GIT_USERINFO, "GIT_URL", message, help);
    }
    credentials(connection, transport, is_login, report);
}

fn transport(text: &str) -> Option<Transport> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return is_scp(text).then_some(Transport::Ssh);
    };
    let transport = match scheme {
        "https" => Transport::Https,
        "http" => Transport::Http,
        "ssh" | "git+ssh" => Transport::Ssh,
        _ => return None,
    };
    let has_path = rest
        .split_once('/')
        .is_some_and(|(_, path)| !path.is_empty());
    let is_url = !rest.starts_with('/') && Url::parse(text).is_ok_and(|url| url.has_host());
    (is_url && has_path && !text.contains(char::is_whitespace)).then_some(transport)
}

/// Whether the text is `user@host:path`, which only SSH knows. Git's `helper::address` form would
/// run a program, so a second colon is refused.
fn is_scp(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else {
        return false;
    };
    let bare = host.rsplit('@').next().unwrap_or(host);
    let is_path = !path.is_empty() && !path.starts_with([':', '-']);
    is_path && is_registry(bare) && !text.contains(char::is_whitespace)
}

fn credentials(connection: &Connection, transport: Transport, is_login: bool, report: &mut Report) {
    let has = |key| is_given(connection, key);
    let has_password = has("GIT_PASSWORD") || has("GIT_TOKEN");
    match transport {
        Transport::Ssh => {
            let help = "set it to the private key of the deploy key or account";
            report.require(connection, "ssh-privatekey", help);
            if !has("known_hosts") {
                let message = "without `known_hosts` the server's key cannot be checked";
                let help = "set it to what `ssh-keyscan` says, after comparing the fingerprint";
                report.add(&rules::KNOWN_HOSTS, "known_hosts", message, help);
            }
        }
        Transport::Http if has_password || is_login => {
            let message = "`GIT_URL` starts with `http://`, so the credentials travel in clear";
            report.add(&rules::GIT_PLAIN_HTTP, "GIT_URL", message, "use `https://`");
        }
        _ if has("GIT_USERNAME") && !has_password => {
            let help = "set it, or `GIT_TOKEN`, or remove `GIT_USERNAME`";
            report.missing(connection, "GIT_PASSWORD", help);
        }
        _ if !has_password && !is_login => {
            let message = "no credentials, so only a public repository can be read";
            let help = "for a private one set `GIT_TOKEN`, or `GIT_USERNAME` and `GIT_PASSWORD`";
            report.add(&rules::GIT_ANONYMOUS, "GIT_URL", message, help);
        }
        _ => {}
    }
}

fn ssh_key(connection: &Connection, report: &mut Report) {
    let field = "ssh-privatekey";
    let Some(text) = connection.value(field).and_then(|value| value.expose_str()) else {
        return;
    };
    if text.trim().is_empty() {
        return;
    }
    if !pem::has_frame(text, "PRIVATE KEY") {
        let message = match text.trim_start().starts_with("ssh-") {
            true => format!("`{field}` holds a public key"),
            false => format!("`{field}` has no PEM frame"),
        };
        let help = "store the private key's file with its `-----BEGIN` and `-----END` lines";
        report.add(&rules::PRIVATE_KEY, field, message, help);
    } else if !text.ends_with('\n') {
        let message = format!("`{field}` lacks its final line break; OpenSSH refuses such keys");
        report.add(
            &rules::GIT_KEY_NEWLINE,
            field,
            message,
            "add a line break at the end",
        );
    }
}

//! The systems that locations lead to: registries, Git servers, S3 services. Nothing is contacted.

use bowline_core::location::registry_root;
use url::Url;

use super::draft::Draft;
use super::record::{Member, Spec, Type};

/// Docker Hub's name in a registry login.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Whose host keys a Git connection needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeys {
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, when it is not 22.
    pub port: Option<u16>,
}

/// The Git server whose keys are to be fetched; `None` when the draft brings them, is no Git
/// connection, or does not use SSH.
pub fn host_keys(draft: &Draft) -> Option<HostKeys> {
    let is_wanted = draft.type_ == Type::Git.as_str() && !draft.has(Member::PublicKey);
    is_wanted.then(|| ssh(draft.text(Member::Uri))).flatten()
}

/// Reads `ssh://user@host:port/path` and `user@host:path`.
fn ssh(uri: &str) -> Option<HostKeys> {
    let (authority, may_have_port) = match uri.split_once("://") {
        Some(("ssh" | "git+ssh" | "ssh+git", rest)) => {
            (rest.split(['/', '?', '#']).next().unwrap_or(rest), true)
        }
        Some(_) => return None,
        None => (scp(uri)?, false),
    };
    let bare = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match bare.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => bare
            .split_once(':')
            .map_or((bare, None), |(host, port)| (host, Some(port))),
    };
    let port = match port.filter(|text| may_have_port && !text.is_empty()) {
        Some(text) => Some(text.parse().ok()?),
        None => None,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    // A name that starts with a hyphen would be an option to whoever is given it.
    let is_host = !host.is_empty() && !host.starts_with('-') && host.chars().all(is_plain);
    is_host.then(|| HostKeys {
        host: host.to_owned(),
        port: port.filter(|port| *port != 22),
    })
}

/// The part of `user@host:path` before the path; addresses in brackets have colons themselves.
fn scp(uri: &str) -> Option<&str> {
    let end = match uri.find(']') {
        Some(bracket) => bracket + uri[bracket..].find(':')?,
        None => uri.find([':', '/']).filter(|at| uri[..*at].contains('@'))?,
    };
    Some(&uri[..end])
}

/// The region in the name of a registry of Amazon; `None` when it is none.
pub(super) fn ecr_region(uri: &str) -> Option<&str> {
    let text = uri.strip_prefix("https://").unwrap_or(uri);
    let (account, rest) = text.split_once(".dkr.ecr")?;
    let (region, rest) = rest
        .strip_prefix("-fips")
        .unwrap_or(rest)
        .strip_prefix('.')?
        .split_once('.')?;
    let is_label = |label: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        label.starts_with(|c: char| c.is_ascii_alphanumeric()) && label.chars().all(is_word)
    };
    let is_amazon = rest.starts_with("amazonaws.com");
    (is_label(account) && is_label(region) && is_amazon).then_some(region)
}

/// The key under which a registry login has to stand.
pub(super) fn registry(uri: &str) -> Option<String> {
    let root = registry_root(uri);
    let host = root.split('/').next().unwrap_or_default();
    match host {
        "" => None,
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => Some(DOCKER_HUB.to_owned()),
        other => Some(other.to_owned()),
    }
}

/// Where a connection sends its secrets, for telling whether a change sends them elsewhere.
pub(super) fn destination(spec: &Spec) -> String {
    let uri = spec.text(Member::Uri);
    let place = match spec.type_ {
        Type::S3 => super::form::s3_endpoint(uri),
        Type::Docker | Type::Ecr => registry(uri),
        Type::Git => Some(git_host(uri)),
        // A service account's key and a SAS URL are bound to their place themselves.
        Type::Gcs | Type::AzureBlob => None,
    };
    format!("{} {}", spec.type_.protocol(), place.unwrap_or_default())
}

/// Where a Git connection leads to. A location that cannot be read leads to itself.
fn git_host(uri: &str) -> String {
    if let Some(HostKeys { host, port }) = ssh(uri) {
        return format!("{host}:{}", port.unwrap_or(22));
    }
    let origin = Url::parse(uri).map(|url| url.origin());
    match origin {
        Ok(origin) if origin.is_tuple() => origin.ascii_serialization(),
        _ => uri.to_owned(),
    }
}

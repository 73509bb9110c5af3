//! What may follow each scheme but `oci://`, which has a module of its own.

use url::Url;

use super::{Location, LocationError, part};

pub(super) fn web(scheme: &'static str, text: &str) -> Result<(String, String), LocationError> {
    // `https:///path` would otherwise be repaired into a host named `path`.
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    if rest.starts_with(['/', '\\', '?', '#']) || rest.is_empty() {
        return Err(part(scheme, "the host is missing"));
    }
    let url = Url::parse(text).map_err(|_| part(scheme, "host or port is malformed"))?;
    let host = url.host_str().unwrap_or_default();
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok((host, url.path().to_owned()))
}

pub(super) fn hugging_face(rest: &str) -> Result<Location, LocationError> {
    let (repository, revision) = match rest.split_once(':') {
        Some((repository, revision)) => (repository, Some(revision)),
        None => (rest, None),
    };
    if repository.split('/').count() != 2 {
        return Err(part("hf", "exactly an organisation and a name are needed"));
    }
    let is_name = |name: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !name.is_empty() && name.chars().all(is_plain) && !name.starts_with(['.', '-'])
    };
    if !repository.split('/').all(is_name) {
        return Err(part(
            "hf",
            "organisation or name is empty or has other than A-Za-z0-9._-",
        ));
    }
    if revision.is_some_and(|text| text.is_empty() || text.contains([':', '/'])) {
        return Err(part(
            "hf",
            "the revision behind the colon is empty or malformed",
        ));
    }
    Ok(Location::HuggingFace {
        repository: repository.to_owned(),
        revision: revision.map(str::to_owned),
    })
}

pub(super) fn pvc(rest: &str) -> Result<Location, LocationError> {
    let (claim, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !is_object_name(claim) {
        return Err(part(
            "pvc",
            "the claim's name is missing or not a Kubernetes name",
        ));
    }
    if path.split('/').any(|step| step == "..") {
        return Err(part("pvc", "the path leaves the volume with `..`"));
    }
    Ok(Location::Pvc {
        claim: claim.to_owned(),
        path: path.trim_matches('/').to_owned(),
    })
}

fn is_object_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.chars().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

pub(super) fn bucket(scheme: &'static str, rest: &str) -> Result<(String, String), LocationError> {
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    let bucket = authority.rsplit('@').next().unwrap_or(authority);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if bucket.is_empty() {
        return Err(part(scheme, "the bucket is missing"));
    }
    if !bucket.chars().all(is_plain) {
        return Err(part(
            scheme,
            "the bucket has other than letters, digits, `.`, `-`, `_`",
        ));
    }
    let key = key.split(['?', '#']).next().unwrap_or(key);
    Ok((bucket.to_owned(), key.to_owned()))
}

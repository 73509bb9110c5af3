//! `oci://registry/repository[:tag][@digest]`, by the rules of registries.

use super::{Location, LocationError, part};

pub(super) fn parse(rest: &str) -> Result<Location, LocationError> {
    let (registry, name) = rest.split_once('/').unwrap_or((rest, ""));
    let registry = registry.rsplit('@').next().unwrap_or(registry);
    if !is_registry(registry) {
        return Err(part(
            "oci",
            "the registry's host or port is missing or malformed",
        ));
    }
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    let (repository, tag) = match name.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (name, None),
    };
    if !repository.split('/').all(is_component) {
        return Err(part("oci", "the repository is missing or not lower case"));
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(part("oci", "the tag is malformed"));
    }
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err(part(
            "oci",
            "the digest is not like `sha256:` and 64 hexadecimal digits",
        ));
    }
    let reference = match (tag, digest) {
        (Some(tag), Some(digest)) => Some(format!("{tag}@{digest}")),
        (one, other) => one.or(other).map(str::to_owned),
    };
    Ok(Location::Oci {
        registry: registry.to_owned(),
        repository: repository.to_owned(),
        reference,
    })
}

/// Whether the text is a host with an optional port.
pub(crate) fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| {
        port.chars().all(|c| c.is_ascii_digit()) && port.parse().is_ok_and(|p: u16| p > 0)
    };
    let is_v6 = host.starts_with('[') && host.ends_with(']');
    let is_label = |label: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(is_plain) && !label.starts_with('-')
    };
    port.is_none_or(is_port) && (is_v6 || host.split('.').all(is_label))
}

fn is_component(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && text.chars().all(|c| is_plain(c) || "-_.".contains(c))
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == length
            && hex
                .chars()
                .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
    })
}

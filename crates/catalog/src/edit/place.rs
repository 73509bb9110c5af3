//! Whoever changes where a connection leads has to know its secrets: otherwise anybody who may edit
//! it could have them sent to a server of their own. So a change of host or type asks for them again.

use std::collections::BTreeSet;

use bowline_core::{Connection, Finding, Protocol, Recognition, Secret};
use url::Url;

use super::{Change, Subject};
use crate::draft::{error, has};
use crate::types::{ConnectionType, Field, FieldKind};
use crate::values::Stored;
use crate::values::encode::{Outcome, outcome};

/// Ends of keys whose values say where something is.
const PLACES: [&str; 11] = [
    "HOST", "HOSTNAME", "HOSTADDR", "ENDPOINT", "URL", "URL_STS", "URI", "SERVER", "ADDRESS",
    "ACCOUNT", "PORT",
];
/// Parts of keys whose values are secret, for keys that no field describes.
const SECRETS: [&str; 7] = [
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE",
];

/// A finding for each stored secret that must be typed again.
pub(super) fn check(subject: Subject<'_>, change: &Change, wanted: &Stored) -> Vec<Finding> {
    let Some(reason) = reason(subject, wanted) else {
        return Vec::new();
    };
    let types = || [subject.type_, subject.other_type].into_iter().flatten();
    let stored = &subject.secret.data;
    let is_secret = |key: &&String| has(stored, key) && is_secret(types(), key);
    let is_typed = |key: &str| {
        let field = types().find_map(|type_| type_.field(key));
        let given = change.values.get(key).map(|given| outcome(field, given));
        matches!(given, Some(Ok(Outcome::Set(_) | Outcome::Cleared)))
    };
    let asked = stored.keys().filter(is_secret).filter(|key| !is_typed(key));
    let finding = |key: &String| {
        let message = format!("`{key}` must be typed again, since {reason}");
        error(
            "retype-secret",
            key,
            message,
            "give the secret that belongs there, or remove it",
        )
    };
    asked.map(finding).collect()
}

fn reason(subject: Subject<'_>, wanted: &Stored) -> Option<String> {
    if subject.other_type.is_some() {
        return Some("the connection type changes".to_owned());
    }
    let secret = subject.secret;
    let keys: BTreeSet<&String> = secret.data.keys().chain(wanted.keys()).collect();
    let leads = |key: &&&String| says_where(subject.type_.and_then(|type_| type_.field(key)), key);
    let moved = keys.iter().filter(leads).find(|key| {
        let is_same =
            secret.data.get(**key).map(|v| v.expose()) == wanted.get(**key).map(|v| v.expose());
        !is_same && target(secret, key) != target(&with(secret, wanted), key)
    });
    moved.map(|key| format!("`{key}` now leads elsewhere"))
}

fn with(secret: &Secret, data: &Stored) -> Secret {
    Secret {
        data: data.clone(),
        ..secret.clone()
    }
}

fn upper(key: &str) -> String {
    key.to_ascii_uppercase().replace(['-', '.'], "_")
}

fn says_where(field: Option<&Field>, key: &str) -> bool {
    field.is_some_and(|field| field.kind == FieldKind::Uri)
        || PLACES.iter().any(|end| upper(key).ends_with(end))
}

/// Whether a key holds a secret: as its field says, as a protocol says, or by its name.
pub(crate) fn is_secret<'a>(
    mut types: impl Iterator<Item = &'a ConnectionType>,
    key: &str,
) -> bool {
    let of_protocol = Protocol::ALL
        .iter()
        .find_map(|protocol| protocol.field(key));
    let is_named = || SECRETS.iter().any(|part| upper(key).contains(part));
    match types.find_map(|type_| type_.field(key)) {
        Some(field) => field.is_secret() || of_protocol.is_some_and(|field| field.is_sensitive),
        None => of_protocol.map_or_else(is_named, |field| field.is_sensitive),
    }
}

/// Where a key leads: scheme and authority of a URL, the host of anything else. A setting may be
/// spelt otherwise, in an annotation of KServe's for example.
fn target(secret: &Secret, key: &str) -> Option<String> {
    let text = match Connection::from_secret(secret.clone()) {
        Recognition::Connection(connection) if key == "AWS_S3_ENDPOINT" => connection.endpoint(),
        Recognition::Connection(connection) => {
            connection.read(key).map(|reading| reading.text.to_owned())
        }
        Recognition::Candidate(_) | Recognition::Other(_) => secret.line(key).map(str::to_owned),
    };
    text.map(|text| authority(text.trim()))
}

fn authority(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once("://") {
        // What follows `hf://` is no host: the hub is always the same.
        if scheme == "hf" {
            return scheme.to_owned();
        }
        let url = Url::parse(text).ok();
        let host = url
            .as_ref()
            .and_then(|url| Some((url.host_str()?, url.port_or_known_default())));
        return match host {
            Some((host, port)) => format!("{scheme}://{}:{port:?}", host.to_ascii_lowercase()),
            None => format!("{scheme}://{rest}"),
        };
    }
    // `git@host:path`, `host:port/path`
    let end = if text.contains('@') {
        text.find([':', '/'])
    } else {
        text.find('/')
    };
    text[..end.unwrap_or(text.len())].to_ascii_lowercase()
}

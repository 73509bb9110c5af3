//! The order in which markers are looked at; reading the values behind them is left to `read`.

use super::spelling::signs;
use super::{Candidate, Connection, Marker, Recognition, quoted};
use crate::names;
use crate::protocol::Protocol;
use crate::secret::{DOCKER_CONFIG_JSON, PLATFORM_TYPES, Secret};

pub(super) fn recognise(secret: Secret) -> Recognition {
    let stated = Marker::STATED.into_iter().find_map(|marker| {
        let text = secret.annotation(marker.annotation()?)?;
        Some((marker, text.to_owned()))
    });
    if let Some((marker, text)) = stated {
        let protocol = marker.protocol(&text).or_else(|| guess(marker, &secret));
        return connection(secret, marker, protocol, Some(text));
    }
    if kserve_annotation(&secret).is_some() {
        return connection(secret, Marker::KServeAnnotations, Some(Protocol::S3), None);
    }
    candidate(secret)
}

/// The protocol of a connection type that every installation has.
pub(crate) fn protocol_of_type(name: &str) -> Option<Protocol> {
    match name {
        "s3" => Some(Protocol::S3),
        "uri-v1" => Some(Protocol::Uri),
        "oci-v1" => Some(Protocol::Oci),
        _ => None,
    }
}

/// KServe's first S3 annotation on the Secret.
pub(super) fn kserve_annotation(secret: &Secret) -> Option<&str> {
    let keys = secret
        .annotations
        .iter()
        .filter(|(_, value)| !value.is_empty());
    keys.map(|(key, _)| key.as_str())
        .find(|key| key.starts_with(names::KSERVE_S3_PREFIX))
}

/// A custom type says nothing by its name, so its keys may; a wrong protocol stays wrong.
fn guess(marker: Marker, secret: &Secret) -> Option<Protocol> {
    match marker {
        Marker::TypeRef | Marker::AlaudaTypeRef => signs(secret).map(|(protocol, _)| protocol),
        _ => None,
    }
}

fn connection(
    secret: Secret,
    marker: Marker,
    protocol: Option<Protocol>,
    stated: Option<String>,
) -> Recognition {
    let dialect = marker.dialect();
    Recognition::Connection(Box::new(Connection {
        secret,
        protocol,
        dialect,
        marker,
        stated,
    }))
}

fn candidate(secret: Secret) -> Recognition {
    if PLATFORM_TYPES.contains(&secret.type_.as_str()) {
        return Recognition::Other(secret);
    }
    let is_listed = secret
        .labels
        .get(names::DASHBOARD_LABEL)
        .is_some_and(|v| v == "true");
    let signs = signs(&secret);
    let protocol = signs.map(|(protocol, _)| protocol);
    let (marker, reason) = if secret.type_ == DOCKER_CONFIG_JSON {
        let reason = format!(
            "type `{DOCKER_CONFIG_JSON}` is a registry login, and no annotation makes it a connection"
        );
        (Marker::DockerConfig, reason)
    } else if is_listed {
        let reason = format!(
            "label `{}` is `true`, but no annotation names a type",
            names::DASHBOARD_LABEL
        );
        (Marker::DashboardLabel, reason)
    } else if let Some((protocol, keys)) = signs {
        let keys = keys
            .iter()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(" and ");
        let verb = if keys.contains(" and ") {
            "look"
        } else {
            "looks"
        };
        (
            Marker::KServeKeys,
            format!("{keys} {verb} like `{protocol}`, but no annotation says so"),
        )
    } else {
        return Recognition::Other(secret);
    };
    let help = annotate(
        &secret,
        names::PROTOCOL,
        protocol.map_or("<protocol>", Protocol::as_str),
    );
    Recognition::Candidate(Box::new(Candidate {
        secret,
        protocol,
        marker,
        reason,
        help,
    }))
}

/// The command that sets an annotation on a Secret.
pub(crate) fn annotate(secret: &Secret, key: &str, value: &str) -> String {
    command("annotate", secret, key, value)
}

/// The command that sets a label on a Secret.
pub(crate) fn label(secret: &Secret, key: &str, value: &str) -> String {
    command("label", secret, key, value)
}

/// The command that prints a Secret.
pub(crate) fn get(secret: &Secret) -> String {
    format!(
        "{} get secret {} -o yaml",
        kubectl(secret),
        bare(&secret.name)
    )
}

fn command(verb: &str, secret: &Secret, key: &str, value: &str) -> String {
    format!(
        "{} {verb} --overwrite secret {} {key}={value}",
        kubectl(secret),
        bare(&secret.name)
    )
}

/// The start of a command about a Secret.
fn kubectl(secret: &Secret) -> String {
    match secret.namespace.as_str() {
        "" => "kubectl".to_owned(),
        namespace => format!("kubectl -n {}", bare(namespace)),
    }
}

fn bare(text: &str) -> String {
    quoted(text).replace('`', "")
}

//! The location a connection stands for, as the text that goes into a workload. Parsing locations
//! in general is left to `crate::location`.

use super::{Connection, Denial};
use crate::location::{self, has_userinfo, join, registry_root};
use crate::protocol::Protocol;
use crate::secret::Secret;

/// The URI of a `uri` connection: `https-host` when that is a whole URL, else `URI`.
///
/// KServe knows `https-host` as a bare host name, which locates nothing, so `URI` wins over that.
pub(super) fn uri(secret: &Secret) -> Result<&str, Denial> {
    let deny = |text: String| Err(Denial::Forbidden(text));
    let name = &secret.name;
    let https_host = secret
        .line("https-host")
        .filter(|text| text.contains("://"));
    let uri = match https_host.or_else(|| secret.line("URI")) {
        Some(uri) => uri.trim(),
        None if secret.line("https-host").is_some() => {
            return deny(format!(
                "Secret `{name}` has a bare host name in `https-host`: put the whole location into `URI`"
            ));
        }
        None => return deny(format!("Secret `{name}` has no location: set key `URI`")),
    };
    if has_userinfo(uri) {
        return deny(format!(
            "Secret `{name}` has a login inside of `URI`, which would become readable in the \
             workload: move it to keys of its own"
        ));
    }
    match location::parse(uri) {
        Ok(_) => Ok(uri),
        Err(error) => deny(format!("Secret `{name}` has an unusable `URI`: {error}")),
    }
}

/// `s3://<bucket>/<path>`; the path must not be empty.
pub(super) fn s3(connection: &Connection<'_>) -> Result<String, Denial> {
    Ok(join("s3", bucket(connection.secret)?, &connection.path))
}

pub(super) fn bucket(secret: &Secret) -> Result<&str, Denial> {
    secret
        .line("AWS_S3_BUCKET")
        .map(str::trim)
        .filter(|bucket| !bucket.is_empty())
        .ok_or_else(|| {
            Denial::Forbidden(format!(
                "Secret `{}` names no bucket: set key `AWS_S3_BUCKET`",
                secret.name
            ))
        })
}

/// `oci://<host>/<path>`, where both are given.
pub(super) fn oci(connection: &Connection<'_>) -> Option<String> {
    let host = connection.secret.line("OCI_HOST")?;
    (!connection.path.is_empty()).then(|| join("oci", &registry_root(host), &connection.path))
}

/// Whether the registry login may be used to pull; a Secret that does not say may.
pub(super) fn may_pull(secret: &Secret) -> bool {
    let Some(text) = secret.line("ACCESS_TYPE").map(str::trim) else {
        return true;
    };
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(list) => list.is_empty() || list.iter().any(|access| access == "Pull"),
        Err(_) => text.split(',').any(|access| access.trim() == "Pull"),
    }
}

/// Whether a location that the user wrote lies in the connection's bucket or registry.
///
/// True also where the connection does not say, or where the scheme is one the connection has no
/// part in, such as a claim beside an S3 connection.
pub(super) fn is_of(connection: &Connection<'_>, location: &str) -> bool {
    let root = match connection.protocol {
        Protocol::S3 => bucket(connection.secret)
            .ok()
            .map(|bucket| join("s3", bucket, "")),
        Protocol::Oci => connection
            .secret
            .line("OCI_HOST")
            .map(|host| join("oci", &registry_root(host), "")),
        _ => None,
    };
    let Some(root) = root else { return true };
    let root = root.trim_end_matches('/');
    // Modes such as `oci+native://` name the same registry.
    let location =
        location
            .replacen("oci+native://", "oci://", 1)
            .replacen("oci+fetch://", "oci://", 1);
    location
        .strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

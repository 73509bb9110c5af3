//! The location a connection stands for, as the text that goes into a workload. Parsing locations
//! in general is left to `crate::location`.

use super::{Denial, Resolved};
use crate::connection::Connection;
use crate::location::{self, has_userinfo, join};
use crate::protocol::Protocol;

/// The URI of a `uri` connection, fit to be written into a workload.
pub(super) fn uri(connection: &Connection) -> Result<&str, Denial> {
    let deny = |text: String| Err(Denial::Forbidden(text));
    let name = &connection.secret.name;
    let Some(uri) = connection.uri() else {
        return deny(if connection.https_host().is_some() {
            format!(
                "Secret `{name}` has a bare host name in `https-host`: put the whole location into `URI`"
            )
        } else {
            format!("Secret `{name}` has no location: set key `URI`")
        });
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

/// `s3://<bucket>/<path>`, with the slash at the path's end if it has one: readers take what stands
/// there for the beginning of names.
pub(super) fn s3(resolved: &Resolved) -> Result<String, Denial> {
    let bucket = resolved.connection.bucket().ok_or_else(|| {
        Denial::Forbidden(format!(
            "Secret `{}` names no bucket: set key `AWS_S3_BUCKET`",
            resolved.connection.secret.name
        ))
    })?;
    let mut location = join("s3", bucket, &resolved.path);
    if resolved.path.ends_with('/') {
        location.push('/');
    }
    Ok(location)
}

/// `oci://<host>/<path>`, where both are given.
pub(super) fn oci(resolved: &Resolved) -> Option<String> {
    let registry = resolved.connection.registry()?;
    (!resolved.path.is_empty()).then(|| join("oci", &registry, &resolved.path))
}

/// Whether a location that the user wrote lies in the connection's bucket or registry.
///
/// True also where the connection does not say, or where the scheme is one the connection has no
/// part in, such as a claim beside an S3 connection.
pub(super) fn is_of(resolved: &Resolved, location: &str) -> bool {
    let connection = &resolved.connection;
    let root = match resolved.protocol {
        Protocol::S3 => connection.bucket().map(|bucket| join("s3", bucket, "")),
        Protocol::Oci => connection
            .registry()
            .map(|registry| join("oci", &registry, "")),
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

//! The location a connection stands for, as the text that goes into a workload. Parsing locations
//! in general is left to `crate::location`.

use super::{Denial, Resolved};
use crate::connection::{Connection, Reading};
use crate::location::{self, has_userinfo, join};
use crate::protocol::Protocol;

/// The URI of a `uri` connection, fit to be written into a workload.
pub(super) fn uri(connection: &Connection) -> Result<&str, Denial> {
    let deny = |text: String| Err(Denial::Forbidden(text));
    let name = &connection.secret.name;
    let Some(Reading { field, text: uri }) = connection.uri() else {
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
            "Secret `{name}` has a login inside of `{field}`, which would become readable in the \
             workload: move it to keys of its own"
        ));
    }
    match location::parse(uri) {
        Ok(_) => Ok(uri),
        Err(error) => deny(format!(
            "Secret `{name}` has an unusable `{field}`: {error}"
        )),
    }
}

/// `s3://<bucket>/<path>`, with the slash at the path's end if it has one: readers take what stands
/// there for the beginning of names.
pub(super) fn s3(resolved: &Resolved) -> Result<String, Denial> {
    let deny = |text: String| Err(Denial::Forbidden(text));
    let name = &resolved.connection.secret.name;
    let Some(bucket) = bucket(&resolved.connection) else {
        return deny(format!(
            "Secret `{name}` names no bucket: set key `AWS_S3_BUCKET`"
        ));
    };
    // It would make another part of the location the bucket.
    if bucket.contains(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c)) {
        return deny(format!(
            "Secret `{name}` has a bucket with a character that no bucket name has: set key \
             `AWS_S3_BUCKET` to the bare name"
        ));
    }
    let mut location = join("s3", bucket, &resolved.path);
    if resolved.path.ends_with('/') {
        location.push('/');
    }
    Ok(location)
}

/// The bucket, without blanks around it.
fn bucket(connection: &Connection) -> Option<&str> {
    let bucket = connection.bucket().map(str::trim);
    bucket.filter(|bucket| !bucket.is_empty())
}

/// `oci://<host>/<path>`, where both are given.
pub(super) fn oci(resolved: &Resolved) -> Option<String> {
    let registry = resolved.connection.registry()?;
    (!resolved.path.is_empty()).then(|| join("oci", &registry, &resolved.path))
}

/// Whether a location that the user wrote lies in the connection's bucket or registry.
///
/// True also where the connection does not say.
pub(super) fn is_of(resolved: &Resolved, location: &str) -> bool {
    let connection = &resolved.connection;
    let root = match resolved.protocol {
        Protocol::S3 => bucket(connection).map(|bucket| join("s3", bucket, "")),
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

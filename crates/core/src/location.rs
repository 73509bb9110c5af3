//! Locations of models and data (`s3://bucket/key`, `hf://org/name`, …): reading and building them;
//! fetching is left to others.
//!
//! A [`Location`] never holds credentials: a user name, password or query string in the text is
//! dropped, and [`has_userinfo`] and [`looks_signed`] say that there was one.

mod oci;
mod schemes;

pub(crate) use oci::is_registry;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use thiserror::Error;
use url::Url;

/// Schemes that some part of KServe downloads from, beyond those with a variant of [`Location`].
const OTHER_SCHEMES: [&str; 5] = ["file", "hdfs", "webhdfs", "oci+native", "oci+fetch"];
/// The schemes with a variant of [`Location`].
const SCHEMES: [&str; 7] = ["http", "https", "hf", "pvc", "oci", "s3", "gs"];

/// Where a model or a data set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `http://host[:port]/path`.
    Http {
        /// Host and port.
        host: String,
        /// Path with its leading slash.
        path: String,
    },
    /// `https://host[:port]/path`.
    Https {
        /// Host and port.
        host: String,
        /// Path with its leading slash.
        path: String,
    },
    /// `hf://organisation/name[:revision]`.
    HuggingFace {
        /// Organisation and name.
        repository: String,
        /// Branch, tag or commit.
        revision: Option<String>,
    },
    /// `pvc://claim/path`: the first part is the claim, not a namespace.
    Pvc {
        /// Name of the PersistentVolumeClaim.
        claim: String,
        /// Path below the volume's root, without a leading slash.
        path: String,
    },
    /// `oci://registry/repository[:tag][@digest]`.
    Oci {
        /// Host and port.
        registry: String,
        /// Repository.
        repository: String,
        /// Tag, digest, or both as `tag@digest`.
        reference: Option<String>,
    },
    /// `s3://bucket/key`.
    S3 {
        /// Bucket.
        bucket: String,
        /// Key or prefix; may be empty.
        key: String,
    },
    /// `gs://bucket/key`.
    Gs {
        /// Bucket.
        bucket: String,
        /// Key or prefix; may be empty.
        key: String,
    },
    /// A scheme that KServe knows and we do not look into.
    Other {
        /// The scheme.
        scheme: String,
    },
}

/// Why a text is not a location. Texts name the scheme at most, never the input.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LocationError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// No `scheme://` at the start.
    #[error("it has no scheme such as `s3://`")]
    NoScheme,
    /// A scheme that nobody reads.
    #[error("nobody reads this scheme{}", .nearest.map(|n| format!("; did you mean `{n}://`?")).unwrap_or_default())]
    UnknownScheme {
        /// The most similar known scheme.
        nearest: Option<&'static str>,
    },
    /// Blanks or control characters inside.
    #[error("it holds a blank or a control character")]
    Blank,
    /// A part is missing or has characters that it may not have.
    #[error("after `{scheme}://` {problem}")]
    Part {
        /// The scheme.
        scheme: &'static str,
        /// What is wrong with what follows.
        problem: &'static str,
    },
}

/// Reads a location.
///
/// # Errors
/// When the text is not one; the error says why without quoting it.
pub fn parse(text: &str) -> Result<Location, LocationError> {
    if text.is_empty() {
        return Err(LocationError::Empty);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(LocationError::Blank);
    }
    let (scheme, rest) = text.split_once("://").ok_or(LocationError::NoScheme)?;
    match scheme {
        "http" => schemes::web("http", text).map(|(host, path)| Location::Http { host, path }),
        "https" => schemes::web("https", text).map(|(host, path)| Location::Https { host, path }),
        "hf" => schemes::hugging_face(rest),
        "pvc" => schemes::pvc(rest),
        "oci" => oci::parse(rest),
        "s3" => schemes::bucket("s3", rest).map(|(bucket, key)| Location::S3 { bucket, key }),
        "gs" => schemes::bucket("gs", rest).map(|(bucket, key)| Location::Gs { bucket, key }),
        other if OTHER_SCHEMES.contains(&other) => Ok(Location::Other {
            scheme: other.to_owned(),
        }),
        other => Err(LocationError::UnknownScheme {
            nearest: nearest_scheme(other),
        }),
    }
}

/// Whether the text carries a user name or a password before its host.
///
/// People paste passwords as they are, so `user:pass/word@host` counts as well, which a strict
/// reader takes for a host `user` with a path.
pub fn has_userinfo(text: &str) -> bool {
    let authority = |rest: &str| {
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
        let has_port = |(_, port): (&str, &str)| port.bytes().all(|c| c.is_ascii_digit());
        let is_plain = authority.split_once(':').is_none_or(has_port);
        authority.contains('@') || (!is_plain && rest.contains('@'))
    };
    let by_hand = text
        .split_once("://")
        .is_some_and(|(_, rest)| authority(rest));
    // The URL standard also finds a login after odd slashes, as in `https:/\user@host`.
    let by_standard = |url: Url| !url.username().is_empty() || url.password().is_some();
    by_hand || Url::parse(text).is_ok_and(by_standard)
}

/// Whether the text carries a signature or token in its query, and so grants access by itself.
pub fn looks_signed(text: &str) -> bool {
    const SIGNATURES: [&str; 10] = [
        "x-amz-signature",
        "x-amz-credential",
        "x-amz-security-token",
        "x-goog-signature",
        "x-goog-credential",
        "awsaccesskeyid",
        "signature",
        "sig",
        "token",
        "access_token",
    ];
    let Some((_, query)) = text.split_once('?') else {
        return false;
    };
    url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| SIGNATURES.contains(&name.to_ascii_lowercase().as_str()))
}

/// Builds `scheme://root/path` with exactly one slash between all parts, whatever slashes and
/// blanks the parts bring.
pub fn join(scheme: &str, root: &str, path: &str) -> String {
    let parts = root
        .split('/')
        .chain(path.split('/'))
        .map(str::trim)
        .filter(|part| !part.is_empty());
    format!("{scheme}://{}", parts.collect::<Vec<_>>().join("/"))
}

/// A registry host as the root of a location: no scheme, login, blanks or outer slashes.
pub fn registry_root(host: &str) -> String {
    let host = host.trim();
    let host = host.split_once("://").map_or(host, |(_, rest)| rest);
    let parts: Vec<&str> = host
        .split('/')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let Some((authority, path)) = parts.split_first() else {
        return String::new();
    };
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    std::iter::once(&authority)
        .chain(path)
        .copied()
        .collect::<Vec<_>>()
        .join("/")
}

fn nearest_scheme(text: &str) -> Option<&'static str> {
    let known = SCHEMES.into_iter().chain(OTHER_SCHEMES);
    let lower = text.to_ascii_lowercase();
    let distance = |scheme: &&str| strsim::damerau_levenshtein(&lower, scheme);
    // Of two equally near ones the longer: `httsp` is a slip of `https`, not of `http`.
    let nearest = known.min_by_key(|scheme| (distance(scheme), Reverse(scheme.len())));
    nearest.filter(|scheme| distance(scheme) <= 1 + scheme.len() / 5)
}

fn part(scheme: &'static str, problem: &'static str) -> LocationError {
    LocationError::Part { scheme, problem }
}

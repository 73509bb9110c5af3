//! `.dockerconfigjson`: reading which registries it logs in to, without ever repeating what it
//! says; using the login is left to the kubelet and to probes.

mod host;
mod login;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use thiserror::Error;

pub use login::Login;

use crate::sensitive::Sensitive;

/// The registries that a docker config logs in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerConfig {
    /// Hosts, with a path where the login is for a part of the registry only; without scheme and
    /// in the order of the file.
    pub hosts: Vec<String>,
}

/// Why a docker config cannot be used. Entries are counted, since even a host may hold a login.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DockerConfigError {
    /// Not text.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// Not JSON.
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// No member `auths`, or it is not an object.
    #[error("it has no object `auths`{}", if *.has_helper { "; the kubelet runs no credential helpers" } else { "" })]
    NoAuths {
        /// Whether a credential store or helper is named instead.
        has_helper: bool,
    },
    /// An entry that is not an object.
    #[error("entry {entry} of `auths` is not an object")]
    EntryForm {
        /// Position, from 1.
        entry: usize,
    },
    /// An entry with nothing to log in with.
    #[error(
        "entry {entry} of `auths` has neither `auth` nor `username` and `password` nor a token"
    )]
    NoLogin {
        /// Position, from 1.
        entry: usize,
    },
    /// An `auth` that is not base64.
    #[error("`auth` in entry {entry} of `auths` is not base64")]
    AuthEncoding {
        /// Position, from 1.
        entry: usize,
    },
    /// An `auth` that does not hold a user and a password.
    #[error("`auth` in entry {entry} of `auths` is not the base64 of `user:password`")]
    AuthForm {
        /// Position, from 1.
        entry: usize,
    },
}

/// Reads a docker config.
///
/// # Errors
/// At the first step that fails: text, JSON, `auths`, then each entry in order.
pub fn parse(bytes: &[u8]) -> Result<DockerConfig, DockerConfigError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DockerConfigError::NotUtf8)?;
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| {
        DockerConfigError::NotJson {
            line: e.line(),
            column: e.column(),
        }
    })?;
    let auths = value
        .get("auths")
        .and_then(Value::as_object)
        .ok_or_else(|| {
            let has = |key| value.get(key).is_some();
            DockerConfigError::NoAuths {
                has_helper: has("credsStore") || has("credHelpers"),
            }
        })?;
    for (index, login) in auths.values().enumerate() {
        check(index + 1, login)?;
    }
    Ok(DockerConfig {
        hosts: auths.keys().map(|key| host::normal(key)).collect(),
    })
}

impl DockerConfig {
    /// Whether some entry logs in to a registry, given as host, optional port and optional path.
    ///
    /// An entry for a part of the registry counts when it covers the path or lies below it. All
    /// names of Docker Hub are the same, and `*` stands for a part of a host name, as for the
    /// kubelet.
    pub fn is_login_for(&self, host: &str) -> bool {
        let wanted = host::normal(host);
        self.hosts.iter().any(|entry| host::covers(entry, &wanted))
    }
}

fn check(entry: usize, login: &Value) -> Result<(), DockerConfigError> {
    let login = login
        .as_object()
        .ok_or(DockerConfigError::EntryForm { entry })?;
    let has = |key| text(login, key).is_some();
    match text(login, "auth") {
        Some(auth) => {
            let decoded = LENIENT
                .decode(auth)
                .map_err(|_| DockerConfigError::AuthEncoding { entry })?;
            let decoded = Sensitive::new(decoded);
            let is_pair = decoded.expose_str().is_some_and(|pair| pair.contains(':'));
            is_pair
                .then_some(())
                .ok_or(DockerConfigError::AuthForm { entry })
        }
        None if has("username") && has("password") => Ok(()),
        None if has("identitytoken") || has("registrytoken") => Ok(()),
        None => Err(DockerConfigError::NoLogin { entry }),
    }
}

fn text<'a>(login: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    login
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// Accepts base64 with and without padding, as the kubelet does.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

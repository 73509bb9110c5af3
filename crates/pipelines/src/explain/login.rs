//! Where a reader's keys come from.

use std::fmt;

use serde::{Serialize, Serializer};

/// Where a reader's keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A Secret of the reader's namespace.
    Secret(KeysIn),
    /// What the environment of its pod gives: a role, or an identity of the machine.
    Environment,
    /// The keys that it was built with.
    BuiltIn,
    /// Something that is not ours to repeat, such as keys typed in clear.
    Other,
}

/// Which keys of which Secret a reader uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysIn {
    /// The Secret.
    pub secret: String,
    /// The data key of the access key.
    pub access_key: String,
    /// The data key of the secret key.
    pub secret_key: String,
    /// The data key of a session token, where the reader takes one.
    pub session_token: Option<String>,
}

impl Login {
    /// A pair of keys of a Secret.
    pub(super) fn of(secret: &str, access_key: &str, secret_key: &str) -> Self {
        Self::Secret(KeysIn {
            secret: secret.to_owned(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            session_token: None,
        })
    }

    /// Without the names of the keys.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Secret(keys) => format!("Secret {}", keys.secret),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(keys) => write!(
                f,
                "Secret {} ({}, {})",
                keys.secret, keys.access_key, keys.secret_key
            ),
            Self::Environment => f.write_str("environment"),
            Self::BuiltIn => f.write_str("built-in"),
            Self::Other => f.write_str("other"),
        }
    }
}

impl Serialize for Login {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

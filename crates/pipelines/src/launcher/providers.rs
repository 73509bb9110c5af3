//! The `providers` text of a `kfp-launcher` ConfigMap, read as Go reads it: names in any letter case,
//! unknown ones ignored, numbers and booleans taken for text where text is asked for. What follows
//! from it is left to the parent.

use bowline_core::manifest::{self, ManifestError};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{ResolveError, Root};

/// The parameters that name a Secret.
pub(super) const SECRET_PARAMS: [&str; 4] =
    ["secretName", "accessKeyKey", "secretKeyKey", "tokenKey"];

/// What the text says about each scheme.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Providers {
    pub(super) minio: Option<Block>,
    pub(super) s3: Option<Block>,
    pub(super) gs: Option<Block>,
}

/// What it says about one scheme.
#[derive(Debug, Deserialize)]
pub(super) struct Block {
    pub(super) default: Option<Connection>,
    /// An empty list is something else than none.
    pub(super) overrides: Option<Vec<Override>>,
}

/// One store.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Connection {
    #[serde(default, deserialize_with = "text")]
    pub(super) endpoint: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) region: String,
    #[serde(rename = "disablessl")]
    pub(super) disable_ssl: Option<bool>,
    #[serde(rename = "forcepathstyle")]
    pub(super) force_path_style: Option<bool>,
    #[serde(rename = "maxretries")]
    pub(super) max_retries: Option<i64>,
    pub(super) credentials: Option<Credentials>,
}

/// Another store for a part of a bucket.
#[derive(Debug, Deserialize)]
pub(super) struct Override {
    #[serde(default, rename = "bucketname", deserialize_with = "text")]
    pub(super) bucket_name: String,
    #[serde(default, rename = "keyprefix", deserialize_with = "text")]
    pub(super) key_prefix: String,
    #[serde(flatten)]
    pub(super) connection: Connection,
}

/// Where the keys come from.
#[derive(Debug, Deserialize)]
pub(super) struct Credentials {
    #[serde(default, rename = "fromenv", deserialize_with = "flag")]
    pub(super) from_env: bool,
    #[serde(rename = "secretref")]
    pub(super) secret_ref: Option<SecretRef>,
}

/// A Secret of the run's namespace; never its values.
#[derive(Debug, Deserialize)]
pub(super) struct SecretRef {
    #[serde(default, rename = "secretname", deserialize_with = "text")]
    secret_name: String,
    #[serde(default, rename = "accesskeykey", deserialize_with = "text")]
    access_key_key: String,
    #[serde(default, rename = "secretkeykey", deserialize_with = "text")]
    secret_key_key: String,
    #[serde(default, rename = "tokenkey", deserialize_with = "text")]
    token_key: String,
}

impl Providers {
    pub(super) fn parse(yaml: &str) -> Result<Self, ResolveError> {
        let malformed = |reason: String| ResolveError::MalformedProviders(reason);
        let mut documents = match manifest::parse(yaml.as_bytes()) {
            Ok(documents) => documents.into_iter(),
            Err(ManifestError::NotAnObject { .. }) => {
                return Err(malformed("not a mapping".to_owned()));
            }
            Err(error) => return Err(malformed(error.to_string())),
        };
        // A text of comments only is an empty configuration; of several documents Go reads the first.
        let first = documents.next().unwrap_or(Value::Object(Map::new()));
        serde_json::from_value(in_small_letters(first))
            .map_err(|error| malformed(error.to_string()))
    }
}

impl Block {
    /// Whether KFP sees anything in it.
    pub(super) fn is_present(&self) -> bool {
        self.default.is_some() || self.overrides.is_some()
    }

    /// The first override that covers a root.
    pub(super) fn matching(&self, root: &Root<'_>) -> Option<&Override> {
        let covers = |over: &&Override| {
            over.bucket_name == root.bucket && root.prefix.starts_with(&over.key_prefix)
        };
        self.overrides.as_ref()?.iter().find(covers)
    }
}

impl SecretRef {
    pub(super) fn s3(&self) -> [(&'static str, String); 3] {
        [
            ("secretName", self.secret_name.clone()),
            ("accessKeyKey", self.access_key_key.clone()),
            ("secretKeyKey", self.secret_key_key.clone()),
        ]
    }

    pub(super) fn google(&self) -> [(&'static str, String); 2] {
        [
            ("secretName", self.secret_name.clone()),
            ("tokenKey", self.token_key.clone()),
        ]
    }
}

fn in_small_letters(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), in_small_letters(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(in_small_letters).collect(),
        scalar => scalar,
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        scalar @ (Value::Bool(_) | Value::Number(_)) => Ok(scalar.to_string()),
        Value::Array(_) | Value::Object(_) => Err(serde::de::Error::custom(
            "text is expected, not a list or a mapping",
        )),
    }
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

//! The `providers` text of a `kfp-launcher` ConfigMap, read as Go reads it: names in any letter case,
//! unknown ones ignored, numbers and booleans taken for text where text is asked for. What follows
//! from it is left to the parent.

use bowline_core::manifest::{self, ManifestError};
use serde_json::{Map, Value};

use super::{ResolveError, Root};

/// The parameters that name a Secret.
pub(super) const SECRET_PARAMS: [&str; 4] =
    ["secretName", "accessKeyKey", "secretKeyKey", "tokenKey"];

/// What the text says about each scheme.
#[derive(Debug, Default)]
pub(super) struct Providers {
    pub(super) minio: Option<Block>,
    pub(super) s3: Option<Block>,
    pub(super) gs: Option<Block>,
}

/// What it says about one scheme.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) default: Option<Connection>,
    /// An empty list is something else than none.
    pub(super) overrides: Option<Vec<Override>>,
}

/// One store.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) disable_ssl: Option<bool>,
    pub(super) force_path_style: Option<bool>,
    pub(super) max_retries: Option<i64>,
    pub(super) credentials: Option<Credentials>,
}

/// Another store for a part of a bucket.
#[derive(Debug)]
pub(super) struct Override {
    pub(super) bucket_name: String,
    pub(super) key_prefix: String,
    pub(super) connection: Connection,
}

/// Where the keys come from.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) from_env: bool,
    pub(super) secret_ref: Option<SecretRef>,
}

/// A Secret of the run's namespace; never its values.
#[derive(Debug)]
pub(super) struct SecretRef {
    secret_name: String,
    access_key_key: String,
    secret_key_key: String,
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
        let whole = in_small_letters(first);
        let whole = Part {
            path: String::new(),
            value: &whole,
        };
        Ok(Self {
            minio: whole.child("minio").mapping(Block::read)?,
            s3: whole.child("s3").mapping(Block::read)?,
            gs: whole.child("gs").mapping(Block::read)?,
        })
    }
}

impl Block {
    fn read(part: &Part<'_>) -> Result<Self, ResolveError> {
        Ok(Self {
            default: part.child("default").mapping(Connection::read)?,
            overrides: part.child("overrides").list(Override::read)?,
        })
    }

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

impl Connection {
    fn read(part: &Part<'_>) -> Result<Self, ResolveError> {
        Ok(Self {
            endpoint: part.child("endpoint").text()?,
            region: part.child("region").text()?,
            disable_ssl: part.child("disableSSL").truth()?,
            force_path_style: part.child("forcePathStyle").truth()?,
            max_retries: part.child("maxRetries").number()?,
            credentials: part.child("credentials").mapping(Credentials::read)?,
        })
    }
}

impl Override {
    fn read(part: &Part<'_>) -> Result<Self, ResolveError> {
        Ok(Self {
            bucket_name: part.child("bucketName").text()?,
            key_prefix: part.child("keyPrefix").text()?,
            connection: Connection::read(part)?,
        })
    }
}

impl Credentials {
    fn read(part: &Part<'_>) -> Result<Self, ResolveError> {
        Ok(Self {
            from_env: part.child("fromEnv").truth()?.unwrap_or_default(),
            secret_ref: part.child("secretRef").mapping(SecretRef::read)?,
        })
    }
}

impl SecretRef {
    fn read(part: &Part<'_>) -> Result<Self, ResolveError> {
        Ok(Self {
            secret_name: part.child("secretName").text()?,
            access_key_key: part.child("accessKeyKey").text()?,
            secret_key_key: part.child("secretKeyKey").text()?,
            token_key: part.child("tokenKey").text()?,
        })
    }

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

/// A part of the text, and where it stands; null where it is absent. Errors name the place and the
/// kind of what is there, never what is there: people write keys where their names belong.
struct Part<'a> {
    path: String,
    value: &'a Value,
}

impl Part<'_> {
    fn child(&self, name: &str) -> Part<'_> {
        let path = match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let value = &self.value[name.to_ascii_lowercase()];
        Part { path, value }
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, ResolveError> {
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a mapping",
        };
        let reason = format!("`{}` is {found} where {expected} is expected", self.path);
        Err(ResolveError::MalformedProviders(reason))
    }

    fn mapping<T>(
        &self,
        read: impl Fn(&Part<'_>) -> Result<T, ResolveError>,
    ) -> Result<Option<T>, ResolveError> {
        match self.value {
            Value::Null => Ok(None),
            Value::Object(_) => read(self).map(Some),
            _ => self.wrong("a mapping"),
        }
    }

    fn list<T>(
        &self,
        read: impl Fn(&Part<'_>) -> Result<T, ResolveError>,
    ) -> Result<Option<Vec<T>>, ResolveError> {
        let items = match self.value {
            Value::Null => return Ok(None),
            Value::Array(items) => items,
            _ => return self.wrong("a list"),
        };
        let item = |(index, value)| {
            let path = format!("{}[{index}]", self.path);
            let part = Part { path, value };
            match value {
                Value::Object(_) => read(&part),
                _ => part.wrong("a mapping"),
            }
        };
        items
            .iter()
            .enumerate()
            .map(item)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn text(&self) -> Result<String, ResolveError> {
        match self.value {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) => Ok(self.value.to_string()),
            Value::Array(_) | Value::Object(_) => self.wrong("text"),
        }
    }

    fn truth(&self) -> Result<Option<bool>, ResolveError> {
        match self.value {
            Value::Null => Ok(None),
            Value::Bool(truth) => Ok(Some(*truth)),
            _ => self.wrong("`true` or `false`"),
        }
    }

    fn number(&self) -> Result<Option<i64>, ResolveError> {
        match (self.value, self.value.as_i64()) {
            (Value::Null, _) => Ok(None),
            (_, Some(number)) => Ok(Some(number)),
            _ => self.wrong("a whole number"),
        }
    }
}

//! What KFP's driver and launcher make of a `kfp-launcher` ConfigMap and a pipeline root: the session
//! that a run stores as `store_session_info`, or the error that it dies of. What is worth saying about
//! it is left to [`notes`]; whether the store answers is left to the probe.
//!
//! The rules and the names of parameters are those of `backend/src/v2/config` and
//! `backend/src/v2/objectstore/config.go` in kubeflow/pipelines.

mod notes;
mod providers;
mod root;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bowline_core::manifest::{self, ManifestError};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::model::Release;
use crate::releases::{Ability, built_in_endpoint, kfp_can};

pub use notes::notes;
use providers::{Block, Connection, Override, Providers};
pub use root::Root;

/// The name of the ConfigMap.
const NAME: &str = "kfp-launcher";
/// The root of a run where neither the run nor the namespace names one.
pub const DEFAULT_ROOT: &str = "minio://mlpipeline/v2/artifacts";
/// The Secret of the built-in store, and its two keys.
pub const BUILT_IN_SECRET: &str = "mlpipeline-minio-artifact";
const BUILT_IN_KEYS: [&str; 2] = ["accesskey", "secretkey"];
/// Attempts of a request where nothing else is said.
const DEFAULT_RETRIES: i64 = 5;

/// The data of a `kfp-launcher` ConfigMap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LauncherConfig {
    /// `defaultPipelineRoot`; an empty one counts as absent.
    pub default_pipeline_root: Option<String>,
    /// `providers`, a YAML text; an empty one counts as absent.
    pub providers: Option<String>,
}

/// Where a run's artifacts are, and with whose keys: `store_session_info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Session {
    /// The scheme of the root.
    pub provider: String,
    /// Everything else, as text.
    pub params: BTreeMap<&'static str, String>,
}

/// Why the text is no `kfp-launcher` ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LauncherFileError {
    /// Neither YAML nor JSON.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// No object at all, as where the command before a pipe has failed.
    #[error("it is empty")]
    Empty,
    /// More than one object.
    #[error("{0} objects where one `kfp-launcher` ConfigMap or its data is expected")]
    NotOne(usize),
    /// A manifest of something else.
    #[error("a `{0}` where a ConfigMap is expected")]
    OtherKind(String),
    /// Something that says nothing to the launcher.
    #[error(
        "it has neither `defaultPipelineRoot` nor `providers`, and is not called `kfp-launcher`"
    )]
    Unknown,
    /// A value that no ConfigMap can hold.
    #[error("`{0}` is not text, which all data of a ConfigMap is; write it as a block: `{0}: |`")]
    NotText(&'static str),
}

/// What a run dies of.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// The root is not `SCHEME://BUCKET[/PATH][?QUERY]`.
    #[error("parse bucket config failed: unrecognized pipeline root format: {0:?}")]
    UnrecognizedRoot(String),
    /// The root's scheme is none that is known.
    #[error("parse bucket config failed: unsupported Cloud bucket: {0:?}")]
    UnsupportedBucket(String),
    /// A scheme that only KFP's own tests use.
    #[error("Encountered unsupported provider in provider config {0}")]
    UnsupportedProvider(&'static str),
    /// `providers` cannot be read.
    #[error(
        "failed to unmarshall kfp bucket providers, ensure that providers config is well formed: {0}"
    )]
    MalformedProviders(String),
    /// A block without `default.credentials`.
    #[error("invalid provider config: missing default credentials")]
    MissingDefaultCredentials,
    /// The matching override has no credentials.
    #[error("invalid provider config: missing override credentials")]
    MissingOverrideCredentials,
    /// The matching override has neither a Secret nor `fromEnv`.
    #[error("invalid provider config: missing override secretref")]
    MissingOverrideSecretRef,
    /// KFP follows a pointer to nowhere.
    #[error("runtime error: invalid memory address or nil pointer dereference: {0}")]
    NilPointer(&'static str),
}

impl ResolveError {
    /// One next action.
    pub fn help(&self) -> &'static str {
        match self {
            Self::UnrecognizedRoot(_)
            | Self::UnsupportedBucket(_)
            | Self::UnsupportedProvider(_) => {
                "write the root as `s3://BUCKET/PATH`, `minio://BUCKET/PATH` or `gs://BUCKET/PATH`"
            }
            Self::MalformedProviders(_) => {
                "see docs/reference/pipelines-releases.md for the form of `providers`"
            }
            Self::MissingDefaultCredentials => {
                "add `default.credentials`; it is needed as soon as `default` or `overrides` is there"
            }
            Self::MissingOverrideCredentials | Self::MissingOverrideSecretRef => {
                "give the override that covers the root `credentials` of its own"
            }
            Self::NilPointer(_) => "set what the message names",
        }
    }
}

impl LauncherConfig {
    /// Reads the manifest of the ConfigMap, or its bare data, in YAML or JSON.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &[u8]) -> Result<Self, LauncherFileError> {
        let mut objects = manifest::parse(text)?;
        let object = match (objects.pop(), objects.len()) {
            (None, _) => return Err(LauncherFileError::Empty),
            (Some(object), 0) => object,
            (Some(_), more) => return Err(LauncherFileError::NotOne(more + 1)),
        };
        let says = |data: &Value| {
            let keys = ["defaultPipelineRoot", "providers"];
            keys.iter().any(|key| data.get(key).is_some())
        };
        let (data, is_it) = match object.get("kind").and_then(Value::as_str) {
            None => {
                let data = object.get("data").filter(|it| it.is_object());
                (data.unwrap_or(&object), false)
            }
            // The ConfigMap itself need not say anything.
            Some("ConfigMap") => {
                let name = object.pointer("/metadata/name");
                (&object["data"], name.is_none_or(|name| name == NAME))
            }
            Some(other) => return Err(LauncherFileError::OtherKind(other.to_owned())),
        };
        match is_it || says(data) {
            true => Self::from_data(data),
            false => Err(LauncherFileError::Unknown),
        }
    }

    fn from_data(data: &Value) -> Result<Self, LauncherFileError> {
        let text = |key| match data.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(LauncherFileError::NotText(key)),
        };
        Ok(Self {
            default_pipeline_root: text("defaultPipelineRoot")?,
            providers: text("providers")?,
        })
    }

    /// The root of a run that names none of its own.
    pub fn root(&self) -> &str {
        self.default_pipeline_root
            .as_deref()
            .unwrap_or(DEFAULT_ROOT)
    }
}

/// What a release of KFP makes of the configuration and a root.
///
/// # Errors
/// What the run dies of, in KFP's words.
pub fn resolve(
    config: &LauncherConfig,
    root: &str,
    release: Release,
) -> Result<Session, ResolveError> {
    let root = Root::parse(root)?;
    let providers = match &config.providers {
        Some(text) if kfp_can(release, Ability::Providers) => Providers::parse(text)?,
        _ => Providers::default(),
    };
    let block = match root.scheme {
        "mem" => return Err(ResolveError::UnsupportedProvider("mem")),
        "minio" => providers.minio,
        "s3" => providers.s3,
        _ => providers.gs,
    };
    let block = block.filter(Block::is_present);
    let takes_query =
        root.scheme != "gs" && (kfp_can(release, Ability::Providers) || root.scheme == "s3");
    let params = match block {
        _ if root.has_query && takes_query => from_environment(),
        None if root.scheme == "minio" => built_in(release),
        None => from_environment(),
        Some(block) if root.scheme == "gs" => google(&block, &root)?,
        Some(block) => s3(&block, &root, release)?,
    };
    Ok(Session {
        provider: root.scheme.to_owned(),
        params,
    })
}

type Params = BTreeMap<&'static str, String>;

fn from_environment() -> Params {
    BTreeMap::from([("fromEnv", true.to_string())])
}

/// The store in the cluster that KFP brings, with the Secret that it makes in each namespace.
fn built_in(release: Release) -> Params {
    let mut params = BTreeMap::from([
        ("region", "minio".to_owned()),
        ("endpoint", built_in_endpoint(release).to_owned()),
        ("disableSSL", true.to_string()),
        ("fromEnv", false.to_string()),
        ("secretName", BUILT_IN_SECRET.to_owned()),
        ("accessKeyKey", BUILT_IN_KEYS[0].to_owned()),
        ("secretKeyKey", BUILT_IN_KEYS[1].to_owned()),
    ]);
    if kfp_can(release, Ability::MaxRetries) {
        params.insert("maxRetries", DEFAULT_RETRIES.to_string());
    }
    params
}

fn s3(block: &Block, root: &Root<'_>, release: Release) -> Result<Params, ResolveError> {
    let default = block.default.as_ref();
    let credentials = default.and_then(|it| it.credentials.as_ref());
    let (Some(default), Some(credentials)) = (default, credentials) else {
        return Err(ResolveError::MissingDefaultCredentials);
    };
    let mut params = connection(default, release);
    params.insert("fromEnv", credentials.from_env.to_string());
    if !credentials.from_env {
        let secret = credentials.secret_ref.as_ref();
        params.extend(secret.ok_or(NO_DEFAULT_SECRET)?.s3());
    }
    if let Some(over) = block.matching(root) {
        apply(&mut params, over, default, release)?;
    }
    Ok(params)
}

/// What KFP does not check before it reads it.
const NO_DEFAULT_SECRET: ResolveError =
    ResolveError::NilPointer("`default.credentials` has neither `fromEnv: true` nor a `secretRef`");
const NO_DEFAULT_RETRIES: ResolveError = ResolveError::NilPointer(
    "an override's `maxRetries` makes KFP read the default's, and there is none",
);

fn connection(default: &Connection, release: Release) -> Params {
    let mut params = BTreeMap::from([
        ("endpoint", default.endpoint.clone()),
        ("region", default.region.clone()),
        (
            "disableSSL",
            default.disable_ssl.unwrap_or(false).to_string(),
        ),
    ]);
    if kfp_can(release, Ability::ForcePathStyle) {
        let path_style = default.force_path_style.unwrap_or(true);
        params.insert("forcePathStyle", path_style.to_string());
    }
    if kfp_can(release, Ability::MaxRetries) {
        let retries = default.max_retries.unwrap_or(DEFAULT_RETRIES);
        params.insert("maxRetries", retries.to_string());
    }
    params
}

fn apply(
    params: &mut Params,
    over: &Override,
    default: &Connection,
    release: Release,
) -> Result<(), ResolveError> {
    let own = &over.connection;
    for (name, text) in [("endpoint", &own.endpoint), ("region", &own.region)] {
        if !text.is_empty() {
            params.insert(name, text.clone());
        }
    }
    if let Some(disable) = own.disable_ssl {
        params.insert("disableSSL", disable.to_string());
    }
    if let Some(force) = own
        .force_path_style
        .filter(|_| kfp_can(release, Ability::ForcePathStyle))
    {
        params.insert("forcePathStyle", force.to_string());
    }
    if own.max_retries.is_some() && kfp_can(release, Ability::MaxRetries) {
        let retries = default.max_retries.ok_or(NO_DEFAULT_RETRIES)?;
        params.insert("maxRetries", retries.to_string());
    }
    let credentials = own.credentials.as_ref();
    let credentials = credentials.ok_or(ResolveError::MissingOverrideCredentials)?;
    params.insert("fromEnv", credentials.from_env.to_string());
    if credentials.from_env {
        params.retain(|name, _| !providers::SECRET_PARAMS.contains(name));
    } else {
        let secret = credentials.secret_ref.as_ref();
        params.extend(secret.ok_or(ResolveError::MissingOverrideSecretRef)?.s3());
    }
    Ok(())
}

fn google(block: &Block, root: &Root<'_>) -> Result<Params, ResolveError> {
    let default = block
        .default
        .as_ref()
        .and_then(|it| it.credentials.as_ref());
    let default = default.ok_or(ResolveError::MissingDefaultCredentials)?;
    let (credentials, missing) = match block.matching(root) {
        // Without credentials KFP says the same as without a Secret, unlike for `s3`.
        Some(over) => match &over.connection.credentials {
            Some(own) => (own, ResolveError::MissingOverrideSecretRef),
            None => return Err(ResolveError::MissingOverrideSecretRef),
        },
        None => (default, NO_DEFAULT_SECRET),
    };
    // The default is read first, whichever is used.
    if !default.from_env && default.secret_ref.is_none() {
        return Err(NO_DEFAULT_SECRET);
    }
    let mut params = BTreeMap::from([("fromEnv", credentials.from_env.to_string())]);
    if !credentials.from_env {
        params.extend(credentials.secret_ref.as_ref().ok_or(missing)?.google());
    }
    Ok(params)
}

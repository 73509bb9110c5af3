//! What KServe and the kubelet make of an admitted workload and its namespace: the arguments,
//! variables and mounted files of the container that fetches the model, or why there is none.
//! Running such a container is left to `run`.
//!
//! These are other people's rules, written down as pure functions so that the tests can give
//! KServe's own storage code what its pod would get. Where each is from:
//! - [`serving`]: the InferenceService controller (`pkg/controller/v1beta1`, `components`) and the
//!   LLMInferenceService controller (`pkg/controller/v1alpha2/llmisvc/workload_storage.go`);
//! - `by_key`, `by_account`: the credential builder (`pkg/credentials`);
//! - `trust`: the CA bundle of the storage initializer (`pkg/webhook/admission/pod`);
//! - [`notebook`]: the kubelet.
//!
//! Left out is what no connection of ours brings about: roles of cloud accounts, other stores than
//! S3, `ClusterStorageContainer` resources, and `$(NAME)` inside of variables.

mod by_account;
mod by_key;
mod notebook;
pub mod run;
mod serving;
mod trust;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bowline_core::{Secret, Sensitive};

pub use notebook::notebook;
pub use serving::serving;

/// Variables of a container by name. Values may be secret.
pub type Variables = BTreeMap<String, Sensitive>;

/// Files by name.
pub type Files = BTreeMap<String, String>;

/// What a namespace holds, as far as fetching a model asks for it.
#[derive(Debug, Clone, Default)]
pub struct Namespace {
    /// Secrets by name.
    pub secrets: BTreeMap<String, Secret>,
    /// ServiceAccounts by name, each with the Secrets that it links.
    pub accounts: BTreeMap<String, Vec<String>>,
    /// ConfigMaps by name.
    pub config_maps: BTreeMap<String, Files>,
}

impl Namespace {
    fn secret(&self, name: &str) -> Result<&Secret, Stop> {
        let secret = self.secrets.get(name);
        secret.ok_or_else(|| Stop::NoSecret(name.to_owned()))
    }

    /// What a `secretKeyRef` resolves to.
    fn value(&self, secret: &str, key: &str) -> Result<Sensitive, Stop> {
        let value = self.secret(secret)?.value(key).cloned();
        value.ok_or_else(|| Stop::NoKey {
            secret: secret.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// How a KServe is built and configured, where that makes a difference to S3.
#[derive(Debug, Clone, Copy)]
pub struct KServe {
    /// Keys of the access key and of its secret in Secrets that an account links.
    login: (&'static str, &'static str),
    /// Whether `AWS_S3_ENDPOINT` of such a Secret is read, before any other.
    reads_aws_s3_endpoint: bool,
    /// ConfigMap and path of the CA bundle of S3 by accounts, where the cluster names one.
    ca_bundle: Option<(&'static str, &'static str)>,
}

/// Keys of the login that `inferenceservice-config` names, upstream and in Open Data Hub.
const CONFIGURED: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");

impl KServe {
    /// As kserve/kserve releases it.
    pub const UPSTREAM: Self = Self {
        login: CONFIGURED,
        reads_aws_s3_endpoint: false,
        ca_bundle: None,
    };
    /// As upstream, with a configuration that does not name the keys of a login.
    pub const UNCONFIGURED: Self = Self {
        login: ("awsAccessKeyID", "awsSecretAccessKey"),
        ..Self::UPSTREAM
    };
    /// As in Open Data Hub and OpenShift AI: a fork, and `config/overlays/odh`.
    pub const OPEN_DATA_HUB: Self = Self {
        login: CONFIGURED,
        reads_aws_s3_endpoint: true,
        ca_bundle: Some((
            "odh-kserve-custom-ca-bundle",
            "/etc/ssl/custom-certs/cabundle.crt",
        )),
    };
}

/// A container of a pod, as far as it matters for fetching.
#[derive(Debug, Clone, Default)]
pub struct Container {
    /// What is fetched. The second argument is always `/mnt/models`.
    pub source: String,
    /// Its variables, with references resolved.
    pub variables: Variables,
    /// Folders that ConfigMaps are mounted at, with what they hold.
    pub mounts: BTreeMap<String, Files>,
}

impl Container {
    fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.variables
            .insert(name.to_owned(), Sensitive::new(value));
    }

    /// A variable's text.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.expose_str()
    }
}

/// Why no container comes to run, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// KServe: a location and a path to complete are two answers to one question.
    #[error("`storageUri` and `storage.path` are both set")]
    TwoLocations,
    /// KServe: nothing is known of this scheme.
    #[error("`{0}` has a scheme that this kind does not fetch from")]
    Scheme(String),
    /// KServe: the Secret has no such entry.
    #[error("`{secret}` has no entry `{key}`")]
    NoEntry {
        /// The Secret that holds the entries.
        secret: String,
        /// The entry's name.
        key: String,
    },
    /// KServe: the entry is not a JSON object of strings.
    #[error("the entry `{0}` is not a JSON object of strings")]
    NotStrings(String),
    /// KServe: the entry's type is none of s3, hdfs, webhdfs.
    #[error("the storage type `{0}` is not supported")]
    Type(String),
    /// KServe: neither the entry nor the parameters say a type.
    #[error("neither entry nor parameters say what type of storage it is")]
    NoType,
    /// KServe: neither the entry nor the parameters say a bucket.
    #[error("neither entry nor parameters say which bucket")]
    NoBucket,
    /// Kubernetes: a Secret that is needed is not there.
    #[error("there is no Secret `{0}`")]
    NoSecret(String),
    /// Kubernetes: a Secret lacks a key that a variable refers to.
    #[error("Secret `{secret}` has no key `{key}`")]
    NoKey {
        /// The Secret.
        secret: String,
        /// The key.
        key: String,
    },
    /// Kubernetes: the pod's account is not there.
    #[error("there is no ServiceAccount `{0}`")]
    NoAccount(String),
    /// Kubernetes: a ConfigMap to mount is not there.
    #[error("there is no ConfigMap `{0}`")]
    NoConfigMap(String),
}

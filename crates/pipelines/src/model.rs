//! What all inputs become: one store, the layout of keys in its bucket, and who reaches it with which
//! credentials. Reading inputs is left to `deploykf`, `store_document`, `dspa` and `claim`; making
//! objects to `render`.

mod release;

use bowline_core::Sensitive;
use indexmap::IndexMap;
use serde_json::Value;

pub use release::{DeploykfRelease, Release, ReleaseError, Releases};

/// A whole installation of pipelines, as far as its object store is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// What tells it from others in the same cluster: namespace and name of the document, or
    /// `deploykf`.
    pub name: String,
    /// Where the data is.
    pub store: Store,
    /// What is stored where in the bucket.
    pub layout: Layout,
    /// How the parts that all profiles share sign in.
    pub backend: Credentials,
    /// The projects that run pipelines, in the order of the input.
    pub profiles: Vec<Profile>,
    /// How profiles sign in that the input does not list, [`PROFILE_NAME`] standing for theirs;
    /// `None` where nobody else is served.
    pub others: Option<Credentials>,
    /// Prefix of the names of `Profile` objects (deployKF's `profileNamePrefix`); their namespaces
    /// and everything about pipelines go without it.
    pub profile_prefix: String,
    /// Where the shared parts run.
    pub namespaces: Namespaces,
    /// The accounts of the shared parts.
    pub accounts: Accounts,
    /// The MinIO that deployKF runs, when it is the store.
    pub embedded: Option<EmbeddedMinio>,
    /// Keys of the backend that the input holds as text.
    pub typed_keys: Option<TypedKeys>,
    /// What is installed.
    pub releases: Releases,
    /// What only deployKF has.
    pub deploykf: DeploykfOptions,
    /// The pipeline server of Open Data Hub that the store is for, in place of a whole Kubeflow.
    pub server: Option<PipelineServer>,
}

/// A pipeline server of Open Data Hub or OpenShift AI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineServer {
    /// The name of its DataSciencePipelinesApplication.
    pub name: String,
    /// The namespace of everything that it has.
    pub namespace: String,
}

/// An object store and the bucket in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// How it is reached.
    pub endpoint: Endpoint,
    /// Region; empty when the input names none.
    pub region: String,
    /// The one bucket for everything.
    pub bucket: String,
    /// Where the bucket's name goes in a request.
    pub addressing: Addressing,
    /// The authority that signed the store's certificate, when it is a private one.
    pub ca: Option<CaSource>,
    /// Whose store it is.
    pub vendor: Vendor,
    /// A path in the bucket under which everything lies (DSPA's `basePath`); empty for none.
    pub base_path: String,
}

/// Host, port and TLS of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host as the input has it.
    pub host: String,
    /// The port, when the input names one.
    pub port: Option<u16>,
    /// Whether the store is reached over TLS.
    pub tls: bool,
}

impl Endpoint {
    /// `host`, or `host:port` when there is a port.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// `https://host[:port]`, or `http://` without TLS.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// The port as text; empty when there is none.
    pub fn port_text(&self) -> String {
        self.port.map(|port| port.to_string()).unwrap_or_default()
    }

    /// Whether deployKF takes the host for one of Amazon's: it looks for `s3`, then `amazonaws`, any
    /// letter, then `com`, anywhere in the host.
    pub fn is_aws(&self) -> bool {
        let after_s3 = self.host.split_once("s3").map(|(_, rest)| rest);
        after_s3.is_some_and(|rest| {
            rest.match_indices("amazonaws").any(|(at, word)| {
                let mut rest = rest[at + word.len()..].chars();
                rest.next().is_some() && rest.as_str().starts_with("com")
            })
        })
    }
}

/// Where the bucket's name goes in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Addressing {
    /// Each client decides by the host.
    #[default]
    Auto,
    /// In the path.
    Path,
    /// In the host's name.
    Virtual,
}

impl Addressing {
    /// The word of a `PipelineStore` document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Path => "path",
            Self::Virtual => "virtual",
        }
    }
}

/// A Secret or ConfigMap that holds a certificate authority, in every namespace that needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaSource {
    /// Whether it is a Secret; else a ConfigMap.
    pub is_secret: bool,
    /// Its name.
    pub name: String,
    /// The key that holds the PEM text.
    pub key: String,
}

/// Whose store it is; recognised by its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// Amazon S3.
    Aws,
    /// Google Cloud Storage through its XML API.
    Gcs,
    /// Azure Blob Storage behind S3Proxy.
    Azure,
    /// Alibaba Cloud OSS.
    Alibaba,
    /// IBM Cloud Object Storage.
    Ibm,
    /// MinIO.
    Minio,
    /// Ceph's RADOS gateway.
    Ceph,
    /// Wasabi.
    Wasabi,
    /// Cloudflare R2.
    R2,
    /// OpenShift Data Foundation (NooBaa).
    Odf,
    /// SeaweedFS.
    Seaweed,
    /// One that the host does not tell.
    Unknown,
}

/// What is stored where in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Argo's template of keys, for artifacts of v1 and logs of every run.
    pub artifacts_key_format: String,
    /// deployKF's template of the root of v2 artifacts, with its placeholders.
    pub pipeline_root: String,
    /// Where pipeline definitions lie; fixed in Kubeflow Pipelines.
    pub pipelines_prefix: String,
}

/// The namespace's placeholder in Argo's template of keys.
pub const WORKFLOW_NAMESPACE: &str = "{{ workflow.namespace }}";
/// deployKF's placeholder for a profile's name.
pub const PROFILE_NAME: &str = "{profile_name}";
/// deployKF's template of keys.
pub const DEFAULT_KEY_FORMAT: &str = "artifacts/{{ workflow.namespace }}/{{ workflow.name }}/{{ workflow.creationTimestamp.Y }}/{{ workflow.creationTimestamp.m }}/{{ workflow.creationTimestamp.d }}/{{ pod.name }}";
/// deployKF's root of v2 artifacts, from v0.1.5 on.
pub const DEFAULT_PIPELINE_ROOT: &str = "{scheme}://{bucket_name}/v2/artifacts/{profile_name}?region={bucket_region}&endpoint={endpoint}&disableSSL={not_use_ssl}&s3ForcePathStyle=true";
/// deployKF's root of v2 artifacts up to v0.1.4.
pub const OLD_PIPELINE_ROOT: &str = "minio://{bucket_name}/v2/artifacts/{profile_name}";

impl Layout {
    /// The path of the v2 root inside of the bucket, still with placeholders: no scheme, no bucket,
    /// no query, no slash at either end.
    pub fn root_path(&self) -> &str {
        let root = self.pipeline_root.split('?').next().unwrap_or_default();
        let rest = root.split_once("://").map_or(root, |(_, rest)| rest);
        rest.split_once('/')
            .map_or("", |(_, path)| path.trim_end_matches('/'))
    }

    /// The path of a profile's v2 root inside of the bucket.
    pub fn root_path_of(&self, profile: &str) -> String {
        self.root_path().replace(PROFILE_NAME, profile)
    }
}

/// How somebody signs in to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// With a pair of keys from a Secret.
    Keys(SecretRef),
    /// With what the environment of the pod gives: IRSA or workload identity.
    Environment,
}

impl Credentials {
    /// The Secret, if there is one.
    pub fn keys(&self) -> Option<&SecretRef> {
        match self {
            Self::Keys(secret) => Some(secret),
            Self::Environment => None,
        }
    }

    /// The same with a profile's name in the place of [`PROFILE_NAME`].
    #[must_use]
    pub fn of_profile(&self, profile: &str) -> Self {
        match self {
            Self::Keys(secret) => Self::Keys(SecretRef {
                name: secret.name.replace(PROFILE_NAME, profile),
                ..secret.clone()
            }),
            Self::Environment => Self::Environment,
        }
    }
}

/// A Secret with a pair of keys, and the names under which it holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The data key of the access key.
    pub access_key_key: String,
    /// The data key of the secret key.
    pub secret_key_key: String,
    /// The data key of a session token, where there is one.
    pub session_token_key: Option<String>,
}

/// A pair of keys that an input holds as text.
#[derive(Debug, Clone)]
pub struct TypedKeys {
    /// The access key.
    pub access_key: Sensitive,
    /// The secret key.
    pub secret_key: Sensitive,
}

impl PartialEq for TypedKeys {
    fn eq(&self, other: &Self) -> bool {
        self.access_key.expose() == other.access_key.expose()
            && self.secret_key.expose() == other.secret_key.expose()
    }
}

/// A project that runs pipelines.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The email of its owner, where the input names one.
    pub owner: Option<String>,
    /// Its name, which is that of its namespace.
    pub name: String,
    /// How its pods sign in.
    pub credentials: Credentials,
    /// Entries of `Profile.spec.plugins`.
    pub plugins: Vec<Value>,
    /// Annotations of the account that its pods run as.
    pub annotations: IndexMap<String, String>,
    /// Who has access to it.
    pub members: Vec<Member>,
}

impl Profile {
    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.name
    }
}

/// Somebody's access to a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user's email.
    pub user: String,
    /// What they may do.
    pub role: Role,
}

/// What a member may do; the greater one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read.
    View,
    /// Read, write and delete.
    Edit,
}

/// Where the parts that all profiles share run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespaces {
    /// The API server and the UI.
    pub kubeflow: String,
    /// Argo's controller and server.
    pub argo: String,
    /// The embedded MinIO.
    pub minio: String,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self {
            kubeflow: "kubeflow".to_owned(),
            argo: "kubeflow-argo-workflows".to_owned(),
            minio: "deploykf-minio".to_owned(),
        }
    }
}

/// The ServiceAccounts of the shared parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// The API server's.
    pub api_server: Account,
    /// The UI's.
    pub frontend: Account,
    /// The Argo controller's.
    pub argo_controller: Account,
    /// The Argo server's.
    pub argo_server: Account,
}

/// A ServiceAccount of a shared part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whether it is ours to make.
    pub create: bool,
    /// Its name.
    pub name: String,
    /// Its annotations.
    pub annotations: IndexMap<String, String>,
}

impl Account {
    /// One that is made, without annotations.
    pub fn new(name: &str) -> Self {
        Self {
            create: true,
            name: name.to_owned(),
            annotations: IndexMap::new(),
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            api_server: Account::new("ml-pipeline"),
            frontend: Account::new("ml-pipeline-ui"),
            argo_controller: Account::new("argo-workflow-controller"),
            argo_server: Account::new("argo-server"),
        }
    }
}

/// The MinIO that deployKF runs, as far as pipelines are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedMinio {
    /// Whether each user gets a policy named by their email (`policyClaim: email`).
    pub has_user_policies: bool,
}

/// What only deployKF has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeploykfOptions {
    /// The old fix for v2 runs on the embedded store, up to v0.1.4.
    pub minio_fix: bool,
    /// The image of launchers; empty for the default.
    pub launcher_image: String,
    /// The image of drivers, from v0.1.5 on.
    pub driver_image: String,
    /// The image of launchers in v2-compatible runs of SDK 1.x, from v0.1.5 on.
    pub v2_compatible_launcher_image: String,
    /// The image of the UI.
    pub frontend_image: String,
    /// The image of the visualization server.
    pub visualization_image: String,
    /// Whether each profile gets the PodDefault with a token for the API server.
    pub has_api_token_pod_default: bool,
}

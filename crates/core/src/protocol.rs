//! The protocols a connection can speak and the fields each has; reading them from a Secret is
//! left to `connection`, judging them to `validate`.

use std::fmt;
use std::str::FromStr;

/// How the data behind a connection is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// S3-compatible object storage.
    S3,
    /// A model or data set named by one URI.
    Uri,
    /// An OCI registry, reached with a docker config.
    Oci,
    /// Google Cloud Storage with a service-account key.
    Gcs,
    /// Azure Blob storage.
    Azure,
    /// A Git repository over SSH or HTTPS.
    Git,
}

/// One key of a connection Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in the Secret.
    pub key: &'static str,
    /// Whether the connection cannot work without it.
    pub is_required: bool,
    /// Whether the value may never be shown.
    pub is_sensitive: bool,
    /// What readers assume when the key is absent.
    pub default: Option<&'static str>,
}

impl Protocol {
    /// All protocols, in the order in which people are shown them.
    pub const ALL: [Self; 6] = [
        Self::S3,
        Self::Uri,
        Self::Oci,
        Self::Gcs,
        Self::Azure,
        Self::Git,
    ];

    /// The text used in annotations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Uri => "uri",
            Self::Oci => "oci",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
            Self::Git => "git",
        }
    }

    /// The fields of this protocol, required ones first.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::S3 => S3,
            Self::Uri => URI,
            Self::Oci => OCI,
            Self::Gcs => GCS,
            Self::Azure => AZURE,
            Self::Git => GIT,
        }
    }

    /// The field behind a key of this protocol.
    pub fn field(self, key: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.key == key)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a protocol; matching is exact, as the peers' is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a protocol; known are s3, uri, oci, gcs, azure, git")]
pub struct UnknownProtocol(pub String);

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.as_str() == text)
            .ok_or_else(|| UnknownProtocol(text.to_owned()))
    }
}

const fn required(key: &'static str) -> Field {
    Field {
        key,
        is_required: true,
        is_sensitive: false,
        default: None,
    }
}
const fn optional(key: &'static str) -> Field {
    Field {
        key,
        is_required: false,
        is_sensitive: false,
        default: None,
    }
}
impl Field {
    const fn sensitive(mut self) -> Self {
        self.is_sensitive = true;
        self
    }
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

const S3: &[Field] = &[
    required("AWS_ACCESS_KEY_ID"),
    required("AWS_SECRET_ACCESS_KEY").sensitive(),
    required("AWS_S3_ENDPOINT"),
    required("AWS_S3_BUCKET"),
    optional("AWS_DEFAULT_REGION").or("us-east-1"),
    optional("AWS_SESSION_TOKEN").sensitive(),
    optional("AWS_ROLE_ARN"),
    optional("AWS_WEB_IDENTITY_TOKEN").sensitive(),
    optional("AWS_ENDPOINT_URL_STS"),
    optional("AWS_S3_USE_PATH_STYLE"),
    optional("AWS_S3_VERIFY_SSL").or("true"),
    optional("AWS_CA_BUNDLE"),
];
const URI: &[Field] = &[
    required("URI"),
    optional("https-host"),
    optional("headers").sensitive(),
    optional("HF_TOKEN").sensitive(),
    optional("HF_ENDPOINT"),
];
const OCI: &[Field] = &[
    required(".dockerconfigjson").sensitive(),
    optional("OCI_HOST"),
    optional("ACCESS_TYPE"),
];
const GCS: &[Field] = &[
    required("gcloud-application-credentials.json").sensitive(),
    optional("GCS_BUCKET"),
    optional("GOOGLE_CLOUD_PROJECT"),
];
const AZURE: &[Field] = &[
    required("AZURE_STORAGE_ACCOUNT"),
    optional("AZURE_STORAGE_ACCESS_KEY").sensitive(),
    optional("AZURE_STORAGE_SAS_TOKEN").sensitive(),
    optional("AZURE_STORAGE_CONNECTION_STRING").sensitive(),
    optional("AZURE_CLIENT_ID"),
    optional("AZURE_TENANT_ID"),
    optional("AZURE_CLIENT_SECRET").sensitive(),
    optional("AZURE_CONTAINER"),
];
const GIT: &[Field] = &[
    required("GIT_URL"),
    optional("GIT_USERNAME"),
    optional("GIT_PASSWORD").sensitive(),
    optional("GIT_TOKEN").sensitive(),
    optional("ssh-privatekey").sensitive(),
    optional("known_hosts"),
    optional("GIT_REF"),
];

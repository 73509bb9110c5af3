//! What ODAHU calls a connection, as values; reading and writing it is left to the other modules.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bowline_core::{Protocol, Sensitive};
use jiff::Timestamp;

/// What kind of system a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// S3-compatible object storage.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob storage, reached with a SAS URL.
    AzureBlob,
    /// A Git repository.
    Git,
    /// A container registry with user and password.
    Docker,
    /// Amazon's container registry.
    Ecr,
}

impl Type {
    /// All types, in the order in which ODAHU names them.
    pub const ALL: [Self; 6] = [
        Self::S3,
        Self::Gcs,
        Self::AzureBlob,
        Self::Git,
        Self::Docker,
        Self::Ecr,
    ];

    /// The text of `spec.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::AzureBlob => "azureblob",
            Self::Git => "git",
            Self::Docker => "docker",
            Self::Ecr => "ecr",
        }
    }

    /// What the rest of the field calls it.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::S3 => Protocol::S3,
            Self::Gcs => Protocol::Gcs,
            Self::AzureBlob => Protocol::Azure,
            Self::Git => Protocol::Git,
            Self::Docker | Self::Ecr => Protocol::Oci,
        }
    }

    /// The type of a connection that says nothing but its protocol.
    pub(super) fn of(protocol: Protocol) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.protocol() == protocol)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of s3, gcs, azureblob, git, docker, ecr")]
pub struct UnknownType;

impl FromStr for Type {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or(UnknownType)
    }
}

/// A member of `spec` other than `type` and `vital`; in the order in which answers list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// Where the system is.
    Uri,
    /// AWS region; for `gcs` a region or a project.
    Region,
    /// Registry user.
    Username,
    /// Registry password.
    Password,
    /// Role to take on.
    Role,
    /// AWS access key.
    KeyId,
    /// AWS secret key, service account key, SAS URL or SSH key.
    KeySecret,
    /// The `known_hosts` text of a Git server.
    PublicKey,
    /// Branch, tag or commit.
    Reference,
    /// Free text.
    Description,
    /// A link for people.
    WebUiLink,
}

impl Member {
    /// All members.
    pub const ALL: [Self; 11] = [
        Self::Uri,
        Self::Region,
        Self::Username,
        Self::Password,
        Self::Role,
        Self::KeyId,
        Self::KeySecret,
        Self::PublicKey,
        Self::Reference,
        Self::Description,
        Self::WebUiLink,
    ];
    /// Those that travel as base64, in the order in which they are judged.
    pub const ENCODED: [Self; 4] = [
        Self::Password,
        Self::KeySecret,
        Self::KeyId,
        Self::PublicKey,
    ];

    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uri => "uri",
            Self::Region => "region",
            Self::Username => "username",
            Self::Password => "password",
            Self::Role => "role",
            Self::KeyId => "keyID",
            Self::KeySecret => "keySecret",
            Self::PublicKey => "publicKey",
            Self::Reference => "reference",
            Self::Description => "description",
            Self::WebUiLink => "webUILink",
        }
    }

    /// Whether it travels as base64.
    pub fn is_encoded(self) -> bool {
        Self::ENCODED.contains(&self)
    }

    /// Whether ordinary answers hide it.
    pub const fn is_masked(self) -> bool {
        matches!(self, Self::Password | Self::KeyId | Self::KeySecret)
    }
}

/// What a connection says. Members that are empty are not there.
///
/// Even a location may hold a password, so all members are [`Sensitive`].
#[derive(Debug, Clone)]
pub struct Spec {
    /// What kind of system it leads to.
    pub type_: Type,
    /// Whether it may not be deleted.
    pub is_vital: bool,
    members: BTreeMap<Member, Sensitive>,
}

impl Spec {
    /// A connection that says nothing yet.
    pub fn new(type_: Type) -> Self {
        Self {
            type_,
            is_vital: false,
            members: BTreeMap::new(),
        }
    }

    /// Sets a member; an empty value takes it away.
    pub fn set(&mut self, member: Member, value: Sensitive) {
        if value.is_empty() {
            self.members.remove(&member);
        } else {
            self.members.insert(member, value);
        }
    }

    /// Sets a member, for building one in a row.
    #[must_use]
    pub fn with(mut self, member: Member, value: Option<&Sensitive>) -> Self {
        if let Some(value) = value {
            self.set(member, value.clone());
        }
        self
    }

    /// A member that is there.
    pub fn get(&self, member: Member) -> Option<&Sensitive> {
        self.members.get(&member)
    }

    /// A member as text; empty when it is not there, or not text.
    pub fn text(&self, member: Member) -> &str {
        self.get(member)
            .and_then(Sensitive::expose_str)
            .unwrap_or_default()
    }

    /// Whether a member is there.
    pub fn has(&self, member: Member) -> bool {
        self.members.contains_key(&member)
    }

    /// Whether a member is the same in both.
    pub(super) fn agrees(&self, other: &Self, member: Member) -> bool {
        self.get(member).map(Sensitive::expose) == other.get(member).map(Sensitive::expose)
    }
}

/// What nothing in ODAHU-flow 1.6.1 ever fills, but what it keeps when a client sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Name of a Secret.
    pub secret_name: Option<String>,
    /// Name of a ServiceAccount.
    pub service_account: Option<String>,
}

/// A connection with its name and times.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its only key, and the name of its Secret.
    pub id: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What it says.
    pub spec: Spec,
    /// What the platform says.
    pub status: Status,
}

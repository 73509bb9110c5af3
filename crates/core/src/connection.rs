//! Recognising a connection in a Secret, whatever dialect wrote it; judging its fields is left to
//! `validate`, using it in a workload to `plan`.
//!
//! An annotation that somebody wrote on purpose makes a [`Connection`]: the field's type
//! annotations and KServe's `serving.kserve.io/s3-*`. What merely looks like one (known keys, a
//! registry login, the dashboard's label) makes a [`Candidate`], because such Secrets are often
//! meant for something else.

mod access;
mod quote;
mod read;
mod recognise;
mod spelling;

#[cfg(test)]
mod tests;

use std::fmt;

pub use access::{Access, AccessError};
pub(crate) use quote::quoted;
pub use read::Reading;
pub(crate) use read::flag;
pub(crate) use recognise::{annotate, get, label, protocol_of_type};
pub use spelling::canonical;

use crate::names;
use crate::protocol::Protocol;
use crate::secret::Secret;

/// Whose annotations and keys a Secret uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Open Data Hub and OpenShift AI.
    OpenDataHub,
    /// Alauda AI.
    Alauda,
    /// KServe's own annotations and keys.
    KServe,
    /// A registry login as `docker` and the kubelet know it.
    Docker,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenDataHub => "opendatahub",
            Self::Alauda => "alauda",
            Self::KServe => "kserve",
            Self::Docker => "docker",
        })
    }
}

/// What made a Secret count as a connection or as a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marker {
    /// [`names::PROTOCOL`].
    Protocol,
    /// [`names::TYPE_REF`].
    TypeRef,
    /// [`names::LEGACY_TYPE`]; no model is served by it.
    LegacyType,
    /// [`names::ALAUDA_PROTOCOL`].
    AlaudaProtocol,
    /// [`names::ALAUDA_TYPE_REF`].
    AlaudaTypeRef,
    /// An annotation that starts with [`names::KSERVE_S3_PREFIX`].
    KServeAnnotations,
    /// Keys that KServe's credential builder or a connection type knows; candidates only.
    KServeKeys,
    /// The Secret's type; candidates only.
    DockerConfig,
    /// [`names::DASHBOARD_LABEL`] without a type; candidates only.
    DashboardLabel,
}

impl Marker {
    /// The markers that are one annotation, strongest first. The legacy type comes last: admission
    /// does not go by it, and so it must not win over what admission goes by.
    pub const STATED: [Self; 5] = [
        Self::Protocol,
        Self::TypeRef,
        Self::AlaudaProtocol,
        Self::AlaudaTypeRef,
        Self::LegacyType,
    ];

    /// Whether admission goes by this marker when it ties a connection into what serves models.
    pub const fn is_served_by(self) -> bool {
        matches!(self, Self::Protocol | Self::TypeRef | Self::AlaudaProtocol)
    }

    /// The dialect that uses this marker.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Protocol | Self::TypeRef | Self::LegacyType | Self::DashboardLabel => {
                Dialect::OpenDataHub
            }
            Self::AlaudaProtocol | Self::AlaudaTypeRef => Dialect::Alauda,
            Self::KServeAnnotations | Self::KServeKeys => Dialect::KServe,
            Self::DockerConfig => Dialect::Docker,
        }
    }

    /// The annotation behind the marker; `None` when it is not a single one.
    pub fn annotation(self) -> Option<&'static str> {
        Self::STATED.contains(&self).then(|| self.as_field())
    }

    /// The protocol that the marker's text names by itself, in this marker's vocabulary.
    pub fn protocol(self, text: &str) -> Option<Protocol> {
        match self {
            Self::Protocol | Self::AlaudaProtocol => text.parse().ok(),
            Self::TypeRef | Self::AlaudaTypeRef => protocol_of_type(text),
            Self::LegacyType => (text == "s3").then_some(Protocol::S3),
            _ => None,
        }
    }

    /// What findings about the marker point at.
    pub const fn as_field(self) -> &'static str {
        match self {
            Self::KServeAnnotations => names::KSERVE_S3_PREFIX,
            Self::KServeKeys => "data",
            Self::DockerConfig => "type",
            Self::DashboardLabel => names::DASHBOARD_LABEL,
            Self::Protocol => names::PROTOCOL,
            Self::TypeRef => names::TYPE_REF,
            Self::LegacyType => names::LEGACY_TYPE,
            Self::AlaudaProtocol => names::ALAUDA_PROTOCOL,
            Self::AlaudaTypeRef => names::ALAUDA_TYPE_REF,
        }
    }
}

/// A Secret that says it is a connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The Secret itself.
    pub secret: Secret,
    /// How the data is reached; `None` for a type that neither the marker nor the keys explain.
    pub protocol: Option<Protocol>,
    /// Whose annotations and keys it uses.
    pub dialect: Dialect,
    /// What made it a connection.
    pub marker: Marker,
    /// The marker's text as written; `None` when the marker is not one annotation.
    pub stated: Option<String>,
}

/// A Secret that could be a connection if somebody said so.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The Secret itself.
    pub secret: Secret,
    /// What its keys look like.
    pub protocol: Option<Protocol>,
    /// What made it a candidate.
    pub marker: Marker,
    /// Why it is listed, and why it is not a connection.
    pub reason: String,
    /// The one annotation that makes it a connection, as a command.
    pub help: String,
}

/// What a Secret is to Bowline.
#[derive(Debug, Clone)]
pub enum Recognition {
    /// A connection.
    Connection(Box<Connection>),
    /// It could be one.
    Candidate(Box<Candidate>),
    /// Something else: an account token, a certificate, a Helm release.
    Other(Secret),
}

impl Connection {
    /// Says what a Secret is.
    ///
    /// The first marker that is present and not empty decides, in the order of [`Marker`]: a wrong
    /// protocol never falls back to a good reference.
    pub fn from_secret(secret: Secret) -> Recognition {
        recognise::recognise(secret)
    }

    /// Which marker made this a connection, as one sentence without a full stop.
    pub fn why(&self) -> String {
        let Some(annotation) = self.marker.annotation() else {
            let first =
                recognise::kserve_annotation(&self.secret).unwrap_or(names::KSERVE_S3_PREFIX);
            return format!(
                "annotation {} belongs to KServe's S3 dialect",
                quoted(first)
            );
        };
        let stated = quoted(self.stated.as_deref().unwrap_or_default());
        match (self.is_protocol_stated(), self.protocol) {
            (false, Some(protocol)) => {
                format!(
                    "annotation `{annotation}` says {stated}, and its keys look like `{protocol}`"
                )
            }
            _ => format!("annotation `{annotation}` says {stated}"),
        }
    }

    /// Whether the marker itself says which protocol it is, so that readers need not look at keys.
    pub fn is_protocol_stated(&self) -> bool {
        let stated = self.stated.as_deref().unwrap_or_default();
        match self.marker {
            Marker::KServeAnnotations => true,
            marker => marker.protocol(stated).is_some(),
        }
    }

    /// The name that people gave it, or else the Secret's name.
    pub fn display_name(&self) -> &str {
        [names::DISPLAY_NAME, names::ALAUDA_DISPLAY_NAME]
            .into_iter()
            .find_map(|key| self.secret.annotation(key))
            .unwrap_or(&self.secret.name)
    }

    /// The description that people gave it.
    pub fn description(&self) -> Option<&str> {
        self.secret.annotation(names::DESCRIPTION)
    }
}

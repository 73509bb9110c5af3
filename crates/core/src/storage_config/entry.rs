//! One S3 connection as KServe's storage code reads it from `STORAGE_CONFIG`: a JSON object of
//! strings, without what that code does not know.
//!
//! What it knows: <https://github.com/kserve/kserve/tree/master/python/storage>. It has no word
//! for the addressing style, a session token or the text of a CA bundle, so those are [`Gap`]s.

use std::fmt;

use serde::Serialize;

use crate::ca_bundle;
use crate::connection::{Candidate, Connection, Recognition};
use crate::names;
use crate::protocol::Protocol;
use crate::secret::Secret;
use crate::sensitive::Sensitive;

/// What KServe and its readers assume as well.
const DEFAULT_REGION: &str = "us-east-1";

/// An entry of `storage-config`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The JSON text.
    pub json: Sensitive,
    /// What the connection says and an entry cannot.
    pub gaps: Vec<Gap>,
}

/// A setting of a connection for which entries have no word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The bucket belongs into the host name; with an endpoint, KServe puts it into the path.
    VirtualHosting,
    /// Temporary keys need their token.
    SessionToken,
    /// The CA bundle is text, or a path that is meant for other containers.
    CaBundle,
}

/// A sentence about the connection, without a full stop.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VirtualHosting => {
                "it wants the bucket in the host name, and KServe puts it into the path; \
                 use an endpoint that answers to both"
            }
            Self::SessionToken => {
                "KServe does not pass `AWS_SESSION_TOKEN` on; use a lasting access key"
            }
            Self::CaBundle => {
                "KServe does not pass `AWS_CA_BUNDLE` on; put the certificates into the \
                 ConfigMap `odh-trusted-ca-bundle`, key `ca-bundle.crt`"
            }
        })
    }
}

/// Empty settings are left out: readers take an empty text for a value.
#[derive(Serialize)]
struct Json<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_access_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<&'a str>,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_ssl: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_bundle: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cabundle_configmap: Option<&'a str>,
}

impl Entry {
    /// The entry of a Secret; `None` when it is no S3 connection.
    ///
    /// A Secret whose keys look like S3 counts as well: whoever asks has seen it used or labelled.
    /// `has_bundle` says whether the namespace has a CA bundle for KServe ([`ca_bundle::NAME`]).
    pub fn of(secret: Secret, has_bundle: bool) -> Option<Self> {
        s3(secret).map(|connection| Self::of_connection(&connection, has_bundle))
    }

    fn of_connection(connection: &Connection, has_bundle: bool) -> Self {
        let is_given = |text: &&str| !text.is_empty();
        let own = |key| connection.read(key).map(|reading| reading.text);
        let endpoint = connection.endpoint();
        // Without an endpoint it is AWS, which speaks HTTPS.
        let is_https = endpoint
            .as_ref()
            .is_none_or(|url| url.starts_with("https://"));
        let trust = Trust::of(connection, has_bundle && endpoint.is_some() && is_https);
        let is_anonymous = connection.is_anonymous();
        let secret_key = connection.secret_access_key().filter(|_| !is_anonymous);
        let json = Json {
            r#type: "s3",
            access_key_id: connection.access_key_id().filter(|_| !is_anonymous),
            secret_access_key: secret_key.as_ref().and_then(Sensitive::expose_str),
            endpoint_url: endpoint.as_deref(),
            bucket: connection.bucket().map(str::trim).filter(is_given),
            region: connection
                .region()
                .map(str::trim)
                .filter(is_given)
                .unwrap_or(DEFAULT_REGION),
            verify_ssl: (!connection.verify_ssl()).then_some("0"),
            anonymous: is_anonymous.then_some("true"),
            ca_bundle: trust.path,
            cabundle_configmap: trust.config_map,
        };
        let needs_host = connection.use_path_style() == Some(false) && endpoint.is_some();
        let has_token = !is_anonymous && own("AWS_SESSION_TOKEN").is_some();
        let loses_bundle = trust.is_lost && is_https && connection.verify_ssl();
        let gaps = [
            needs_host.then_some(Gap::VirtualHosting),
            has_token.then_some(Gap::SessionToken),
            loses_bundle.then_some(Gap::CaBundle),
        ];
        let text = serde_json::to_vec(&json).expect("strings serialise");
        Self {
            json: Sensitive::new(text),
            gaps: gaps.into_iter().flatten().collect(),
        }
    }
}

/// Where KServe's container finds the certificates that it trusts.
struct Trust<'a> {
    path: Option<&'a str>,
    config_map: Option<&'a str>,
    is_lost: bool,
}

impl<'a> Trust<'a> {
    /// KServe stops when a path does not exist, so only a path that was written for KServe is
    /// passed on: `AWS_CA_BUNDLE` as a key names a file in workbenches. A ConfigMap is mounted
    /// elsewhere than such a path says, so one of them has to do.
    fn of(connection: &'a Connection, has_bundle: bool) -> Self {
        let annotation = |key| connection.secret.annotation(key).map(str::trim);
        let named = annotation(names::KSERVE_S3_CA_BUNDLE_CONFIGMAP);
        let path = annotation(names::KSERVE_S3_CA_BUNDLE).filter(|_| named.is_none());
        let joined = (has_bundle && path.is_none()).then_some(ca_bundle::NAME);
        let config_map = named.or(joined);
        let is_given = connection.ca_bundle().is_some();
        Self {
            path,
            config_map,
            is_lost: is_given && path.is_none() && config_map.is_none(),
        }
    }
}

/// The S3 connection that a Secret is or looks like.
pub(super) fn s3(secret: Secret) -> Option<Connection> {
    let connection = match Connection::from_secret(secret) {
        Recognition::Connection(connection) => *connection,
        Recognition::Candidate(candidate) => {
            let Candidate {
                secret,
                protocol,
                marker,
                ..
            } = *candidate;
            Connection {
                secret,
                protocol,
                dialect: marker.dialect(),
                marker,
                stated: None,
            }
        }
        Recognition::Other(_) => return None,
    };
    (connection.protocol == Some(Protocol::S3)).then_some(connection)
}

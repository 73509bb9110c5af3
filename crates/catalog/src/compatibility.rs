//! What a connection can be used for, and by whom: compatibility tags by protocol and keys, what
//! OpenShift AI's own dashboard would miss, and why no model can be served from it. Everything here
//! looks at keys and annotations, so that values are not needed.

use bowline_core::{Connection, Marker, Protocol, names};
use serde::{Deserialize, Serialize};

use crate::types::ConnectionType;

/// What makes an S3 connection complete for OpenShift AI.
pub const S3_KEYS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_S3_ENDPOINT",
    "AWS_S3_BUCKET",
];
const URI_KEYS: [&str; 1] = ["URI"];
const OCI_KEYS: [&str; 2] = [".dockerconfigjson", "OCI_HOST"];

/// A way in which a model can be served from a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// S3 compatible object storage.
    S3,
    /// URI.
    Uri,
    /// OCI compliant registry.
    Oci,
}

impl Tag {
    /// All tags, in the order in which people are shown them.
    pub const ALL: [Self; 3] = [Self::S3, Self::Uri, Self::Oci];

    /// What people are shown.
    pub const fn caption(self) -> &'static str {
        match self {
            Self::S3 => "S3 compatible object storage",
            Self::Uri => "URI",
            Self::Oci => "OCI compliant registry",
        }
    }

    const fn protocol(self) -> Protocol {
        match self {
            Self::S3 => Protocol::S3,
            Self::Uri => Protocol::Uri,
            Self::Oci => Protocol::Oci,
        }
    }
}

/// The keys by which a type or a Secret fits a protocol. Region never counts.
pub const fn keys_of(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::S3 => &S3_KEYS,
        Protocol::Uri => &URI_KEYS,
        Protocol::Oci => &OCI_KEYS,
        Protocol::Gcs => &["gcloud-application-credentials.json"],
        Protocol::Azure => &["AZURE_STORAGE_ACCOUNT"],
        Protocol::Git => &["GIT_URL"],
    }
}

/// The tags of a type, by the keys of its fields.
pub fn tags_of_type(type_: &ConnectionType) -> Vec<Tag> {
    let fits = |tag: &Tag| type_.has_all(keys_of(tag.protocol()));
    Tag::ALL.into_iter().filter(fits).collect()
}

/// The tags of a connection: its protocol and its keys count, whatever its labels say. A registry
/// login that may only push serves no model.
pub fn tags(connection: &Connection) -> Vec<Tag> {
    let fits = |tag: &Tag| {
        let has_keys = || {
            keys_of(tag.protocol())
                .iter()
                .all(|key| has_key(connection, key))
        };
        let is_one = connection.protocol == Some(tag.protocol()) || has_keys();
        is_one && (*tag != Tag::Oci || connection.access().pull)
    };
    Tag::ALL.into_iter().filter(fits).collect()
}

/// Whether models can be pushed to it: a registry login that is not for pulling only.
pub fn is_push_target(connection: &Connection) -> bool {
    let has_keys = || OCI_KEYS.iter().all(|key| has_key(connection, key));
    (connection.protocol == Some(Protocol::Oci) || has_keys()) && connection.access().push
}

/// Something that OpenShift AI's own dashboard needs and does not find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Without [`names::DASHBOARD_LABEL`] it is not listed.
    DashboardLabel,
    /// Without a type annotation of its own dialect it is not listed.
    TypeAnnotation,
    /// Without [`names::PROTOCOL`] no workload gets it.
    Protocol,
    /// Without [`names::MANAGED_LABEL`] an S3 connection has no tag and cannot be deployed from.
    ManagedLabel,
    /// Without [`names::LEGACY_TYPE`] an S3 connection has no tag and cannot be deployed from.
    LegacyType,
    /// Without a bucket an S3 connection is not offered for deployments.
    Bucket,
    /// Without an endpoint an S3 connection is not offered for deployments.
    Endpoint,
    /// It is spelt in KServe's keys, which the dashboard shows as extra fields and does not use.
    Keys,
    /// It is a registry login that may only push.
    PushOnly,
}

impl Missing {
    /// What is missing, and what follows from that.
    pub const fn message(self) -> &'static str {
        match self {
            Self::DashboardLabel => {
                "label `opendatahub.io/dashboard: \"true\"` is missing, so it is not listed"
            }
            Self::TypeAnnotation => {
                "annotation `opendatahub.io/connection-type-ref` is missing, so it is not listed"
            }
            Self::Protocol => {
                "annotation `opendatahub.io/connection-type-protocol` is missing, so no workload gets it"
            }
            Self::ManagedLabel => {
                "label `opendatahub.io/managed: \"true\"` is missing, so models cannot be deployed from it"
            }
            Self::LegacyType => {
                "annotation `opendatahub.io/connection-type: s3` is missing, so models cannot be deployed from it"
            }
            Self::Bucket => "`AWS_S3_BUCKET` is missing, so models cannot be deployed from it",
            Self::Endpoint => "`AWS_S3_ENDPOINT` is missing, so models cannot be deployed from it",
            Self::Keys => "its keys are spelt as KServe's, so it shows no values for its fields",
            Self::PushOnly => {
                "`ACCESS_TYPE` allows pushing only, so models cannot be deployed from it"
            }
        }
    }
}

/// What OpenShift AI's own dashboard would miss; empty when it can do everything with it.
pub fn missing(connection: &Connection) -> Vec<Missing> {
    let secret = &connection.secret;
    let is_labelled = |key: &str| secret.labels.get(key).is_some_and(|value| value == "true");
    let has = |key: &str| secret.annotation(key).is_some();
    let mut missing = Vec::new();
    let mut unless = |is_there: bool, what: Missing| {
        if !is_there {
            missing.push(what);
        }
    };
    unless(is_labelled(names::DASHBOARD_LABEL), Missing::DashboardLabel);
    unless(
        has(names::TYPE_REF) || has(names::LEGACY_TYPE),
        Missing::TypeAnnotation,
    );
    let is_servable = connection
        .protocol
        .is_some_and(|p| Tag::ALL.iter().any(|tag| tag.protocol() == p));
    unless(!is_servable || has(names::PROTOCOL), Missing::Protocol);
    match connection.protocol {
        Some(Protocol::S3) => {
            unless(is_labelled(names::MANAGED_LABEL), Missing::ManagedLabel);
            let is_s3 = secret.annotation(names::LEGACY_TYPE) == Some("s3");
            unless(is_s3, Missing::LegacyType);
            let is_spelt = |key: &str| secret.data.contains_key(key);
            unless(is_spelt("AWS_S3_BUCKET"), Missing::Bucket);
            unless(has_key(connection, "AWS_S3_ENDPOINT"), Missing::Endpoint);
            let is_foreign = ["awsAccessKeyID", "awsSecretAccessKey", "S3_ENDPOINT"]
                .into_iter()
                .any(is_spelt);
            unless(!is_foreign, Missing::Keys);
        }
        Some(Protocol::Oci) => unless(connection.access().pull, Missing::PushOnly),
        _ => {}
    }
    missing
}

/// Why no model can be served from a connection; empty when nothing stands in the way. Each text is
/// a reason with what to do about it.
pub fn not_deployable(connection: &Connection) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut say = |reason: &str| reasons.push(reason.to_owned());
    let Some(protocol) = connection.protocol else {
        say("its protocol is not known; set annotation `opendatahub.io/connection-type-protocol`");
        return reasons;
    };
    match protocol {
        Protocol::S3 => {
            if !has_key(connection, "AWS_S3_BUCKET") {
                say("it has no bucket; set `AWS_S3_BUCKET`");
            }
            if !may_sign_in(connection) {
                say(
                    "it has no keys; set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or \
                     `AWS_ROLE_ARN`, or annotation `serving.kserve.io/s3-useanoncredential: \"true\"`",
                );
            }
        }
        Protocol::Uri if !has_key(connection, "URI") && !has_key(connection, "https-host") => {
            say("it names no location; set `URI`");
        }
        Protocol::Oci => {
            if !connection.access().pull {
                say("it may only push; add `Pull` to `ACCESS_TYPE`");
            }
            let is_login = connection.secret.type_ == bowline_core::secret::DOCKER_CONFIG_JSON;
            if !is_login || !has_key(connection, ".dockerconfigjson") {
                say("it is no pull secret; create it again with `.dockerconfigjson`");
            }
        }
        Protocol::Uri => {}
        Protocol::Gcs | Protocol::Azure | Protocol::Git => {
            say(&format!(
                "models are served from s3, uri and oci, and it is `{protocol}`"
            ));
        }
    }
    // Admission looks at these, in this order; the legacy annotation does not count.
    let stated = [Marker::Protocol, Marker::TypeRef, Marker::AlaudaProtocol]
        .into_iter()
        .find_map(|marker| Some((marker, connection.secret.annotation(marker.annotation()?)?)));
    let is_seen = stated.is_some_and(|(marker, text)| marker.protocol(text).is_some());
    if reasons.is_empty() && !is_seen {
        reasons.push(format!(
            "no annotation says its protocol to workloads; set `{}: {protocol}`",
            names::PROTOCOL
        ));
    }
    reasons
}

/// Whether a model's pod finds out who it is at an S3 store, or that it need be nobody.
fn may_sign_in(connection: &Connection) -> bool {
    let anonymous = connection.secret.annotation(names::KSERVE_S3_ANONYMOUS);
    let is_anonymous = anonymous.is_some_and(|text| ["1", "true"].contains(&text));
    let pair = &S3_KEYS[..2];
    is_anonymous
        || has_key(connection, "AWS_ROLE_ARN")
        || pair.iter().all(|key| has_key(connection, key))
}

/// Whether a setting is there, in any spelling, as text or not.
fn has_key(connection: &Connection, key: &str) -> bool {
    connection.secret.data.contains_key(key)
        || connection.value(key).is_some()
        || connection.read(key).is_some()
}

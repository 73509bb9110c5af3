//! One setting, many spellings: which keys and annotations of other dialects stand for a key of
//! ours, and which keys give a protocol away.

use crate::names;
use crate::protocol::Protocol;
use crate::secret::Secret;

/// Where a setting may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A key of the Secret's data.
    Key(&'static str),
    /// An annotation of the Secret.
    Annotation(&'static str),
}

use Source::{Annotation, Key};

/// Where else a setting may be written, in the order in which KServe looks.
pub(crate) fn alternatives(key: &str) -> &'static [Source] {
    SPELLINGS
        .iter()
        .find(|(ours, _)| *ours == key)
        .map_or(&[], |(_, others)| others)
}

/// Our key behind a key of another dialect, or the key itself.
pub fn canonical(key: &str) -> &str {
    let holds = |others: &[Source]| others.iter().any(|o| matches!(o, Key(k) if *k == key));
    SPELLINGS
        .iter()
        .find(|(_, others)| holds(others))
        .map_or(key, |(ours, _)| ours)
}

/// The protocol that the keys of a Secret look like, and the keys that say so.
pub(crate) fn signs(secret: &Secret) -> Option<(Protocol, &'static [&'static str])> {
    SIGNS
        .iter()
        .copied()
        .find(|(_, keys)| keys.iter().all(|key| secret.data.contains_key(*key)))
}

const SPELLINGS: &[(&str, &[Source])] = &[
    ("AWS_ACCESS_KEY_ID", &[Key("awsAccessKeyID")]),
    ("AWS_SECRET_ACCESS_KEY", &[Key("awsSecretAccessKey")]),
    (
        "AWS_S3_ENDPOINT",
        &[Annotation(names::KSERVE_S3_ENDPOINT), Key("S3_ENDPOINT")],
    ),
    ("AWS_DEFAULT_REGION", &[Annotation(names::KSERVE_S3_REGION)]),
    (
        "AWS_S3_VERIFY_SSL",
        &[
            Annotation(names::KSERVE_S3_VERIFY_SSL),
            Key("S3_VERIFY_SSL"),
        ],
    ),
    ("AWS_ROLE_ARN", &[Annotation(names::ODAHU_ROLE)]),
    ("AWS_CA_BUNDLE", &[Annotation(names::KSERVE_S3_CA_BUNDLE)]),
    ("S3_USE_HTTPS", &[Annotation(names::KSERVE_S3_USE_HTTPS)]),
    (
        "S3_USER_VIRTUAL_BUCKET",
        &[Annotation(names::KSERVE_S3_VIRTUAL_BUCKET)],
    ),
    (
        "awsAnonymousCredential",
        &[Annotation(names::KSERVE_S3_ANONYMOUS)],
    ),
    ("AZURE_CLIENT_ID", &[Key("AZ_CLIENT_ID")]),
    ("AZURE_CLIENT_SECRET", &[Key("AZ_CLIENT_SECRET")]),
    ("AZURE_TENANT_ID", &[Key("AZ_TENANT_ID")]),
];

/// The first line whose keys are all present decides; tokens that go with anything come last.
const SIGNS: &[(Protocol, &[&str])] = &[
    (
        Protocol::S3,
        &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    ),
    (Protocol::S3, &["awsAccessKeyID", "awsSecretAccessKey"]),
    (Protocol::S3, &["AWS_S3_ENDPOINT"]),
    (Protocol::S3, &["AWS_S3_BUCKET"]),
    (Protocol::Oci, &[".dockerconfigjson"]),
    (Protocol::Uri, &["URI"]),
    (Protocol::Gcs, &["gcloud-application-credentials.json"]),
    (Protocol::Azure, &["AZURE_STORAGE_ACCOUNT"]),
    (Protocol::Azure, &["AZURE_STORAGE_ACCESS_KEY"]),
    (Protocol::Azure, &["AZURE_STORAGE_SAS_TOKEN"]),
    (Protocol::Azure, &["AZURE_STORAGE_CONNECTION_STRING"]),
    (Protocol::Azure, &["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]),
    (Protocol::Azure, &["AZ_CLIENT_ID", "AZ_CLIENT_SECRET"]),
    (Protocol::Git, &["GIT_URL"]),
    (Protocol::Uri, &["https-host"]),
    (Protocol::Uri, &["HF_TOKEN"]),
];

//! Which protocol a Secret may be injected by; recognising connections for lists and lint, where
//! more dialects count, is left to `connection`.

use crate::finding::Severity;
use crate::names;
use crate::protocol::Protocol;
use crate::secret::Secret;
use crate::validate;

use super::advice::{Warning, short};

/// Most findings of one connection that a request is told of; the rest is left to `bowline lint`.
const MOST_FINDINGS: usize = 4;

/// Why a Secret cannot be tied into a serving workload. Each text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No annotation of the field says what it is.
    #[error("Secret `{0}` does not say what kind of connection it is: add annotation `{key}: s3`, `uri` or `oci`", key = names::PROTOCOL)]
    Untyped(String),
    /// An annotation holds something that cannot be injected.
    #[error("Secret `{secret}` has annotation `{key}: {value}`, which cannot be served from: set `{protocol}` to s3, uri or oci", protocol = names::PROTOCOL)]
    Unknown {
        /// Name of the Secret.
        secret: String,
        /// The annotation.
        key: &'static str,
        /// Its value.
        value: String,
    },
}

/// The protocol to inject a Secret by.
///
/// A wrong protocol never falls back to a good reference, the two vocabularies are not mixed, and
/// the legacy annotation does not count. Alauda's protocol counts where OpenShift AI's annotations
/// are absent.
///
/// # Errors
/// When no annotation that counts says `s3`, `uri` or `oci`.
pub(crate) fn protocol(secret: &Secret) -> Result<Protocol, Unusable> {
    let protocols = [
        ("s3", Protocol::S3),
        ("uri", Protocol::Uri),
        ("oci", Protocol::Oci),
    ];
    let refs = [
        ("s3", Protocol::S3),
        ("uri-v1", Protocol::Uri),
        ("oci-v1", Protocol::Oci),
    ];
    let sources = [
        (names::PROTOCOL, protocols),
        (names::TYPE_REF, refs),
        (names::ALAUDA_PROTOCOL, protocols),
    ];
    for (key, vocabulary) in sources {
        let Some(value) = secret.annotation(key) else {
            continue;
        };
        let known = vocabulary.into_iter().find(|(text, _)| *text == value);
        return known
            .map(|(_, protocol)| protocol)
            .ok_or_else(|| Unusable::Unknown {
                secret: secret.name.clone(),
                key,
                value: short(value),
            });
    }
    Err(Unusable::Untyped(secret.name.clone()))
}

/// What is wrong with a connection, as warnings for the person who is about to use it.
pub(crate) fn findings(secret: &Secret) -> Vec<Warning> {
    let findings = validate::findings_from(secret, Severity::Warning);
    let name = short(&secret.name);
    let mut warnings: Vec<Warning> = findings
        .iter()
        .take(MOST_FINDINGS)
        .map(|finding| Warning::new(format!("connection `{name}`: {}", finding.message)))
        .collect();
    if findings.len() > MOST_FINDINGS {
        let more = findings.len() - MOST_FINDINGS;
        warnings.push(Warning::new(format!(
            "`{name}` has {more} more findings; see `bowline lint`"
        )));
    }
    warnings
}

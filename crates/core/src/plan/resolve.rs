//! Which protocol a Secret may be injected by; recognising connections for lists and lint, where
//! more dialects count, is left to `connection`.

use crate::connection::Marker;
use crate::finding::Severity;
use crate::names;
use crate::protocol::Protocol;
use crate::secret::Secret;
use crate::validate;

use super::advice::{Warning, short};

/// Most findings of one connection that a request is told of; the rest is left to `bowline lint`.
const MOST_FINDINGS: usize = 4;

/// The protocols that models are served by.
const SERVED: [Protocol; 3] = [Protocol::S3, Protocol::Uri, Protocol::Oci];

/// Why a Secret cannot be tied into a serving workload. Each text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No annotation of the field says what it is.
    #[error("Secret `{0}` does not say what kind of connection it is: add annotation `{key}: s3`, `uri` or `oci`", key = names::PROTOCOL)]
    Untyped(String),
    /// It is a connection, of a kind that no model is served from.
    #[error(
        "Secret `{secret}` has annotation `{key}: {value}`, which cannot be served from: name a connection of type s3, uri or oci"
    )]
    Unserved {
        /// Name of the Secret.
        secret: String,
        /// The annotation.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// An annotation holds something that is no protocol.
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
/// are absent. The order is [`Marker::STATED`]'s, by which lists and findings go as well.
///
/// # Errors
/// When no annotation that counts says `s3`, `uri` or `oci`.
pub(crate) fn protocol(secret: &Secret) -> Result<Protocol, Unusable> {
    let stated = Marker::STATED
        .into_iter()
        .filter(|marker| marker.is_served_by())
        .find_map(|marker| {
            let key = marker.annotation()?;
            Some((marker, key, secret.annotation(key)?))
        });
    let Some((marker, key, value)) = stated else {
        return Err(Unusable::Untyped(secret.name.clone()));
    };
    let (secret, shown) = (secret.name.clone(), short(value));
    match marker.protocol(value) {
        Some(protocol) if SERVED.contains(&protocol) => Ok(protocol),
        Some(_) => Err(Unusable::Unserved {
            secret,
            key,
            value: shown,
        }),
        None => Err(Unusable::Unknown {
            secret,
            key,
            value: shown,
        }),
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connection::{Connection, Recognition};
    use crate::sensitive::Sensitive;

    /// What an annotation may hold: nothing, a word of either vocabulary, or something else.
    fn text() -> impl Strategy<Value = Option<&'static str>> {
        prop::sample::select(vec![
            None,
            Some(""),
            Some("s3"),
            Some("uri"),
            Some("oci"),
            Some("uri-v1"),
            Some("oci-v1"),
            Some("gcs"),
            Some("S3"),
            Some("our-model-store"),
        ])
    }

    proptest! {
        #[test]
        fn what_is_listed_is_what_is_served(
            texts in prop::array::uniform5(text()),
            keys in prop::sample::subsequence(vec!["AWS_S3_BUCKET", "AWS_ACCESS_KEY_ID", "URI"], 0..3),
        ) {
            let object = serde_json::json!({"metadata": {"name": "tides"}});
            let mut secret = Secret::from_value(&object).expect("a Secret");
            for (marker, text) in Marker::STATED.into_iter().zip(texts) {
                if let (Some(key), Some(text)) = (marker.annotation(), text) {
                    secret.annotations.insert(key.to_owned(), text.to_owned());
                }
            }
            for key in keys {
                secret.data.insert(key.to_owned(), Sensitive::new(b"tides".to_vec()));
            }
            if let Ok(served) = protocol(&secret) {
                let Recognition::Connection(listed) = Connection::from_secret(secret) else {
                    return Err(TestCaseError::fail("it is served from, and not listed"));
                };
                prop_assert_eq!(listed.protocol, Some(served));
            }
        }
    }
}

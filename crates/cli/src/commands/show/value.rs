//! Which values may be shown: those of known fields that are not secret by nature, and of them only
//! single lines without anything that grants access by itself. Everything else is masked, and its
//! length is not told either.

use bowline_catalog::edit::is_secret;
use bowline_catalog::types::ConnectionType;
use bowline_core::location::{has_userinfo, looks_signed};
use bowline_core::sensitive::MASK;
use bowline_core::{Protocol, Secret, names};
use serde::Serialize;

/// The longest value that is shown; a longer one is hardly the name of a place.
const LONGEST: usize = 200;
/// Names of accounts: no secrets by the field's book, but half of a login, and the place where a
/// secret lands when two keys are swapped.
const HALVES_OF_LOGINS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AZURE_CLIENT_ID", "GIT_USERNAME"];

/// A key or annotation with what may be shown of its value.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Masked {
    /// The key.
    pub key: String,
    /// The value, or [`MASK`].
    pub value: String,
    /// Whether the value is the mask.
    #[serde(rename = "isMasked")]
    pub is_masked: bool,
}

/// The keys of a Secret, read by a protocol.
pub fn keys(secret: &Secret, protocol: Option<Protocol>) -> Vec<Masked> {
    let is_open = |key: &str| {
        let field = protocol.and_then(|protocol| protocol.field(key));
        field.is_some_and(|field| !field.is_sensitive) && !HALVES_OF_LOGINS.contains(&key)
    };
    secret
        .data
        .iter()
        .map(|(key, value)| {
            let line = value.expose_line().filter(|_| is_open(key));
            shown(key, line)
        })
        .collect()
}

/// The settings under `serving.kserve.io/s3-`: places and switches, none secret by nature.
pub fn annotations(secret: &Secret) -> Vec<Masked> {
    secret
        .annotations
        .iter()
        .filter(|(key, _)| key.starts_with(names::KSERVE_S3_PREFIX))
        .map(|(key, text)| shown(key, Some(text)))
        .collect()
}

fn shown(key: &str, text: Option<&str>) -> Masked {
    let harmless = text.filter(|text| is_harmless(text));
    Masked {
        key: key.to_owned(),
        value: harmless.unwrap_or(MASK).to_owned(),
        is_masked: harmless.is_none(),
    }
}

/// Whether a value may be shown whose key is a field of its type: the field is no secret, and the value
/// no half of a login and nothing that grants access by itself. Nobody knows what other keys hold.
pub fn may_show(
    type_: Option<&ConnectionType>,
    protocol: Option<Protocol>,
    key: &str,
    text: &str,
) -> bool {
    let is_of_type = type_.is_some_and(|type_| type_.field(key).is_some());
    let of_protocol = protocol.and_then(|protocol| protocol.field(key));
    let is_open = is_of_type || of_protocol.is_some_and(|field| !field.is_sensitive);
    is_open && !is_secret(type_, key) && !HALVES_OF_LOGINS.contains(&key) && is_harmless(text)
}

/// Whether a text is one line, no login and nothing that grants access by itself.
pub fn is_harmless(text: &str) -> bool {
    // Without a scheme nothing tells a login from a part of the name.
    let may_be_login = has_userinfo(text) || (!text.contains("://") && text.contains('@'));
    let is_line = text.len() <= LONGEST && !text.contains(['\n', '\r']);
    is_line && !may_be_login && !looks_signed(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://minio.team-a.svc:9000", true)]
    #[case("oci://quay.io/a/b@sha256:0f", true)]
    #[case("hf://org/name:main", true)]
    #[case("https://user:pw@host/x", false)]
    #[case("user:pw@host/x", false)]
    #[case("https://host/x?X-Amz-Signature=0f", false)]
    #[case("-----BEGIN CERTIFICATE-----\nMII", false)]
    fn a_value_is_shown_when_it_grants_nothing(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_harmless(text), expected);
    }

    #[test]
    fn a_long_value_is_masked() {
        assert!(!is_harmless(&"a".repeat(LONGEST + 1)));
    }
}

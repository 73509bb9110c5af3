//! Joining certificates of authorities into the one bundle that KServe mounts in a namespace.
//! Reading and writing ConfigMaps is left to callers.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// ConfigMap that KServe mounts where it fetches models.
pub const NAME: &str = "odh-kserve-custom-ca-bundle";
/// Its key.
pub const KEY: &str = "cabundle.crt";

/// ConfigMaps of a namespace that bring certificates, and their keys: the platform's own and the
/// administrator's, and OpenShift's for services.
pub const SOURCES: [(&str, &[&str]); 2] = [
    (
        "odh-trusted-ca-bundle",
        &["ca-bundle.crt", "odh-ca-bundle.crt"],
    ),
    ("openshift-service-ca.crt", &["service-ca.crt"]),
];

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Characters in a line of PEM (RFC 7468).
const LINE: usize = 64;

/// Certificates in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Each certificate once, in the order of the sources, without comments.
    pub text: String,
    /// How many there are.
    pub certificates: usize,
    /// Blocks that are no certificates, and were left out.
    pub broken: usize,
}

/// Joins texts in PEM.
///
/// A block counts as a certificate if it is base64 of an ASN.1 sequence of the length it claims;
/// whether it is still valid is for those who trust it to see.
pub fn join<'a>(sources: impl IntoIterator<Item = &'a str>) -> Bundle {
    let mut bundle = Bundle::default();
    let mut seen = BTreeSet::new();
    for source in sources {
        for rest in source.split(BEGIN).skip(1) {
            let block = rest.split_once(END).map(|(block, _)| block);
            match block.and_then(decode) {
                Some(certificate) => {
                    if seen.insert(certificate.clone()) {
                        bundle.certificates += 1;
                        write(&mut bundle.text, &certificate);
                    }
                }
                None => bundle.broken += 1,
            }
        }
    }
    bundle
}

fn decode(block: &str) -> Option<Vec<u8>> {
    let packed: String = block.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(packed).ok()?;
    is_sequence(&bytes).then_some(bytes)
}

/// Whether these bytes are one DER sequence with a length in two bytes, as certificates have.
fn is_sequence(bytes: &[u8]) -> bool {
    let &[0x30, 0x82, high, low, ..] = bytes else {
        return false;
    };
    bytes.len() == 4 + usize::from(u16::from_be_bytes([high, low]))
}

fn write(text: &mut String, certificate: &[u8]) {
    let encoded = STANDARD.encode(certificate);
    text.push_str(BEGIN);
    for (at, character) in encoded.chars().enumerate() {
        if at % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
}

#[cfg(test)]
mod tests;

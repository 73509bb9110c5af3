//! A digest of what was tested, so that a result is known to be stale after an edit.
//!
//! It stands in an annotation, which gets into more places than values: it is salted and cut short, so
//! that two connections with the same values look different, and no guess is ever confirmed.

use std::num::NonZeroU32;

use aws_lc_rs::{pbkdf2, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowline_core::{Connection, Sensitive, names};

/// Lists look at thousands: this takes a quarter of a millisecond.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1_000).expect("is not zero");
/// Of the digest only the first bytes are kept. One edit in sixteen million goes unnoticed, and
/// whoever guesses values is left with many that fit.
const KEPT: usize = 3;
const VERSION: &str = "v2";

/// A digest of the connection's values and of the annotations that say how to use them.
///
/// Empty where the system has no random numbers, and so never that of any connection.
pub fn digest(connection: &Connection) -> String {
    let mut salt = [0; 16];
    match rand::fill(&mut salt) {
        Ok(()) => with_salt(connection, &salt),
        Err(_) => String::new(),
    }
}

/// Whether a digest is that of the connection as it is now.
pub fn is_of(digest: &str, connection: &Connection) -> bool {
    let mut parts = digest.split('.');
    let salt = match (parts.next(), parts.next()) {
        (Some(VERSION), Some(salt)) => URL_SAFE_NO_PAD.decode(salt).ok(),
        _ => None,
    };
    salt.is_some_and(|salt| with_salt(connection, &salt) == digest)
}

fn with_salt(connection: &Connection, salt: &[u8]) -> String {
    let tested = Sensitive::new(tested(connection));
    let mut derived = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ROUNDS,
        salt,
        tested.expose(),
        &mut derived,
    );
    format!(
        "{VERSION}.{}.{}",
        URL_SAFE_NO_PAD.encode(salt),
        URL_SAFE_NO_PAD.encode(&derived[..KEPT])
    )
}

/// All that decides what a test does, each part with its length before it.
fn tested(connection: &Connection) -> Vec<u8> {
    let secret = &connection.secret;
    let is_setting =
        |key: &str| key.starts_with(names::KSERVE_S3_PREFIX) || key == names::ODAHU_ROLE;
    let settings = secret
        .annotations
        .iter()
        .filter(|(key, _)| is_setting(key))
        .map(|(key, text)| (key, text.as_bytes()));
    let values = secret.data.iter().map(|(key, value)| (key, value.expose()));
    let protocol = connection
        .protocol
        .map_or("", bowline_core::Protocol::as_str);
    let parts = settings
        .chain(values)
        .flat_map(|(key, value)| [key.as_bytes(), value]);
    std::iter::once(protocol.as_bytes())
        .chain(parts)
        .fold(Vec::new(), |mut all, part| {
            all.extend_from_slice(&(part.len() as u64).to_be_bytes());
            all.extend_from_slice(part);
            all
        })
}

#[cfg(test)]
mod tests {
    use bowline_core::{Recognition, Secret};
    use serde_json::json;

    use super::*;

    fn connection(password: &str, label: &str) -> Connection {
        let secret = Secret::from_value(&json!({
            "kind": "Secret", "stringData": {"GIT_URL": "https://git.example/a", "GIT_PASSWORD": password},
            "metadata": {"name": "a", "labels": {"a": label}, "annotations": {"opendatahub.io/connection-type-protocol": "git"}},
        }));
        match Connection::from_secret(secret.expect("a Secret")) {
            Recognition::Connection(connection) => *connection,
            _ => unreachable!("the annotation makes it a connection"),
        }
    }

    #[test]
    fn a_changed_value_makes_a_result_stale_and_a_changed_label_does_not() {
        let digest = digest(&connection("one", "a"));
        assert!(is_of(&digest, &connection("one", "b")));
        assert!(!is_of(&digest, &connection("two", "a")));
    }

    #[test]
    fn equal_values_have_different_digests() {
        let connection = connection("one", "a");
        assert_ne!(digest(&connection), digest(&connection));
    }

    #[test]
    fn what_is_no_digest_is_that_of_nothing() {
        let connection = connection("one", "a");
        for text in ["", "v2", "v2..", "v1.AAAA.BBBB", "v2.?.?"] {
            assert!(!is_of(text, &connection), "{text}");
        }
    }
}

//! Judging a server's key by a `known_hosts` file, as sshd(8) of OpenSSH describes it. Pure.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a file says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is the host's.
    Known,
    /// The host has no key of this kind there.
    Unknown,
    /// The host has another one of this kind there.
    Changed,
    /// It is marked as revoked.
    Revoked,
}

/// A key as files and servers spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HostKey<'a> {
    /// Such as `ssh-ed25519`.
    pub kind: &'a str,
    /// The key itself, in base64.
    pub blob: &'a str,
}

struct Entry<'a> {
    marker: Option<&'a str>,
    hosts: &'a str,
    key: HostKey<'a>,
}

fn entries(file: &str) -> impl Iterator<Item = Entry<'_>> {
    file.lines().filter_map(|line| {
        let mut words = line.split_whitespace().peekable();
        let marker = words.next_if(|word| word.starts_with('@'));
        let hosts = words.next().filter(|hosts| !hosts.starts_with('#'))?;
        let key = HostKey {
            kind: words.next()?,
            blob: words.next()?,
        };
        Some(Entry { marker, hosts, key })
    })
}

/// Judges the key that a host shows.
pub(super) fn judge(file: &str, host: &str, port: u16, shown: HostKey<'_>) -> Judgement {
    let mut judgement = Judgement::Unknown;
    for entry in entries(file).filter(|entry| is_for(entry.hosts, host, port)) {
        match entry.marker {
            Some("@revoked") if entry.key == shown => return Judgement::Revoked,
            Some(_) => {}
            None if entry.key == shown => judgement = Judgement::Known,
            None if entry.key.kind == shown.kind && judgement == Judgement::Unknown => {
                judgement = Judgement::Changed;
            }
            None => {}
        }
    }
    judgement
}

/// The kinds of keys that a file has for a host, in its order.
pub(super) fn kinds<'a>(file: &'a str, host: &str, port: u16) -> Vec<&'a str> {
    let fitting =
        entries(file).filter(|entry| entry.marker.is_none() && is_for(entry.hosts, host, port));
    fitting.map(|entry| entry.key.kind).collect()
}

fn is_for(patterns: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let name = if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    };
    let mut is_for = false;
    for pattern in patterns.split(',') {
        if let Some(pattern) = pattern.strip_prefix('!') {
            if is_like(&pattern.to_ascii_lowercase(), &name) {
                return false;
            }
        } else if pattern.starts_with("|1|") {
            is_for |= is_hash_of(pattern, &name);
        } else {
            is_for |= is_like(&pattern.to_ascii_lowercase(), &name);
        }
    }
    is_for
}

/// `*` stands for any text and `?` for one character.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let same = |pattern: &str, text: &str| {
        pattern.len() == text.len()
            && pattern
                .bytes()
                .zip(text.bytes())
                .all(|(p, t)| p == b'?' || p == t)
    };
    let Some(mut rest) = name
        .get(first.len()..)
        .filter(|_| same(first, &name[..first.len()]))
    else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let fits = |at: &usize| {
            rest.get(*at..at + part.len())
                .is_some_and(|text| same(part, text))
        };
        let Some(at) = (0..=rest.len()).find(fits) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    let end = rest
        .len()
        .checked_sub(last.len())
        .and_then(|at| rest.get(at..));
    end.is_some_and(|text| same(last, text))
}

/// `|1|salt|hash`: the name is not in the file, only what it comes to with the salt.
fn is_hash_of(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('|').skip(2).map(|part| STANDARD.decode(part));
    let (Some(Ok(salt)), Some(Ok(hash))) = (parts.next(), parts.next()) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    hmac::verify(&key, name.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const KEY: HostKey<'_> = HostKey {
        kind: "ssh-ed25519",
        blob: "AAAA",
    };

    #[rstest]
    #[case("a.io ssh-ed25519 AAAA", Judgement::Known)]
    #[case("# comment\n\nb.io,A.io ssh-ed25519 AAAA someone", Judgement::Known)]
    #[case("*.io,!b.io ssh-ed25519 AAAA", Judgement::Known)]
    #[case("a.?o ssh-ed25519 AAAA", Judgement::Known)]
    #[case("a.io ssh-ed25519 BBBB\na.io ssh-ed25519 AAAA", Judgement::Known)]
    #[case("*.io,!a.io ssh-ed25519 AAAA", Judgement::Unknown)]
    #[case("[a.io]:2222 ssh-ed25519 AAAA", Judgement::Unknown)]
    #[case("a.io ssh-rsa AAAA", Judgement::Unknown)]
    #[case("@cert-authority a.io ssh-ed25519 AAAA", Judgement::Unknown)]
    #[case("a.io ssh-ed25519 BBBB", Judgement::Changed)]
    #[case(
        "a.io ssh-ed25519 AAAA\n@revoked * ssh-ed25519 AAAA",
        Judgement::Revoked
    )]
    #[case("a.io", Judgement::Unknown)]
    #[case("", Judgement::Unknown)]
    fn a_key_is_judged(#[case] file: &str, #[case] expected: Judgement) {
        assert_eq!(judge(file, "a.io", 22, KEY), expected);
    }

    #[test]
    fn another_port_is_another_host() {
        let file = "[a.io]:2222 ssh-ed25519 AAAA";
        assert_eq!(judge(file, "a.io", 2222, KEY), Judgement::Known);
        assert_eq!(judge(file, "a.io", 2223, KEY), Judgement::Unknown);
    }

    #[test]
    fn a_hashed_name_is_found() {
        let salt = [7_u8; 20];
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
        let hash = hmac::sign(&key, b"[a.io]:2222");
        let file = format!(
            "|1|{}|{} ssh-ed25519 AAAA",
            STANDARD.encode(salt),
            STANDARD.encode(hash)
        );
        assert_eq!(judge(&file, "a.io", 2222, KEY), Judgement::Known);
        assert_eq!(judge(&file, "a.io", 22, KEY), Judgement::Unknown);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(file in r"[|@!*?a-z1é,\[\]: \n]{0,60}", host in r"[a-zé.]{0,8}") {
            let _ = judge(&file, &host, 22, KEY);
        }
    }
}

//! Canaries: unique random values that stand for secret ones. Whatever a program puts out is
//! searched for them, in clear and in the encodings in which values travel.

use std::fmt;
use std::path::Path;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use uuid::Uuid;

/// The canaries of one test and where each was planted.
#[derive(Default)]
pub struct Canaries {
    planted: Vec<Planted>,
}

struct Planted {
    place: String,
    spellings: Vec<(&'static str, String)>,
}

/// A canary that was found where it must not be.
///
/// It says which one and how it was spelt, but does not repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Where the value had been planted.
    pub place: String,
    /// The encoding it was found in.
    pub encoding: &'static str,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the value planted in {} leaked ({})",
            self.place, self.encoding
        )
    }
}

impl Canaries {
    /// Makes a new canary for a place, such as `Secret models, key AWS_SECRET_ACCESS_KEY`.
    ///
    /// The characters are those of real keys and differ in every encoding, so that no finding of
    /// `validate` and no lucky match comes from them.
    pub fn plant(&mut self, place: impl Into<String>) -> String {
        let id = Uuid::new_v4().simple().to_string();
        let value = format!("{MARK}{}+{}", &id[..16], &id[16..]);
        self.planted.push(Planted {
            place: place.into(),
            spellings: spellings(&value),
        });
        value
    }

    /// Every canary that occurs in a piece of output.
    pub fn leaks(&self, output: &str) -> Vec<Leak> {
        let found = |planted: &Planted| {
            let spelling = planted
                .spellings
                .iter()
                .find(|(_, text)| output.contains(text));
            spelling.map(|(encoding, _)| Leak {
                place: planted.place.clone(),
                encoding,
            })
        };
        self.planted.iter().filter_map(found).collect()
    }
}

/// Keeps what a program put out for the scan at the end of all tests, where that asks for it.
pub fn keep(output: &[u8]) {
    if let Some(folder) = std::env::var_os("BOWLINE_CANARY_DIR") {
        let file = format!("output-{}.log", Uuid::new_v4().simple());
        std::fs::write(Path::new(&folder).join(file), output).expect("output can be kept");
    }
}

/// What every canary begins with.
const MARK: &str = "Canary/";

/// The spellings of what every canary begins with, for searching output that other processes wrote.
pub fn marks() -> Vec<(&'static str, String)> {
    spellings(MARK)
}

fn spellings(value: &str) -> Vec<(&'static str, String)> {
    let slashes = value.replace('/', "\\/");
    let percent = |slash: &str, plus: &str| value.replace('/', slash).replace('+', plus);
    let mut all = vec![
        ("plain", value.to_owned()),
        ("escaped in JSON", slashes),
        ("encoded for a URL", percent("%2F", "%2B")),
        ("encoded for a URL", percent("%2f", "%2b")),
        ("encoded for a URL", percent("/", "%2B")),
    ];
    // Inside of a longer text, base64 shows a value in one of three alignments.
    for offset in 0..3 {
        all.push(("base64", aligned(&STANDARD_NO_PAD, value, offset)));
        all.push(("base64 for URLs", aligned(&URL_SAFE_NO_PAD, value, offset)));
    }
    all
}

/// The part of a value's base64 text that does not depend on what stands around the value.
fn aligned(engine: &impl base64::Engine, value: &str, offset: usize) -> String {
    let padded = [&vec![0; offset][..], value.as_bytes()].concat();
    let text = engine.encode(&padded);
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    text[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn is_found(encode: impl Fn(&str) -> String) -> bool {
        let mut canaries = Canaries::default();
        let value = canaries.plant("a test");
        !canaries.leaks(&encode(&value)).is_empty()
    }

    #[test]
    fn a_value_in_clear_is_found() {
        assert!(is_found(|value| format!("before {value} after")));
    }

    #[test]
    fn a_value_in_base64_is_found_in_every_alignment() {
        for prefix in ["", "a", "ab", "abc"] {
            assert!(
                is_found(|value| STANDARD.encode(format!("{prefix}{value} after"))),
                "{prefix}"
            );
        }
    }

    #[test]
    fn a_value_in_a_url_is_found() {
        assert!(is_found(|value| value
            .replace('/', "%2F")
            .replace('+', "%2B")));
    }

    #[test]
    fn a_value_with_escaped_slashes_is_found() {
        assert!(is_found(|value| value.replace('/', "\\/")));
    }

    #[test]
    fn other_output_is_clean() {
        assert!(!is_found(
            |_| "Canary/0123456789abcdef+0123456789abcdef".to_owned()
        ));
    }
}

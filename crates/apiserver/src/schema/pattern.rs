//! Patterns of texts. Those of definitions are written for RE2, whose syntax the `regex` crate shares.

use regex::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// A pattern may take so much room once it is understood.
const SIZE: usize = 1 << 20;
/// So many patterns are kept understood.
const KEPT: usize = 512;

static UNDERSTOOD: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);

/// Understands a pattern, where it can be.
fn understand(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).size_limit(SIZE).build().ok()
}

/// Whether a pattern can be understood.
pub(crate) fn is_valid(pattern: &str) -> bool {
    understand(pattern).is_some()
}

/// Whether a text has what the pattern looks for. A pattern that cannot be understood is
/// refused with its definition; one that is met here was stored before that, and fits everything.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let regex = {
        let mut understood = UNDERSTOOD.lock().unwrap_or_else(PoisonError::into_inner);
        if understood.len() >= KEPT && !understood.contains_key(pattern) {
            understood.clear();
        }
        let known = understood
            .entry(pattern.to_owned())
            .or_insert_with(|| understand(pattern));
        known.clone()
    };
    regex.is_none_or(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::within("b", "abc", true)]
    #[case::whole("^b$", "abc", false)]
    #[case::class(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "sea-side", true)]
    #[case::class_missed(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "Sea", false)]
    #[case::perl(r"^\d+(\.\d+)?$", "12.5", true)]
    fn a_text_fits_or_not(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(fits(pattern, text), expected);
    }

    #[rstest]
    #[case::open("(")]
    #[case::look_ahead("(?=a)")]
    #[case::huge("((((a{1000}){1000}){1000}){1000})")]
    fn what_is_no_pattern_is_not_understood(#[case] pattern: &str) {
        assert!(!is_valid(pattern));
    }
}

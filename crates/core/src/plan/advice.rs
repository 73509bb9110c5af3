//! Warnings to the person behind a request, each short enough for every client to show whole.

use std::fmt;

/// Longest warning in characters; clients cut longer ones.
pub const MAX_CHARS: usize = 120;
const LONGEST_NAME: usize = 32;

/// One admission warning of at most [`MAX_CHARS`] characters, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(String);

impl Warning {
    /// Makes a warning, cut with an ellipsis where it is too long.
    pub fn new(text: impl Into<String>) -> Self {
        let text: String = text
            .into()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Self(fit(&text, MAX_CHARS))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name short enough to leave room for what a warning has to say about it.
pub(super) fn short(name: &str) -> String {
    fit(name, LONGEST_NAME)
}

pub(super) fn fit(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_warning_is_cut_at_the_limit() {
        let warning = Warning::new("é".repeat(500));
        assert_eq!(warning.as_str().chars().count(), MAX_CHARS);
        assert!(warning.as_str().ends_with('…'));
    }
}

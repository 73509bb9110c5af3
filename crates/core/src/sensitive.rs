//! The one type that holds a secret value; it prints a mask, is wiped on drop and cannot be
//! serialised by accident. Deciding what is secret is left to `secret` and `protocol`.

use std::fmt;

use zeroize::Zeroizing;

/// What every face shows instead of a secret value.
pub const MASK: &str = "••••••••";

/// A value that must never reach a log, an error, an event or a URL.
///
/// Reading it takes an explicit [`Sensitive::expose`], which makes each use easy to find.
#[derive(Clone)]
pub struct Sensitive(Zeroizing<Vec<u8>>);

impl Sensitive {
    /// Takes ownership of the bytes; they are wiped when the value is dropped.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The value as text, when it is UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The value as text without the line ends that `echo` and heredocs leave behind.
    ///
    /// `None` when the bytes are not UTF-8.
    pub fn expose_line(&self) -> Option<&str> {
        self.expose_str()
            .map(|text| text.trim_end_matches(['\n', '\r']))
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_and_display_print_the_mask_only() {
        let value = Sensitive::from("hunter2");
        assert_eq!(format!("{value:?} {value}"), format!("{MASK} {MASK}"));
    }

    #[test]
    fn a_line_is_exposed_without_its_line_ends() {
        assert_eq!(
            Sensitive::from("s3cret\r\n\n").expose_line(),
            Some("s3cret")
        );
    }
}

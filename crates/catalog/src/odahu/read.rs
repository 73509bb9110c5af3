//! JSON as Go's decoder reads it, for what it takes and for what it says: names in any case, the last
//! of equal members, anything behind the first value, and its own texts. What the members mean is
//! left to `draft`.
//!
//! `serde_json` would refuse half of what a lone surrogate or a stray byte still lets through, and
//! its texts differ.

mod syntax;
mod text;

pub(super) use syntax::first_value;

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Shape {
    /// What Go calls it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// Goes through a value whose syntax has been checked by [`first_value`].
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// Stands before a value.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&mut self) -> u8 {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// What the next value is.
    pub(super) fn shape(&mut self) -> Shape {
        match self.peek() {
            b'{' => Shape::Object,
            b'[' => Shape::Array,
            b'"' => Shape::Text,
            b't' | b'f' => Shape::Bool,
            b'n' => Shape::Null,
            _ => Shape::Number,
        }
    }

    /// Takes the next value, which is `true` or not.
    pub(super) fn flag(&mut self) -> bool {
        let is_true = self.peek() == b't';
        self.skip();
        is_true
    }

    /// Takes the next value, which is a text.
    pub(super) fn text(&mut self) -> String {
        self.peek();
        let start = self.at + 1;
        self.skip_text();
        text::unquote(&self.bytes[start..self.at - 1])
    }

    /// Takes the next value, which is an object, and hands over each member's name with the walk
    /// before its value, which has to be taken.
    pub(super) fn object<E>(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.peek();
        self.at += 1;
        while self.peek() == b'"' {
            let name = self.text();
            self.peek();
            self.at += 1;
            each(self, &name)?;
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the next value, whatever it is.
    pub(super) fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => self.skip_text(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => self.skip_word(),
            }
            if depth == 0 || self.at >= self.bytes.len() {
                return;
            }
        }
    }

    fn skip_word(&mut self) {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| is_word(byte)).count().max(1);
    }

    fn skip_text(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }
}

/// Whether two names are the same to Go, which also takes the long s and the sign of Kelvin.
pub(super) fn is_same_name(wanted: &str, given: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    wanted.chars().map(fold).eq(given.chars().map(fold))
}

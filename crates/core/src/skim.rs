//! JSON text read for a few of its parts: a serde deserializer that leaps over whatever the target
//! type ignores. What it leaps over is not checked, only its brackets are matched; saying what is
//! wrong with malformed text is left to `serde_json`.

mod leap;

#[cfg(test)]
mod tests;

use memchr::memchr2;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;
use wide::u8x16;

/// Deepest nesting that is read, as `serde_json` has it; what is leapt over may be deeper.
const MAX_DEPTH: u8 = 127;

/// Reads a value from JSON text, to the same result as `serde_json` wherever that gives one.
/// Enums are not read.
///
/// # Errors
/// When what is read is malformed or of another type; the error's place in the text is not told.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(malformed()),
    }
}

fn malformed() -> Error {
    Error::custom("malformed JSON")
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

impl<'de> Reader<'de> {
    /// The next byte that is not a blank.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blanks = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))?;
        self.at += blanks;
        Some(rest[blanks])
    }

    fn take(&mut self, byte: u8) -> Result<(), Error> {
        if self.peek() != Some(byte) {
            return Err(malformed());
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the next `length` bytes, which must be there.
    fn advance(&mut self, length: usize) -> &'de str {
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }

    /// Takes a string, with its quotes.
    fn string(&mut self) -> Result<&'de str, Error> {
        let bytes = &self.text.as_bytes()[self.at..];
        let mut length = 1;
        loop {
            let rest = bytes.get(length..).ok_or_else(malformed)?;
            let mark = memchr2(b'"', b'\\', rest).ok_or_else(malformed)?;
            length += mark + 1;
            if rest[mark] == b'"' {
                return Ok(self.advance(length));
            }
            length += 1;
        }
    }

    /// Takes a number or one of `true`, `false`, `null`.
    fn word(&mut self) -> Result<&'de str, Error> {
        let bytes = &self.text.as_bytes()[self.at..];
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        match bytes.iter().take_while(|byte| is_word(byte)).count() {
            0 => Err(malformed()),
            length => Ok(self.advance(length)),
        }
    }

    /// Takes a string without escapes, as most are, 16 bytes at a time; returns what it says. None
    /// is taken so near to the end of the text.
    fn plain_string(&mut self) -> Option<&'de str> {
        let (quote, rest) = self.text.as_bytes()[self.at..].split_first()?;
        let (blocks, _) = rest.as_chunks();
        let mut marks = blocks.iter().map(|block| {
            let bytes = u8x16::new(*block);
            let find = |mark| bytes.simd_eq(u8x16::splat(mark));
            let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
            (find(b'"') | find(b'\\') | is_control).to_bitmask()
        });
        let (index, mark) = marks.by_ref().enumerate().find(|(_, mark)| *mark != 0)?;
        let length = index * 16 + mark.trailing_zeros() as usize;
        if *quote != b'"' || rest[length] != b'"' {
            return None;
        }
        let quoted = self.advance(length + 2);
        Some(&quoted[1..=length])
    }

    fn leap(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'"') if self.plain_string().is_some() => Ok(()),
            Some(b'"') => self.string().map(drop),
            Some(b'{' | b'[') => {
                let length = leap::container(&self.text.as_bytes()[self.at..]);
                self.advance(length.ok_or_else(malformed)?);
                Ok(())
            }
            _ => self.word().map(drop),
        }
    }

    /// Reads what stands between two brackets.
    fn between<T>(
        &mut self,
        brackets: [u8; 2],
        read: impl FnOnce(Parts<'_, 'de>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            return Err(malformed());
        }
        let [open, close] = brackets;
        self.take(open)?;
        self.depth += 1;
        let value = read(Parts {
            reader: self,
            close,
            is_first: true,
        })?;
        self.depth -= 1;
        self.take(close)?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'{') => self.between(*b"{}", |members| visitor.visit_map(members)),
            Some(b'[') => self.between(*b"[]", |items| visitor.visit_seq(items)),
            Some(b'"') => {
                if let Some(text) = self.plain_string() {
                    return visitor.visit_borrowed_str(text);
                }
                let quoted = self.string()?;
                let inner = &quoted[1..quoted.len() - 1];
                if inner.bytes().any(|byte| byte == b'\\' || byte < b' ') {
                    return serde_json::Deserializer::from_str(quoted).deserialize_str(visitor);
                }
                visitor.visit_borrowed_str(inner)
            }
            _ => serde_json::Deserializer::from_str(self.word()?).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek() == Some(b'n') {
            return self.deserialize_any(visitor);
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.leap()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// The members of an object or the items of a list.
struct Parts<'a, 'de> {
    reader: &'a mut Reader<'de>,
    close: u8,
    is_first: bool,
}

impl Parts<'_, '_> {
    /// Goes to the next part; says whether there is one.
    fn advance(&mut self) -> Result<bool, Error> {
        if self.reader.peek() == Some(self.close) {
            return Ok(false);
        }
        if !self.is_first {
            self.reader.take(b',')?;
        }
        self.is_first = false;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Parts<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Parts<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        if self.reader.peek() != Some(b'"') {
            return Err(malformed());
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        self.reader.take(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

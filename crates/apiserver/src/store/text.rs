//! Objects as text: what is read most often goes out as it was stored, without a tree being made of
//! it. Where a sealed part is, and how it is opened, is left to `seal`; which shape an answer has, to
//! the verbs.

use super::SealedPath;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroizing;

/// Which members of an object are written, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// Members that come first, as JSON text with a comma behind each; stored ones of their names
    /// must be left out.
    pub(crate) first: String,
    /// Which members of the object are kept.
    pub(crate) kept: Kept,
    /// A member of the metadata that is stored as the text of its JSON, and written as that JSON.
    pub(crate) unfolded: &'static str,
}

/// Which members of an object are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kept {
    /// All but these.
    AllBut(&'static [&'static str]),
    /// The metadata alone.
    Metadata,
}

impl Kept {
    fn keeps(self, name: &str) -> bool {
        match self {
            Self::AllBut(left_out) => !left_out.contains(&name),
            Self::Metadata => name == "metadata",
        }
    }
}

/// The members of a JSON object, their values still text.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A JSON string, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> Members<'a> {
    fn of(value: &'a RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| *value)
    }

    /// The member of this name, where it is a string.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let text: Text<'a> = serde_json::from_str(self.get(name)?.get()).ok()?;
        Some(text.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// An object's name, namespace, labels and these members, as a tree; none where the text is no object.
pub(super) fn glance(bytes: &[u8], members: &[String]) -> Option<Value> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let glance = Chosen(|name: &str| match name {
        "metadata" => Take::Chosen(&|name| match name {
            "name" | "namespace" | "labels" => Take::Whole,
            _ => Take::Nothing,
        }),
        name if members.iter().any(|member| member == name) => Take::Whole,
        _ => Take::Nothing,
    });
    let glance = glance.deserialize(&mut text).ok()?;
    text.end().ok()?;
    Some(glance)
}

/// What is read of a member.
enum Take<'a> {
    Nothing,
    Whole,
    /// What is chosen of its own members, where it is an object.
    Chosen(&'a dyn Fn(&str) -> Take<'a>),
}

/// Reads an object's members as far as they are chosen, and passes over the others.
struct Chosen<F>(F);

impl<'a, 'de, F: Fn(&str) -> Take<'a>> DeserializeSeed<'de> for Chosen<F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, 'de, F: Fn(&str) -> Take<'a>> Visitor<'de> for Chosen<F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(Text(name)) = map.next_key()? {
            let value = match (self.0)(&name) {
                Take::Nothing => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                Take::Whole => map.next_value()?,
                Take::Chosen(choose) => map.next_value_seed(Chosen(choose))?,
            };
            members.insert(name.into_owned(), value);
        }
        Ok(members.into())
    }
}

/// Opens the part at a JSON pointer, which it is bound to.
trait Open: Fn(&str, &str) -> Option<Zeroizing<Vec<u8>>> {}
impl<F: Fn(&str, &str) -> Option<Zeroizing<Vec<u8>>>> Open for F {}

impl Shape {
    /// Writes an object, whose metadata has been read already.
    ///
    /// # Errors
    /// What is wrong with the object, in words.
    pub(super) fn write(
        &self,
        object: &Members<'_>,
        metadata: &Members<'_>,
        sealed: &[SealedPath],
        open: impl Fn(&str, &str) -> Option<Zeroizing<Vec<u8>>>,
        about: usize,
    ) -> Result<Vec<u8>, String> {
        let mut out = Out {
            text: Vec::with_capacity(about),
            sealed,
            open,
        };
        out.text.push(b'{');
        out.text.extend_from_slice(self.first.as_bytes());
        for (name, value) in object.0.iter().filter(|(name, _)| self.kept.keeps(name)) {
            out.name(name);
            if name == "metadata" && value.get() != "null" {
                self.metadata(&mut out, metadata)?;
            } else {
                out.value(&pointer("", name), value)?;
            }
            out.text.push(b',');
        }
        out.close();
        Ok(out.text)
    }

    fn metadata(&self, out: &mut Out<'_, impl Open>, metadata: &Members<'_>) -> Result<(), String> {
        out.text.push(b'{');
        for (name, value) in &metadata.0 {
            out.name(name);
            match metadata.text(name).filter(|_| name == self.unfolded) {
                Some(folded) => out.text.extend_from_slice(folded.as_bytes()),
                None => out.value(&pointer("/metadata", name), value)?,
            }
            out.text.push(b',');
        }
        out.close();
        Ok(())
    }
}

/// What has been written, and what is needed to go on.
struct Out<'a, O> {
    text: Vec<u8>,
    sealed: &'a [SealedPath],
    open: O,
}

impl<O: Open> Out<'_, O> {
    fn name(&mut self, name: &str) {
        // A string can be written into memory.
        let _ = serde_json::to_writer(&mut self.text, name);
        self.text.push(b':');
    }

    /// Ends an object: the comma behind the last member goes.
    fn close(&mut self) {
        if self.text.last() == Some(&b',') {
            self.text.pop();
        }
        self.text.push(b'}');
    }

    fn value(&mut self, at: &str, value: &RawValue) -> Result<(), String> {
        match (self.part(at), value.get()) {
            (Part::Plain, text) | (_, text @ "null") => {
                self.text.extend_from_slice(text.as_bytes());
                Ok(())
            }
            (Part::SealedMembers, text) if text.starts_with('{') => {
                self.members(at, value, Self::opened)
            }
            (Part::AboveSealed, text) if text.starts_with('{') => {
                self.members(at, value, Self::value)
            }
            (Part::AboveSealed, text) => {
                self.text.extend_from_slice(text.as_bytes());
                Ok(())
            }
            (Part::Sealed | Part::SealedMembers, _) => self.opened(at, value),
        }
    }

    /// What of the value at a pointer is sealed.
    fn part(&self, at: &str) -> Part {
        let parts = self.sealed.iter().map(|path| {
            let (SealedPath::Value(sealed) | SealedPath::Members(sealed)) = path;
            match (path, sealed.strip_prefix(at)) {
                (SealedPath::Value(_), Some("")) => Part::Sealed,
                (SealedPath::Members(_), Some("")) => Part::SealedMembers,
                (_, Some(rest)) if rest.starts_with('/') => Part::AboveSealed,
                _ => Part::Plain,
            }
        });
        parts.max().unwrap_or(Part::Plain)
    }

    fn members(
        &mut self,
        at: &str,
        value: &RawValue,
        mut write: impl FnMut(&mut Self, &str, &RawValue) -> Result<(), String>,
    ) -> Result<(), String> {
        let members = Members::of(value).ok_or_else(|| format!("`{at}` is not an object"))?;
        self.text.push(b'{');
        for (name, value) in members.0 {
            self.name(&name);
            write(self, &pointer(at, &name), value)?;
            self.text.push(b',');
        }
        self.close();
        Ok(())
    }

    fn opened(&mut self, at: &str, value: &RawValue) -> Result<(), String> {
        let opened = (self.open)(at, value.get());
        let opened = opened.ok_or_else(|| format!("`{at}` does not open"))?;
        self.text.extend_from_slice(&opened);
        Ok(())
    }
}

/// What of a value is sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Nothing.
    Plain,
    /// Something inside of it.
    AboveSealed,
    /// Each of its members; all of it, where it is no object.
    SealedMembers,
    /// All of it.
    Sealed,
}

/// The JSON pointer (RFC 6901) of a member.
fn pointer(parent: &str, name: &str) -> String {
    if name.contains(['~', '/']) {
        let name = name.replace('~', "~0").replace('/', "~1");
        return format!("{parent}/{name}");
    }
    format!("{parent}/{name}")
}

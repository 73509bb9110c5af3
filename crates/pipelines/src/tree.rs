//! YAML or JSON with the place of every value, for inputs whose findings name a line and a column.
//!
//! Values may be secret, so that nothing here is ever shown: no `Debug`, and no error that quotes.

use bowline_core::manifest::{self, ManifestError};
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Spanned;

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Node {
    /// The value.
    pub(crate) value: Tree,
    /// Where it starts.
    pub(crate) at: At,
    /// Where its key starts, when it is a member of a mapping.
    pub(crate) key_at: Option<At>,
}

/// A place in one of several files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct At {
    /// Index of the file.
    pub(crate) file: usize,
    /// Line, from 1.
    pub(crate) line: u64,
    /// Column, from 1.
    pub(crate) column: u64,
}

/// A value as Go's YAML reader has it: only `true` and `false` are booleans.
#[derive(Clone)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(IndexMap<String, Node>),
}

impl Node {
    /// The documents of a file as one, merged in order.
    pub(crate) fn merged(file: usize, documents: Vec<Self>) -> Self {
        let mut merged = Self::nothing();
        merged.stamp(file);
        for document in documents {
            merged.merge(document);
        }
        merged
    }

    /// Reads the documents of a file, each a mapping; empty ones are left away.
    pub(crate) fn documents(file: usize, text: &str) -> Result<Vec<Self>, ManifestError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let options = serde_saphyr::options! {
            with_snippet: false,
            emit_comments: false,
            strict_booleans: true,
            duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
            budget: serde_saphyr::budget! { max_depth: 64 },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
        };
        let documents: Result<Vec<Self>, _> =
            serde_saphyr::from_multiple_with_options(text, options);
        let Ok(mut documents) = documents else {
            // The other reader says what is wrong, in words that quote nothing.
            let problem = manifest::parse(text.as_bytes()).err();
            return Err(problem.unwrap_or(ManifestError::Whole(manifest::Problem::Syntax)));
        };
        let is_mapping = |node: &Self| matches!(node.value, Tree::Map(_) | Tree::Null);
        if let Some(index) = documents.iter().position(|node| !is_mapping(node)) {
            return Err(ManifestError::NotAnObject { object: index + 1 });
        }
        documents.retain(|node| matches!(node.value, Tree::Map(_)));
        documents.iter_mut().for_each(|node| node.stamp(file));
        Ok(documents.into_iter().flat_map(Self::opened).collect())
    }

    /// The items of a `kind: List`, or the node itself.
    fn opened(self) -> Vec<Self> {
        match (self.is_kind("List"), self.get("items")) {
            (
                true,
                Some(Self {
                    value: Tree::List(items),
                    ..
                }),
            ) => items.clone(),
            _ => vec![self],
        }
    }

    /// A node that stands at the start of the first file.
    pub(crate) fn nothing() -> Self {
        let at = At {
            file: 0,
            line: 1,
            column: 1,
        };
        Self {
            value: Tree::Null,
            at,
            key_at: None,
        }
    }

    fn stamp(&mut self, file: usize) {
        self.at.file = file;
        if let Some(at) = &mut self.key_at {
            at.file = file;
        }
        match &mut self.value {
            Tree::List(items) => items.iter_mut().for_each(|item| item.stamp(file)),
            Tree::Map(members) => members.values_mut().for_each(|member| member.stamp(file)),
            _ => {}
        }
    }

    /// Lays another over this one: mappings member by member, everything else as a whole.
    pub(crate) fn merge(&mut self, other: Self) {
        match (&mut self.value, other.value) {
            (Tree::Map(members), Tree::Map(others)) => {
                for (key, node) in others {
                    match members.get_mut(&key) {
                        Some(member) => member.merge(node),
                        None => {
                            members.insert(key, node);
                        }
                    }
                }
            }
            (_, value) => {
                *self = Self { value, ..other };
            }
        }
    }

    /// A member of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Tree::Map(members) => members.get(key),
            _ => None,
        }
    }

    /// Whether it is the manifest of a kind.
    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        self.get("kind").and_then(Self::scalar).as_deref() == Some(kind)
    }

    /// Whether it is the manifest of an object of a name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let named = self
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        named.and_then(Self::scalar).as_deref() == Some(name)
    }

    /// The members of a mapping, in order; none of anything else.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&String, &Self)> {
        let members = match &self.value {
            Tree::Map(members) => Some(members),
            _ => None,
        };
        members.into_iter().flatten()
    }

    /// A scalar as text; `None` for a list or a mapping. Null is the empty text.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            Tree::Null => Some(String::new()),
            Tree::Bool(value) => Some(value.to_string()),
            Tree::Number(text) | Tree::Text(text) => Some(text.clone()),
            Tree::List(_) | Tree::Map(_) => None,
        }
    }

    /// Whether a Go template takes it for true.
    pub(crate) fn is_truthy(&self) -> bool {
        match &self.value {
            Tree::Null => false,
            Tree::Bool(value) => *value,
            Tree::Number(text) => text.parse() != Ok(0.0),
            Tree::Text(text) => !text.is_empty(),
            Tree::List(items) => !items.is_empty(),
            Tree::Map(members) => !members.is_empty(),
        }
    }

    /// Without the places.
    pub(crate) fn to_value(&self) -> Value {
        match &self.value {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
            }
            Tree::Text(text) => Value::String(text.clone()),
            Tree::List(items) => items.iter().map(Self::to_value).collect(),
            Tree::Map(members) => members
                .iter()
                .map(|(key, node)| (key.clone(), node.to_value()))
                .collect(),
        }
    }

    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Tree::Null => "nothing",
            Tree::Bool(_) => "a boolean",
            Tree::Number(_) => "a number",
            Tree::Text(_) => "text",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a mapping",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Spanned::<Tree>::deserialize(deserializer)?;
        let at = At {
            file: 0,
            line: read.referenced.line(),
            column: read.referenced.column(),
        };
        Ok(Self {
            value: read.value,
            at,
            key_at: None,
        })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut map = IndexMap::new();
        while let Some(key) = members.next_key::<Spanned<String>>()? {
            let mut node: Node = members.next_value()?;
            node.key_at = Some(At {
                file: 0,
                line: key.referenced.line(),
                column: key.referenced.column(),
            });
            map.insert(key.value, node);
        }
        Ok(Tree::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Node {
        let documents = Node::documents(0, text).unwrap_or_else(|error| panic!("{error}"));
        Node::merged(0, documents)
    }

    #[test]
    fn values_and_keys_know_their_line_and_column() {
        let node = parse("a:\n  b: [x, {c: 1}]\n");
        let b = node.get("a").and_then(|a| a.get("b")).expect("there is b");
        assert_eq!(
            (b.at.line, b.at.column, b.key_at.map(|at| at.column)),
            (2, 6, Some(3))
        );
        let Tree::List(items) = &b.value else {
            panic!("a list")
        };
        let c = items[1].get("c").expect("there is c");
        assert_eq!((c.at.line, c.at.column), (2, 14));
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        let node = parse("a: on\nb: yes\nc: true\nd: 07\n");
        let kinds = ["a", "b", "c"].map(|key| node.get(key).map(Node::kind));
        assert_eq!(kinds, [Some("text"), Some("text"), Some("a boolean")]);
    }

    #[test]
    fn mappings_are_merged_and_lists_replaced() {
        let mut node = parse("a: {x: 1, l: [1, 2]}\n");
        node.merge(parse("a: {y: 2, l: [3]}\n"));
        assert_eq!(
            node.to_value(),
            serde_json::json!({"a": {"x": 1, "l": [3], "y": 2}})
        );
    }

    #[test]
    fn an_error_names_the_place_and_quotes_nothing() {
        let error = Node::documents(0, "a: 1\nb: [canary\n").err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("line") && !text.contains("canary"), "{text}");
    }
}

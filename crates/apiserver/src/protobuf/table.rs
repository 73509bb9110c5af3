//! The messages a body may hold, read once from `messages.txt`. Decoding them is left to `message`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// All messages.
pub(super) static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::read(include_str!("messages.txt")));

pub(super) struct Table {
    messages: HashMap<Key, Message>,
}

/// The `apiVersion` and the name of a message.
pub(super) type Key = (&'static str, &'static str);

pub(super) struct Message {
    may_be_body: bool,
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    pub(super) number: u32,
    pub(super) place: Place,
    pub(super) shown: Shown,
    pub(super) shape: Shape,
    pub(super) kind: Kind,
    /// What an error calls it.
    pub(super) name: &'static str,
}

/// Where a field stands in the message's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A member of the name.
    Member,
    /// Its own members stand among those of the message.
    Inline,
    /// It is all of the message's JSON.
    Whole,
}

/// When a field is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Always,
    WhenSent,
    WhenNotEmpty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    List,
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Bytes,
    Int32,
    Int64,
    String,
    IntOrString,
    Json,
    MicroTime,
    Quantity,
    Time,
    Message(Key),
}

impl Table {
    /// The message of objects of a type, if they may be the whole body.
    pub(super) fn body(&'static self, api_version: &str, kind: &str) -> Option<&'static Message> {
        let mut messages = self
            .messages
            .iter()
            .filter(|(_, message)| message.may_be_body);
        messages
            .find(|(key, _)| **key == (api_version, kind))
            .map(|(_, message)| message)
    }

    pub(super) fn message(&self, key: Key) -> &Message {
        self.messages
            .get(&key)
            .expect("a test looks at every reference of the file")
    }

    fn read(text: &'static str) -> Self {
        let mut messages: HashMap<Key, Message> = HashMap::new();
        let mut current = ("", "");
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let mut fields = line;
            if let Some(api_version) = line.strip_prefix('[') {
                current.0 = api_version.trim_end_matches(']');
                continue;
            }
            if let (false, Some((name, rest))) = (line.starts_with(' '), line.split_once(':')) {
                fields = rest;
                current.1 = name.trim_end_matches('*');
                messages.insert(
                    current,
                    Message {
                        may_be_body: name.ends_with('*'),
                        fields: Vec::new(),
                    },
                );
            }
            if let Some(message) = messages.get_mut(&current) {
                let fields = fields
                    .split(',')
                    .map(str::trim)
                    .filter(|field| !field.is_empty());
                message
                    .fields
                    .extend(fields.map(|field| Field::read(field, current.0)));
            }
        }
        Self { messages }
    }
}

impl Field {
    /// `number name type`, as the head of the file explains.
    fn read(text: &'static str, api_version: &'static str) -> Self {
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (number, name, kind) = (word(), word(), word());
        let (place, shown) = match name {
            "..." => (Place::Inline, Shown::Always),
            "=" => (Place::Whole, Shown::Always),
            _ if name.ends_with('!') => (Place::Member, Shown::Always),
            _ if name.ends_with('?') => (Place::Member, Shown::WhenSent),
            _ => (Place::Member, Shown::WhenNotEmpty),
        };
        let (shape, kind) = match kind.split_at_checked(1) {
            Some(("[", inner)) => (Shape::List, inner.trim_end_matches(']')),
            Some(("{", inner)) => (Shape::Map, inner.trim_end_matches('}')),
            _ => (Shape::One, kind),
        };
        Self {
            number: number.parse().expect("a test reads the file"),
            place,
            shown,
            shape,
            kind: Kind::read(kind, api_version),
            name: name.trim_end_matches(['!', '?']),
        }
    }
}

impl Kind {
    fn read(text: &'static str, api_version: &'static str) -> Self {
        match text {
            "bool" => Self::Bool,
            "bytes" => Self::Bytes,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "string" => Self::String,
            "intstr" => Self::IntOrString,
            "json" => Self::Json,
            "microtime" => Self::MicroTime,
            "quantity" => Self::Quantity,
            "time" => Self::Time,
            other => Self::Message(other.rsplit_once('.').unwrap_or((api_version, other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_message() {
        let all = TABLE.messages.values().flat_map(|message| &message.fields);
        let lost: Vec<Kind> = all
            .map(|field| field.kind)
            .filter(|kind| matches!(kind, Kind::Message(key) if !TABLE.messages.contains_key(key)))
            .collect();
        assert_eq!(lost, []);
    }

    /// How deep messages nest below this one; the reader calls itself as often.
    fn depth(key: Key, above: usize) -> usize {
        assert!(above < 64, "{key:?} may be nested without end");
        let inner = TABLE
            .message(key)
            .fields
            .iter()
            .filter_map(|field| match field.kind {
                Kind::Message(inner) => Some(depth(inner, above + 1)),
                _ => None,
            });
        1 + inner.max().unwrap_or(0)
    }

    #[test]
    fn no_message_nests_without_end() {
        let deepest = TABLE.messages.keys().map(|key| depth(*key, 0)).max();
        assert!(deepest.is_some_and(|deepest| deepest < 32), "{deepest:?}");
    }

    #[test]
    fn no_message_has_a_number_or_a_name_twice() {
        for (key, message) in &TABLE.messages {
            let members =
                |fields: &[Field]| fields.iter().filter(|f| f.place == Place::Member).count();
            let numbers: std::collections::HashSet<u32> =
                message.fields.iter().map(|f| f.number).collect();
            let names: std::collections::HashSet<&str> = message
                .fields
                .iter()
                .filter(|f| f.place == Place::Member)
                .map(|f| f.name)
                .collect();
            assert_eq!(
                (numbers.len(), names.len()),
                (message.fields.len(), members(&message.fields)),
                "{key:?}"
            );
        }
    }

    #[test]
    fn only_objects_and_options_may_be_a_body() {
        assert!(TABLE.body("v1", "Secret").is_some());
        assert!(TABLE.body("meta.k8s.io/v1", "DeleteOptions").is_some());
        assert!(TABLE.body("v1", "PodSpec").is_none());
    }
}

//! The injected record: what Bowline wrote into a workload, kept in the annotation
//! [`names::INJECTED`] so that untying takes away exactly that. Never holds a secret value beyond
//! the locations that the workload's own fields show.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::path::{Path, Step, member};
use crate::names;

/// What was injected into one workload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// One entry for each connection, in the order of the reference.
    pub connections: Vec<Tied>,
    /// Parents that did not exist before (or were null), outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Made>,
}

/// What one connection brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tied {
    /// Name of the Secret.
    pub name: String,
    /// Protocol it was tied by; absent where the protocol plays no role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Fields that were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldSet>,
    /// Items that were appended to lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemAdded>,
    /// Whether pods run under the connection's account because the user's manifest says so itself:
    /// nothing to take back, but the account is in use.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_account: bool,
}

/// A field that was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldSet {
    /// Path of the field.
    pub at: String,
    /// The value written.
    pub value: Value,
    /// The value that stood there before; absent when there was none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub was: Option<Value>,
}

/// An item that was appended to a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemAdded {
    /// Path of the list.
    #[serde(rename = "in")]
    pub list: String,
    /// The item.
    pub value: Value,
}

/// A parent that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Path of the object or list.
    pub at: String,
    /// Whether a null stood there before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_null: bool,
}

/// Keeps an explicit null apart from an absent member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Record {
    /// The record that an object carries; `None` when there is none or it cannot be read.
    pub fn of(object: &Value) -> Option<Self> {
        let text = annotation(object, names::INJECTED)?;
        serde_json::from_str(text).ok()
    }

    /// The entry of a connection.
    pub fn tied(&self, name: &str) -> Option<&Tied> {
        self.connections.iter().find(|tied| tied.name == name)
    }

    /// Whether an object carries the annotation at all, readable or not.
    pub fn is_on(object: &Value) -> bool {
        annotation(object, names::INJECTED).is_some()
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a record of strings and JSON values serialises")
    }
}

/// The annotations of an object, whatever they are.
pub(crate) fn annotations(object: &Value) -> Option<&Value> {
    member(member(object, "metadata")?, "annotations")
}

/// An annotation of an object, as text.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    member(annotations(object)?, key)?.as_str()
}

/// What Bowline writes at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// The value of a field.
    Field,
    /// An item of a list.
    Item,
    /// An object or list that is to hold the others.
    Parent,
}

/// Whether Bowline ever writes this at a path. A record is data that a person can edit, so anything
/// else in it is ignored.
pub(crate) fn may_write(path: &Path, what: Written) -> bool {
    const FIELDS: &[&str] = &["serviceAccountName", "storageUri", "uri", "key", "path"];
    const LISTS: &[&str] = &["envFrom", "imagePullSecrets"];
    const OBJECTS: &[&str] = &["template", "model", "storage", "predictor", "spec"];
    let names: &[&[&str]] = match what {
        Written::Field => &[FIELDS],
        Written::Item => &[LISTS],
        Written::Parent => &[LISTS, OBJECTS],
    };
    let is_annotations = *path == Path::keys(&["metadata", "annotations"]);
    let is_in_spec = path.0.first() == Some(&Step::Key("spec".into()));
    let is_known = |key| names.iter().any(|names| names.contains(&key));
    (what == Written::Parent && is_annotations)
        || (is_in_spec && path.last_key().is_some_and(is_known))
}

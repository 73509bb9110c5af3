//! `FieldsV1`, the form in which clients see sets of parts: a JSON object per step, and `.` where a
//! path ends and goes on as well.

use super::set::{FieldSet, Node};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

const SELF: &str = ".";

impl Serialize for FieldSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (step, node) in self.iter() {
            map.serialize_entry(step, node)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.is_member && !self.below.is_empty() {
            map.serialize_entry(SELF, &FieldSet::default())?;
        }
        for (step, node) in self.below.iter() {
            map.serialize_entry(step, node)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Node::deserialize(deserializer).map(|root| root.below)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Steps)
    }
}

struct Steps;

impl<'de> Visitor<'de> for Steps {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose members are steps to parts of an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        let mut is_member = false;
        while let Some(step) = map.next_key::<Box<str>>()? {
            let node: Node = map.next_value()?;
            match step.get(..2) {
                _ if *step == *SELF => is_member = true,
                Some("f:" | "k:" | "v:" | "i:") => nodes.push((step, node)),
                _ => {
                    return Err(A::Error::custom(
                        "a step that is none of `f:`, `k:`, `v:`, `i:`",
                    ));
                }
            }
        }
        // An empty object is a path that ends there.
        is_member |= nodes.is_empty();
        Ok(Node {
            is_member,
            below: FieldSet::new(nodes),
        })
    }
}

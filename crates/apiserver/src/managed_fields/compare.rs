//! What differs between two states of an object.

use super::set::{FieldSet, Node};
use super::shape::{Place, Shape, entries, members, step_to_member};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What differs between two states of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What is new or has another value.
    pub(crate) changed: FieldSet,
    /// What is gone.
    pub(crate) removed: FieldSet,
}

impl Difference {
    /// Whether both states are the same.
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty()
    }

    /// Leaves some members of the object out.
    pub(crate) fn leave_out(&mut self, members: &[&str]) {
        for member in members {
            let step = step_to_member(member);
            self.changed.remove(&step);
            self.removed.remove(&step);
        }
    }
}

/// The same, at one step.
#[derive(Default)]
struct Nodes {
    changed: Node,
    removed: Node,
}

/// What differs between two states of an object of this schema.
pub(crate) fn compare(old: &Value, new: &Value, schema: &Value) -> Difference {
    let nodes = at(Some(old), Some(new), Place::root(schema));
    Difference {
        changed: nodes.changed.below,
        removed: nodes.removed.below,
    }
}

fn at(old: Option<&Value>, new: Option<&Value>, place: Place<'_>) -> Nodes {
    // What is the same needs no schema, and most of an object is.
    if old.is_some() && old == new {
        return Nodes::default();
    }
    let mut nodes = match place.shape([old, new]) {
        Shape::Whole => return whole(old, new),
        Shape::Members(place) => {
            let (before, after) = (members(old), members(new));
            if before.is_none_or(Map::is_empty) && after.is_none_or(Map::is_empty) {
                return whole(old, new);
            }
            by_member(before, after, place)
        }
        Shape::Entries { each, keys } => {
            let (before, after) = (entries(old), entries(new));
            if before.is_empty() && after.is_empty() {
                return whole(old, new);
            }
            by_entry(before, after, each, &keys)
        }
    };
    nodes.changed.is_member = old.is_none();
    nodes.removed.is_member = old.is_some() && new.is_none();
    nodes
}

fn whole(old: Option<&Value>, new: Option<&Value>) -> Nodes {
    let mut nodes = Nodes::default();
    if new.is_none() {
        nodes.removed.is_member = old.is_some();
    } else if old != new {
        nodes.changed.is_member = true;
    }
    nodes
}

fn by_member(
    before: Option<&Map<String, Value>>,
    after: Option<&Map<String, Value>>,
    place: Place<'_>,
) -> Nodes {
    let gone = before
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| after.is_none_or(|after| !after.contains_key(*name)));
    let there = after.into_iter().flat_map(Map::keys);
    let mut collected = Collected::default();
    for name in there.chain(gone) {
        let (old, new) = (place.value(before, name), place.value(after, name));
        let nodes = at(old, new, place.member(name).0);
        collected.add(|| step_to_member(name), nodes);
    }
    collected.into_nodes()
}

fn by_entry(before: &[Value], after: &[Value], each: Place<'_>, keys: &[&str]) -> Nodes {
    // Entries that nothing tells apart belong to nobody; several of one step count as one value.
    let mut all: BTreeMap<Box<str>, [Vec<&Value>; 2]> = BTreeMap::new();
    for (side, list) in [before, after].into_iter().enumerate() {
        for entry in list {
            if let Some(step) = each.step(entry, keys) {
                all.entry(step).or_default()[side].push(entry);
            }
        }
    }
    let mut collected = Collected::default();
    for (step, [old, new]) in all {
        let nodes = match (old.as_slice(), new.as_slice()) {
            ([] | [_], [] | [_]) => at(old.first().copied(), new.first().copied(), each),
            ([_, _, ..], [_, _, ..]) => Nodes {
                changed: Node {
                    is_member: old != new,
                    ..Node::default()
                },
                removed: Node::default(),
            },
            ([_, _, ..], _) => {
                let mut nodes = at(None, new.first().copied(), each);
                nodes.removed.is_member = true;
                nodes
            }
            (_, _) => {
                let mut nodes = at(old.first().copied(), None, each);
                nodes.changed.is_member = true;
                nodes
            }
        };
        collected.add(|| step, nodes);
    }
    collected.into_nodes()
}

#[derive(Default)]
struct Collected {
    changed: Vec<(Box<str>, Node)>,
    removed: Vec<(Box<str>, Node)>,
}

impl Collected {
    fn add(&mut self, step: impl FnOnce() -> Box<str>, nodes: Nodes) {
        match (nodes.changed.is_empty(), nodes.removed.is_empty()) {
            (true, true) => {}
            (false, true) => self.changed.push((step(), nodes.changed)),
            (true, false) => self.removed.push((step(), nodes.removed)),
            (false, false) => {
                let step = step();
                self.changed.push((step.clone(), nodes.changed));
                self.removed.push((step, nodes.removed));
            }
        }
    }

    fn into_nodes(self) -> Nodes {
        let node = |nodes| Node {
            is_member: false,
            below: FieldSet::new(nodes),
        };
        Nodes {
            changed: node(self.changed),
            removed: node(self.removed),
        }
    }
}

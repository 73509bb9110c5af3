//! What an applied object names, and what is wrong with it for being applied.

use super::path::Path;
use super::set::{FieldSet, Node};
use super::shape::{Place, Shape, entries, members, step_to_member};
use crate::validate::FINDINGS_LIMIT;
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that an object names: its values that are owned whole, and the entries and members
/// that hold them.
pub(crate) fn extract(object: &Value, schema: &Value) -> FieldSet {
    at(object, Place::root(schema)).below
}

fn at(value: &Value, place: Place<'_>) -> Node {
    let mut nodes = Vec::new();
    match place.shape([Some(value), None]) {
        Shape::Whole => return Node::member(),
        Shape::Members(place) => {
            for (name, value) in members(Some(value)).into_iter().flatten() {
                let (inner, is_declared) = place.member(name);
                let mut node = at(value, inner);
                let is_empty = value.is_null() || value.as_object().is_some_and(|m| m.is_empty());
                node.is_member |= is_empty || !is_declared;
                nodes.push((step_to_member(name), node));
            }
        }
        Shape::Entries { each, keys } => {
            let mut seen: BTreeMap<Box<str>, Node> = BTreeMap::new();
            for entry in entries(Some(value)) {
                let Some(step) = each.step(entry, &keys) else {
                    continue;
                };
                // Entries that cannot be told apart are owned as one.
                let again = seen.get_mut(&step).map(|node| *node = Node::member());
                if again.is_none() {
                    let mut node = at(entry, each);
                    node.is_member = true;
                    seen.insert(step, node);
                }
            }
            nodes.extend(seen);
        }
    }
    Node {
        is_member: false,
        below: FieldSet::new(nodes),
    }
}

/// What is named by its members only, as named itself too: the members that a schema declares.
pub(super) fn with_named_members(set: &FieldSet, schema: &Value) -> FieldSet {
    named(set, Some(Place::root(schema)))
}

fn named(set: &FieldSet, place: Option<Place<'_>>) -> FieldSet {
    let shape = place.map(|place| place.shape([None, None]));
    let nodes = set.iter().map(|(step, node)| {
        let (inner, is_declared) = match (&shape, step.strip_prefix("f:")) {
            (Some(Shape::Members(place)), Some(name)) => {
                let (inner, is_declared) = place.member(name);
                (Some(inner), is_declared)
            }
            (Some(Shape::Entries { each, .. }), None) => (Some(*each), false),
            _ => (None, false),
        };
        let node = Node {
            is_member: node.is_member || (is_declared && !node.below.is_empty()),
            below: named(&node.below, inner),
        };
        (step.into(), node)
    });
    FieldSet::new(nodes.collect())
}

/// Why an object cannot be applied: what its schema does not know, and entries named twice. No text
/// shows a value, but for those by which entries are told apart.
pub(crate) fn faults(object: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    find_faults(
        object,
        Place::root(schema),
        &mut Path::default(),
        &mut found,
    );
    found
}

fn find_faults(value: &Value, place: Place<'_>, path: &mut Path, found: &mut Vec<String>) {
    if found.len() >= FINDINGS_LIMIT {
        return;
    }
    if let Some(wanted) = place.broken_type(value) {
        let kind = crate::validate::type_name(value);
        found.push(format!("{path}: expected {wanted}, got {kind}"));
        return;
    }
    match place.shape([Some(value), None]) {
        Shape::Whole => {}
        Shape::Members(place) => {
            for (name, value) in members(Some(value)).into_iter().flatten() {
                let step = step_to_member(name);
                path.inside(&step, |path| {
                    if place.knows(name) {
                        find_faults(value, place.member(name).0, path, found);
                    } else if found.len() < FINDINGS_LIMIT {
                        found.push(format!("{path}: field not declared in schema"));
                    }
                });
            }
        }
        Shape::Entries { each, keys } => {
            let mut seen = std::collections::HashSet::new();
            for (index, entry) in entries(Some(value)).iter().enumerate() {
                if found.len() >= FINDINGS_LIMIT {
                    return;
                }
                let Some(step) = each.step(entry, &keys) else {
                    let keys = keys.join("`, `");
                    found.push(format!(
                        "{path}: element {index}: has no `{keys}`, by which the list is merged"
                    ));
                    continue;
                };
                path.inside(&step, |path| find_faults(entry, each, path, found));
                if !seen.insert(step.clone()) {
                    let key = Path::of(&[&step]);
                    found.push(format!("{path}: duplicate entries for key {key}"));
                }
            }
        }
    }
}

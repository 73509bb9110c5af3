//! Puts an applied object into a live one, and takes parts out of it.

use super::set::FieldSet;
use super::shape::{Place, Shape, entries, members, step_to_member};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The live object with everything that the applied one names. Nothing is taken away.
pub(super) fn merge(live: &Value, applied: &Value, schema: &Value) -> Value {
    both(live, applied, Place::root(schema))
}

fn both(live: &Value, applied: &Value, place: Place<'_>) -> Value {
    match place.shape([Some(live), Some(applied)]) {
        Shape::Whole => applied.clone(),
        Shape::Members(place) => {
            let (old, new) = (members(Some(live)), members(Some(applied)));
            match (old, new) {
                (Some(old), Some(new)) if !old.is_empty() => by_member(old, new, place),
                (Some(old), None) if !old.is_empty() => live.clone(),
                _ => applied.clone(),
            }
        }
        Shape::Entries { each, keys } => {
            let (old, new) = (entries(Some(live)), entries(Some(applied)));
            if old.is_empty() {
                return applied.clone();
            }
            Value::Array(by_entry(old, new, each, &keys))
        }
    }
}

fn by_member(old: &Map<String, Value>, new: &Map<String, Value>, place: Place<'_>) -> Value {
    let mut merged = old.clone();
    for (name, applied) in new {
        let value = match old.get(name) {
            Some(live) => both(live, applied, place.member(name).0),
            None => applied.clone(),
        };
        merged.insert(name.clone(), value);
    }
    Value::Object(merged)
}

/// The entries of both. Those of the applied list keep its order; the others stay where they are
/// between them.
fn by_entry(old: &[Value], new: &[Value], each: Place<'_>, keys: &[&str]) -> Vec<Value> {
    let steps = |list: &[Value]| -> Vec<Option<Box<str>>> {
        list.iter().map(|entry| each.step(entry, keys)).collect()
    };
    let (old_steps, new_steps) = (steps(old), steps(new));
    let mut live: HashMap<&str, Option<&Value>> = HashMap::new();
    for (step, entry) in old_steps.iter().zip(old) {
        // Entries that are there twice are replaced, not merged.
        let Some(step) = step else { continue };
        live.entry(step)
            .and_modify(|found| *found = None)
            .or_insert(Some(entry));
    }
    let applied: HashSet<&str> = new_steps.iter().flatten().map(AsRef::as_ref).collect();
    let merged = |place: usize| {
        let step = new_steps[place].as_deref();
        match step.and_then(|step| live.get(step).copied().flatten()) {
            Some(live) => both(live, &new[place], each),
            None => new[place].clone(),
        }
    };
    let is_applied =
        |step: &Option<Box<str>>| step.as_deref().is_some_and(|step| applied.contains(step));
    // The places in the applied list of the entries that both have, in its order.
    let mut shared = new_steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.as_deref().is_some_and(|step| live.contains_key(step)))
        .map(|(place, _)| place)
        .peekable();
    let mut result = Vec::with_capacity(old.len() + new.len());
    let mut done = 0;
    for (step, entry) in old_steps.iter().zip(old) {
        if !is_applied(step) {
            result.push(entry.clone());
            continue;
        }
        // The next shared entry stands here: everything of the applied list up to it goes first.
        if shared
            .peek()
            .is_some_and(|place| new_steps[*place] == *step)
            && let Some(place) = shared.next()
        {
            result.extend((done..=place).map(merged));
            done = place + 1;
        }
    }
    result.extend((done..new.len()).map(merged));
    result
}

/// The object without these parts; what becomes empty by that goes too.
pub(super) fn remove(object: &Value, parts: &FieldSet, schema: &Value) -> Value {
    without(object, parts, Place::root(schema)).unwrap_or_else(|| Value::Object(Map::new()))
}

fn without(value: &Value, parts: &FieldSet, place: Place<'_>) -> Option<Value> {
    match place.shape([Some(value), None]) {
        Shape::Members(place) => {
            let mut kept = Map::new();
            for (name, value) in members(Some(value))? {
                let node = parts.get(&step_to_member(name));
                let value = match node {
                    Some(node) if node.is_member => continue,
                    Some(node) => without(value, &node.below, place.member(name).0),
                    None => Some(value.clone()),
                };
                kept.extend(value.map(|value| (name.clone(), value)));
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Shape::Entries { each, keys } => {
            let mut kept = Vec::new();
            for entry in entries(Some(value)) {
                let step = each.step(entry, &keys);
                match step.and_then(|step| parts.get(&step)) {
                    Some(node) if node.is_member => {}
                    Some(node) => kept.extend(without(entry, &node.below, each)),
                    None => kept.push(entry.clone()),
                }
            }
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Shape::Whole => Some(value.clone()),
    }
}

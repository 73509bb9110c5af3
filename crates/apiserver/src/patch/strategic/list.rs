//! Lists within a strategic merge patch. Whether a list is a set of plain values or of objects
//! told apart by a key, each element has an identity, and everything below works on identities.

use super::{DELETE_FROM, Merged, Merger, PATCH, SET_ELEMENT_ORDER, added};
use crate::patch::{ListStrategy, PatchError};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// An element with its identity.
struct Item {
    id: String,
    value: Value,
}

impl<'a> Merger<'a> {
    /// Merges the list at the present path.
    pub(super) fn list(
        &mut self,
        target: Vec<Value>,
        patch: &'a [Value],
    ) -> Result<Vec<Value>, PatchError> {
        let Some(strategy) = self.strategy() else {
            return Ok(patch.iter().filter_map(added).collect());
        };
        let before = self.ids(&target, strategy)?;
        let wanted = self.ids_of_elements(patch, strategy)?;
        let merged = self.merged(target, patch, strategy)?;
        Ok(in_order(merged, &wanted, &before))
    }

    /// Merges the list `name` and puts it into the order that `$setElementOrder` gives.
    pub(super) fn ordered(
        &mut self,
        target: &mut Map<String, Value>,
        name: &str,
        patch: Option<&'a Value>,
        order: &Value,
    ) -> Merged {
        let misused =
            |merger: &Self, why| merger.misused(&format!("{SET_ELEMENT_ORDER}{name}"), why);
        let Some(strategy) = self.strategy() else {
            return Err(misused(self, "the list is not one that is merged"));
        };
        let (Some(order), Some(patch)) = (order.as_array(), elements(patch)) else {
            return Err(misused(self, "it is a list, for a list"));
        };
        let wanted = self.ids(order, strategy)?;
        if !wanted.is_empty() {
            let mut rest = wanted.iter();
            let sorted = self.ids_of_elements(patch, strategy)?;
            if !sorted.iter().all(|id| rest.any(|wanted| wanted == id)) {
                return Err(misused(
                    self,
                    "it must hold all elements of the patch, in their order",
                ));
            }
        }
        let current = match target.get_mut(name) {
            None if patch.is_empty() => return Ok(()),
            None => Vec::new(),
            Some(Value::Array(current)) => std::mem::take(current),
            Some(_) => return Err(misused(self, "the object has no list there")),
        };
        let before = self.ids(&current, strategy)?;
        let merged = self.merged(current, patch, strategy)?;
        let sorted = in_order(merged, &wanted, &before);
        target.insert(name.to_owned(), Value::Array(sorted));
        Ok(())
    }

    /// `$deleteFromPrimitiveList`: takes plain values out.
    pub(super) fn delete_from(
        &self,
        target: &mut Map<String, Value>,
        list: &str,
        gone: &Value,
    ) -> Merged {
        let Some(gone) = gone.as_array() else {
            return Err(self.misused(DELETE_FROM.trim_end_matches('/'), "it is a list"));
        };
        if let Some(Value::Array(target)) = target.get_mut(list) {
            let gone: HashSet<_> = self.ids(gone, ListStrategy::Set)?.into_iter().collect();
            target.retain(|item| !is_plain(item) || !gone.contains(&item.to_string()));
        }
        Ok(())
    }

    /// The elements of both, those of the patch merged in or appended, not yet in order.
    fn merged(
        &mut self,
        target: Vec<Value>,
        patch: &'a [Value],
        strategy: ListStrategy,
    ) -> Result<Vec<Item>, PatchError> {
        let mut gone = HashSet::new();
        let mut is_replaced = false;
        for element in patch {
            match element.get(PATCH).map(Value::as_str) {
                None => {}
                Some(Some("delete")) => {
                    gone.insert(self.id(element, strategy)?);
                }
                Some(Some("replace")) => is_replaced = true,
                Some(_) => {
                    return Err(self.misused(PATCH, "in a list it is `replace` or `delete`"));
                }
            }
        }
        let mut items = Vec::with_capacity(target.len() + patch.len());
        for value in target.into_iter().filter(|_| !is_replaced) {
            let id = self.id(&value, strategy)?;
            if !gone.contains(&id) {
                items.push(Item { id, value });
            }
        }
        let mut places = HashMap::new();
        for (place, item) in items.iter().enumerate() {
            places.entry(item.id.clone()).or_insert(place);
        }
        for element in patch.iter().filter(|element| element.get(PATCH).is_none()) {
            let id = self.id(element, strategy)?;
            match (
                places.get(&id).map(|place| &mut items[*place].value),
                element,
            ) {
                (Some(Value::Object(target)), Value::Object(patch)) => self.map(target, patch)?,
                (Some(_), _) => {}
                (None, element) => {
                    places.insert(id.clone(), items.len());
                    items.extend(added(element).map(|value| Item { id, value }));
                }
            }
        }
        if strategy == ListStrategy::Set {
            let mut seen = HashSet::new();
            items.retain(|item| seen.insert(item.id.clone()));
        }
        Ok(items)
    }

    fn strategy(&self) -> Option<ListStrategy> {
        self.keys.of(&self.path)
    }

    fn ids(&self, items: &[Value], strategy: ListStrategy) -> Result<Vec<String>, PatchError> {
        items.iter().map(|item| self.id(item, strategy)).collect()
    }

    /// Without the elements that only carry a directive.
    fn ids_of_elements(
        &self,
        patch: &[Value],
        strategy: ListStrategy,
    ) -> Result<Vec<String>, PatchError> {
        let plain = patch.iter().filter(|element| element.get(PATCH).is_none());
        plain.map(|element| self.id(element, strategy)).collect()
    }

    fn id(&self, item: &Value, strategy: ListStrategy) -> Result<String, PatchError> {
        match strategy {
            ListStrategy::Set if is_plain(item) => Ok(item.to_string()),
            ListStrategy::Set => Err(PatchError::NotPlain { path: self.path() }),
            ListStrategy::ByKey(key) => match item.get(key) {
                Some(value) if is_plain(value) => Ok(value.to_string()),
                _ => Err(PatchError::NoMergeKey {
                    path: self.path(),
                    key,
                }),
            },
        }
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

/// The list that a patch holds for an order; it may be left out.
fn elements(patch: Option<&Value>) -> Option<&[Value]> {
    match patch {
        None => Some(&[]),
        Some(patch) => patch.as_array().map(Vec::as_slice),
    }
}

/// Puts elements into the `wanted` order. Those that it does not name keep their order, and each
/// stays ahead of a wanted element that it was ahead of `before`.
fn in_order(items: Vec<Item>, wanted: &[String], before: &[String]) -> Vec<Value> {
    let (wanted, before) = (places(wanted), places(before));
    let is_wanted = |item: &Item| wanted.contains_key(item.id.as_str());
    let (mut sorted, others): (Vec<_>, Vec<_>) = items.into_iter().partition(is_wanted);
    sorted.sort_by_key(|item| wanted.get(item.id.as_str()));
    let mut others = others.into_iter().peekable();
    let mut result = Vec::new();
    for item in sorted {
        let place = before.get(item.id.as_str());
        let is_ahead = |other: &Item| {
            let other = before.get(other.id.as_str());
            place.zip(other).is_some_and(|(place, other)| other < place)
        };
        while let Some(other) = others.next_if(is_ahead) {
            result.push(other.value);
        }
        result.push(item.value);
    }
    result.extend(others.map(|item| item.value));
    result
}

fn places(ids: &[String]) -> HashMap<&str, usize> {
    let mut places = HashMap::new();
    for (place, id) in ids.iter().enumerate() {
        places.entry(id.as_str()).or_insert(place);
    }
    places
}

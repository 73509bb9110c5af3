//! Strategic merge patch: a merge patch that merges some lists element by element, steered by
//! `$` directives. Which lists is told by [`MergeKeys`]; how a list is merged is left to `list`.

mod list;

use super::merge::remove_nulls;
use super::{MergeKeys, PatchError};
use serde_json::{Map, Value};
use std::collections::HashSet;

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

pub(super) fn apply(
    target: &mut Value,
    patch: &Value,
    keys: &dyn MergeKeys,
) -> Result<(), PatchError> {
    let (Value::Object(target), Value::Object(patch)) = (target, patch) else {
        return Err(PatchError::NotAnObject);
    };
    Merger {
        keys,
        path: Vec::new(),
    }
    .map(target, patch)
}

/// A merge under way, at some field.
struct Merger<'a> {
    keys: &'a dyn MergeKeys,
    path: Vec<&'a str>,
}

impl<'a> Merger<'a> {
    fn map(&mut self, target: &mut Map<String, Value>, patch: &'a Map<String, Value>) -> Merged {
        match patch.get(PATCH).map(Value::as_str) {
            None => {}
            Some(Some("replace")) => {
                *target = added_members(patch);
                return Ok(());
            }
            Some(Some("delete")) => {
                target.clear();
                return Ok(());
            }
            Some(_) => return Err(self.misused(PATCH, "in an object it is `replace` or `delete`")),
        }
        if let Some(names) = patch.get(RETAIN_KEYS) {
            self.retain(target, patch, names)?;
        }
        // Orders first and deletions last: an order stands for the list before deletions.
        for (name, order) in patch {
            if let Some(list) = name.strip_prefix(SET_ELEMENT_ORDER) {
                self.at(list, |merger| {
                    merger.ordered(target, list, patch.get(list), order)
                })?;
            }
        }
        remove_nulls(target, patch);
        for (name, value) in patch {
            let is_done = patch.contains_key(&format!("{SET_ELEMENT_ORDER}{name}"));
            if !is_directive(name) && !is_done {
                self.at(name, |merger| merger.member(target, name, value))?;
            }
        }
        for (name, gone) in patch {
            if let Some(list) = name.strip_prefix(DELETE_FROM) {
                self.at(list, |merger| merger.delete_from(target, list, gone))?;
            }
        }
        Ok(())
    }

    /// Merges one member that is not under an order.
    fn member(&mut self, target: &mut Map<String, Value>, name: &str, patch: &'a Value) -> Merged {
        match (target.get_mut(name), patch) {
            // It was taken away with all others that are null.
            (_, Value::Null) => {}
            (Some(Value::Object(target)), Value::Object(patch)) => self.map(target, patch)?,
            (Some(Value::Array(target)), Value::Array(patch)) => {
                *target = self.list(std::mem::take(target), patch)?;
            }
            (_, patch) => {
                if let Some(value) = added(patch) {
                    target.insert(name.to_owned(), value);
                }
            }
        }
        Ok(())
    }

    /// `$retainKeys`: what is not named goes; what the patch sets must be named.
    fn retain(
        &self,
        target: &mut Map<String, Value>,
        patch: &Map<String, Value>,
        names: &Value,
    ) -> Merged {
        let names: Option<HashSet<_>> = names
            .as_array()
            .and_then(|names| names.iter().map(Value::as_str).collect());
        let Some(names) = names else {
            return Err(self.misused(RETAIN_KEYS, "it is a list of member names"));
        };
        let sets = |(name, value): (&String, &Value)| !is_directive(name) && !value.is_null();
        let is_named = |name: &String| names.contains(name.as_str());
        if patch
            .iter()
            .any(|member| sets(member) && !is_named(member.0))
        {
            return Err(self.misused(RETAIN_KEYS, "it must name every member that is set"));
        }
        target.retain(|name, _| is_named(name));
        Ok(())
    }

    /// Does something one field deeper.
    fn at<T>(
        &mut self,
        name: &'a str,
        work: impl FnOnce(&mut Self) -> Result<T, PatchError>,
    ) -> Result<T, PatchError> {
        self.path.push(name);
        let result = work(self);
        self.path.pop();
        result
    }

    fn path(&self) -> String {
        self.path.join(".")
    }

    fn misused(&self, directive: &str, why: &'static str) -> PatchError {
        PatchError::Directive {
            directive: directive.to_owned(),
            path: self.path(),
            why,
        }
    }
}

type Merged = Result<(), PatchError>;

fn is_directive(name: &str) -> bool {
    name == PATCH
        || name == RETAIN_KEYS
        || name.starts_with(SET_ELEMENT_ORDER)
        || name.starts_with(DELETE_FROM)
}

/// A value of the patch that meets nothing in the target: without nulls and directives, and none
/// at all where the patch deletes it.
fn added(patch: &Value) -> Option<Value> {
    match patch {
        Value::Object(members) if members.get(PATCH).is_some_and(|d| d == "delete") => None,
        Value::Object(members) => Some(Value::Object(added_members(members))),
        Value::Array(items) => Some(items.iter().filter_map(added).collect()),
        plain => Some(plain.clone()),
    }
}

fn added_members(patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .iter()
        .filter(|(name, value)| !is_directive(name) && !value.is_null())
        .filter_map(|(name, value)| Some((name.clone(), added(value)?)))
        .collect()
}

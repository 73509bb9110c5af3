//! An object without its references to one connection; what cannot be taken out safely is named.
//! Writing it back is left to `patch`.

use std::collections::BTreeSet;

use bowline_core::{WorkloadKind, names};
use serde_json::Value;

use crate::kinds::{Kind, Shape};
use crate::references::{FieldPath, Found, How, find, is_own};

/// An object without the references that could be taken out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cleaned {
    pub(super) object: Value,
    /// Why others stay; each goes on after the object's name.
    pub(super) stuck: Vec<String>,
}

/// Takes one connection out of an object.
pub(super) fn clean(kind: &Kind, object: &Value, secret: &str) -> Cleaned {
    let mut cleaned = Cleaned {
        object: object.clone(),
        stuck: Vec::new(),
    };
    let found = find(kind, object).into_iter();
    let found: Vec<_> = found.filter(|found| found.secret == secret).collect();
    let mut items = BTreeSet::new();
    for found in &found {
        match reason(kind, found) {
            Some(reason) => cleaned.stuck.push(reason),
            None => take_out(kind, &mut cleaned.object, found, &mut items),
        }
    }
    // From the end, so that the places of the others stay true.
    for (list, index) in items.into_iter().rev() {
        remove_item(&mut cleaned.object, &list, index);
    }
    cleaned
}

/// Why a reference cannot be taken out.
fn reason(kind: &Kind, found: &Found) -> Option<String> {
    let at = &found.at;
    let is_frozen = matches!(kind.shape, Shape::Workload(kind) if kind.is_pod_immutable());
    match found.how {
        How::Volume => Some(format!("mounts it as a volume (`{at}`)")),
        How::Pipelines => Some(format!("cannot do without it (`{at}`)")),
        How::Annotation => None,
        _ if is_frozen => Some(format!("cannot be changed any more (`{at}`)")),
        _ => None,
    }
}

/// Takes out what is no item of a list, and notes what is one.
fn take_out(kind: &Kind, object: &mut Value, found: &Found, items: &mut BTreeSet<(String, usize)>) {
    match found.how {
        How::Annotation => annotation(kind, object, found),
        How::StorageKey => {
            let path = found.at.pointer();
            let storage = path.rsplit_once('/').map_or("", |(storage, _)| storage);
            remove_member(object, storage);
        }
        How::StorageConfig | How::Volume | How::Pipelines => {}
        How::EnvFrom | How::Env | How::PullSecret | How::ServiceAccount => {
            items.extend(
                found
                    .at
                    .innermost_item()
                    .map(|(list, index)| (list.pointer(), index)),
            );
        }
    }
}

/// A list loses one entry; one that names nothing any more goes, and so does a model's path below
/// the connection.
fn annotation(kind: &Kind, object: &mut Value, found: &Found) {
    let key = found.at.pointer();
    let is_serving = matches!(kind.shape, Shape::Workload(kind) if kind.is_serving());
    if is_serving {
        remove_member(object, &key);
        remove_member(object, &annotation_pointer(names::CONNECTION_PATH));
        return;
    }
    let is_bare = kind.shape != Shape::Workload(WorkloadKind::Notebook);
    let text = object
        .pointer(&key)
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_it = |part: &&str| match part.split_once('/') {
        Some((namespace, name)) => {
            name.trim() == found.secret && is_own(object, Some(namespace.trim()))
        }
        None => is_bare && *part == found.secret,
    };
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let rest: Vec<_> = parts.filter(|part| !is_it(part)).collect();
    let rest = rest.join(",");
    if rest.is_empty() {
        remove_member(object, &key);
    } else if let Some(value) = object.pointer_mut(&key) {
        *value = rest.into();
    }
}

fn annotation_pointer(key: &str) -> String {
    FieldPath::keys(&["metadata", "annotations", key]).pointer()
}

/// Removes a member, if it is there.
fn remove_member(object: &mut Value, pointer: &str) {
    let Some((holder, key)) = pointer.rsplit_once('/') else {
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    if let Some(map) = object.pointer_mut(holder).and_then(Value::as_object_mut) {
        map.shift_remove(&key);
    }
}

/// Removes an item; a list that it leaves empty goes as well.
fn remove_item(object: &mut Value, list: &str, index: usize) {
    let Some(items) = object.pointer_mut(list).and_then(Value::as_array_mut) else {
        return;
    };
    if index < items.len() {
        items.remove(index);
    }
    if items.is_empty() {
        remove_member(object, list);
    }
}

#[cfg(test)]
mod tests;

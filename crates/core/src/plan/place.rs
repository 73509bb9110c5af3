//! Finding the places of a workload that a plan reads or writes: its pods, its annotations and the
//! record. What to write there is left to `env_from` and `serving`.

use serde_json::{Map, Value};

use super::path::{Path, member, member_mut};
use super::record::{Made, Record};
use crate::names;
use crate::workload::{PodPlace, WorkloadKind};

/// One pod specification of a workload.
#[derive(Debug, Clone)]
pub(super) struct Pod<'a> {
    /// Where the pod specification sits.
    pub(super) spec: Path,
    /// The reference on the pod template itself, which then counts instead of the workload's.
    pub(super) own_reference: Option<&'a str>,
}

/// The pods of a workload that connections become variables in.
pub(super) fn pods(kind: WorkloadKind, object: &Value) -> Vec<Pod<'_>> {
    kind.pods()
        .iter()
        .flat_map(|place| pods_at(place, object))
        .collect()
}

/// Whether a pod template of the workload names connections itself.
pub(super) fn has_own_reference(kind: WorkloadKind, object: &Value) -> bool {
    kind.pods().iter().any(|place| place.metadata.is_some())
        && pods(kind, object)
            .iter()
            .any(|pod| pod.own_reference.is_some())
}

fn pods_at<'a>(place: &PodPlace, object: &'a Value) -> Vec<Pod<'a>> {
    let own_reference = |spec: &Path| {
        place.metadata?;
        let metadata = spec.parent()?.into_child("metadata").get(object)?;
        metadata
            .get("annotations")?
            .get(names::CONNECTIONS)?
            .as_str()
    };
    let mut specs = expand(place.spec, object);
    specs.retain(|spec| spec.get(object).is_some_and(Value::is_object));
    specs
        .into_iter()
        .map(|spec| Pod {
            own_reference: own_reference(&spec),
            spec,
        })
        .collect()
}

/// The paths that a pattern with at most one `*` for list items stands for in an object.
fn expand(pattern: &[&'static str], object: &Value) -> Vec<Path> {
    let mut parts = pattern.split(|key| *key == "*");
    let above = Path::keys(parts.next().unwrap_or_default());
    let Some(below) = parts.next() else {
        return vec![above];
    };
    let items = above.get(object).and_then(Value::as_array);
    let items = items.map_or(&[][..], Vec::as_slice);
    let paths = (0..items.len()).map(|index| {
        let item = above.item(items, index);
        below.iter().fold(item, |path, key| path.into_child(key))
    });
    paths.collect()
}

/// The container of a pod that is named like the workload.
pub(super) fn named_container(object: &Value, pod: &Path) -> Option<Path> {
    let name = member(object, "metadata").and_then(|metadata| member(metadata, "name"))?;
    let is_named = |item: &Value| member(item, "name") == Some(name);
    container(object, pod, |items| items.iter().position(is_named))
}

/// The first container of a pod.
pub(super) fn first_container(object: &Value, pod: &Path) -> Option<Path> {
    container(object, pod, |items| (!items.is_empty()).then_some(0))
}

fn container(
    object: &Value,
    pod: &Path,
    which: impl FnOnce(&[Value]) -> Option<usize>,
) -> Option<Path> {
    let list = pod.child("containers");
    let items = list.get(object)?.as_array()?;
    which(items).map(|index| list.item(items, index))
}

/// Whether a controller has made the object from a workload that is admitted itself.
///
/// Such controllers hand the annotations down. What the pods need has come down with the template,
/// the reference may be in another kind's grammar, and the controller need not read any Secret.
///
/// Nobody makes Notebooks and models that way, so an owner on one of those is somebody's claim.
pub(crate) fn is_handed_down(kind: WorkloadKind, object: &Value) -> bool {
    if kind.is_serving() || kind == WorkloadKind::Notebook {
        return false;
    }
    let owners = member(object, "metadata").and_then(|it| member(it, "ownerReferences"));
    let owners = owners
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    owners
        .iter()
        .filter(|owner| owner.get("controller") == Some(&Value::Bool(true)))
        .any(|owner| {
            let kind = owner
                .get("kind")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let is_between = ["ReplicaSet", "Revision", "LeaderWorkerSet"].contains(&kind);
            is_between || WorkloadKind::of_object(owner).is_some()
        })
}

/// The annotations of an object, for writing.
pub(super) fn annotations_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let metadata = member_mut(object, "metadata")?;
    member_mut(metadata, "annotations")?.as_object_mut()
}

/// Writes the record into the object's annotations.
pub(super) fn write_record(object: &mut Value, record: &mut Record) {
    let metadata = member_mut(object, "metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else { return };
    let current = metadata.get("annotations");
    let was_null = current.is_some_and(Value::is_null);
    if current.is_none() || was_null {
        metadata.insert("annotations".to_owned(), Value::Object(Map::new()));
        record.made.push(Made {
            at: Path::keys(&["metadata", "annotations"]).text(),
            was_null,
        });
    }
    let annotations = metadata.get_mut("annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        let text = Value::String(record.to_text());
        annotations.insert(names::INJECTED.to_owned(), text);
    }
}

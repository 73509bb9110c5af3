//! Which Secrets an object uses, and where it says so, from the whole object. Who uses a Secret,
//! over many objects, is left to `index`.

mod path;
mod pipelines;
mod places;
mod pod;

#[cfg(test)]
mod tests;

use bowline_core::ownership::Owner as Ownership;
use bowline_core::plan::reference;
use bowline_core::{WorkloadKind, names, storage_config};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use path::FieldPath;
pub(crate) use pipelines::{PROVIDERS, STORE_KEY};

use crate::kinds::{Kind, Shape};
use pod::name;

/// How an object uses a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum How {
    /// An annotation names it as a connection.
    Annotation,
    /// All its keys become variables.
    EnvFrom,
    /// One of its keys becomes a variable.
    Env,
    /// A volume holds it, or its driver gets it.
    Volume,
    /// Images are pulled with it.
    PullSecret,
    /// A model is fetched with the entry of `storage-config` that has its name.
    StorageKey,
    /// A ServiceAccount lends it to its pods.
    ServiceAccount,
    /// `storage-config` holds a copy.
    StorageConfig,
    /// A pipeline server keeps its files or its database with it.
    Pipelines,
}

/// One place where an object uses a Secret of its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Name of the Secret.
    pub secret: String,
    /// The field that says so, such as `spec.containers[0].envFrom[1].secretRef.name`.
    pub at: String,
    /// What for.
    pub how: How,
    /// Whether it goes when the Secret goes, by itself: then it is shown, but nobody needs it.
    pub is_derived: bool,
}

/// A place as it was found, so that it can be found again for writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) secret: String,
    pub(crate) at: FieldPath,
    pub(crate) how: How,
}

/// The Secrets that an object of a kind uses, in the order of its fields.
///
/// Pods and Jobs that have come to their end use nothing any more. An annotation that cannot be
/// read counts as far as it can.
pub fn uses(kind: &Kind, object: &Value) -> Vec<Use> {
    let is_derived = is_derived(kind, object);
    let public = |found: Found| Use {
        at: found.at.to_string(),
        secret: found.secret,
        how: found.how,
        is_derived,
    };
    find(kind, object).into_iter().map(public).collect()
}

pub(crate) fn find(kind: &Kind, object: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    if is_over(kind, object) {
        return found;
    }
    let shape = kind.shape;
    annotations(shape, object, &mut found);
    for spec in places::pods(shape, object) {
        pod::collect(object, &spec, &mut found);
    }
    for server in places::servers(shape, object) {
        pod::container(object, &server, &mut found);
        let key = server.key("storage").key("key");
        name(object, key, How::StorageKey, &mut found);
    }
    match shape {
        Shape::Account => account(object, &mut found),
        Shape::StorageConfig => entries(object, &mut found),
        Shape::Pipelines => pipelines::server(object, &mut found),
        Shape::Launcher | Shape::Store => {
            pipelines::launcher(object, &mut found);
            pipelines::store(object, &mut found);
        }
        Shape::PodDefault => pod_default(object, &mut found),
        Shape::Workload(_) | Shape::ReplicaSet | Shape::Template(_) => {}
    }
    found
}

/// Whether all that happened to the object is history.
fn is_over(kind: &Kind, object: &Value) -> bool {
    let status = |key| object.get("status").and_then(|status| status.get(key));
    match kind.shape {
        Shape::Workload(WorkloadKind::Pod) => {
            let phase = status("phase").and_then(Value::as_str).unwrap_or_default();
            ["Succeeded", "Failed"].contains(&phase)
        }
        Shape::Workload(WorkloadKind::Job) => {
            let conditions = status("conditions").and_then(Value::as_array);
            let is_last = |condition: &Value| {
                let kind = condition.get("type").and_then(Value::as_str);
                ["Complete", "Failed"].contains(&kind.unwrap_or_default())
                    && condition.get("status").and_then(Value::as_str) == Some("True")
            };
            conditions.is_some_and(|all| all.iter().any(is_last))
        }
        _ => false,
    }
}

/// `storage-config` holds copies, which its controller takes out or nobody needs; accounts of ours
/// lend a Secret to workloads that name it themselves.
fn is_derived(kind: &Kind, object: &Value) -> bool {
    let metadata = object.get("metadata");
    let strings = |key| {
        let map = metadata.and_then(|metadata| metadata.get(key));
        let members = map.and_then(Value::as_object).into_iter().flatten();
        let text =
            |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        members.filter_map(text).collect()
    };
    match kind.shape {
        Shape::StorageConfig => true,
        Shape::Account => {
            Ownership::of(&strings("labels"), &strings("annotations")) == Ownership::Bowline
        }
        _ => false,
    }
}

fn annotations(shape: Shape, object: &Value, found: &mut Vec<Found>) {
    let metadata = FieldPath::keys(&["metadata"]);
    if let Shape::Workload(kind) = shape
        && kind.is_serving()
    {
        for key in [names::CONNECTIONS, names::ALAUDA_SOURCE] {
            let at = metadata.key("annotations").key(key);
            let text = at.get(object).and_then(Value::as_str).unwrap_or_default();
            let entry = reference::parse_single(text).ok().flatten();
            found.extend(entry.map(|entry| annotated(&at, entry.name)));
        }
        return;
    }
    let is_bare = shape != Shape::Workload(WorkloadKind::Notebook);
    let templates = places::template_metadata(shape, object);
    let is_named = matches!(shape, Shape::Workload(_) | Shape::ReplicaSet);
    for place in is_named.then_some(metadata).into_iter().chain(templates) {
        let at = place.key("annotations").key(names::CONNECTIONS);
        let text = at.get(object).and_then(Value::as_str).unwrap_or_default();
        let own = |entry: &reference::Entry| is_own(object, entry.namespace.as_deref());
        let entries = reference::parse_list_leniently(text, is_bare).into_iter();
        found.extend(entries.filter(own).map(|entry| annotated(&at, entry.name)));
    }
}

fn annotated(at: &FieldPath, secret: String) -> Found {
    Found {
        secret,
        at: at.clone(),
        how: How::Annotation,
    }
}

/// Whether a reference's namespace is the object's own; only there is a Secret found.
pub(crate) fn is_own(object: &Value, namespace: Option<&str>) -> bool {
    let own = object.get("metadata").and_then(|m| m.get("namespace"));
    namespace.is_none_or(|namespace| own.and_then(Value::as_str) == Some(namespace))
}

/// The specification is a pod's and a container's in one.
fn pod_default(object: &Value, found: &mut Vec<Found>) {
    let spec = FieldPath::keys(&["spec"]);
    pod::container(object, &spec, found);
    pod::each(object, &spec.key("sidecars"), |item| {
        pod::container(object, item, found);
    });
}

fn account(object: &Value, found: &mut Vec<Found>) {
    pod::each(object, &FieldPath::keys(&["secrets"]), |item| {
        name(object, item.key("name"), How::ServiceAccount, found);
    });
    pod::pull_secrets(object, &FieldPath::default(), found);
}

/// Keys are names of connections; values are never looked at.
fn entries(object: &Value, found: &mut Vec<Found>) {
    let metadata = object.get("metadata").and_then(|m| m.get("name"));
    if metadata.and_then(Value::as_str) != Some(storage_config::NAME) {
        return;
    }
    let data = object.get("data").and_then(Value::as_object);
    let at = FieldPath::keys(&["data"]);
    found.extend(data.into_iter().flat_map(Map::keys).map(|key| Found {
        secret: key.clone(),
        at: at.key(key),
        how: How::StorageConfig,
    }));
}

//! A workload that uses connections, as its metadata tells.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bowline_core::drift::Running;
use bowline_core::{Usage, WorkloadKind, names};
use kube::core::ObjectMeta;
use serde_json::json;

use crate::controllers::kinds::Kind;

/// Annotation by which Kubeflow stops a Notebook.
const STOPPED: &str = "kubeflow-resource-stopped";
/// Annotation in which a Deployment's controller counts sets of pods.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Which workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadRef {
    /// Namespace.
    pub namespace: String,
    /// Kind, such as `Notebook`.
    pub kind: &'static str,
    /// Name.
    pub name: String,
}

impl fmt::Display for WorkloadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// A workload that uses connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// What kind of workload it is.
    pub kind: &'static Kind,
    /// The version of the kind that it was read in.
    pub version: &'static str,
    /// Identifier of this very object.
    pub uid: String,
    /// What it uses.
    pub usage: Usage,
    /// How it runs.
    pub running: Running,
    /// A hash of the status that it bears, so that one written by somebody else, or too late, is
    /// noticed.
    pub status: Option<u64>,
}

impl Workload {
    /// Whether it serves a model.
    pub const fn is_serving(&self) -> bool {
        self.kind.workload.is_serving()
    }

    pub(super) fn is_but_for_status(&self, other: &Self) -> bool {
        let other = Self {
            status: self.status,
            ..other.clone()
        };
        *self == other
    }
}

/// A workload as its metadata tells; `None` when it uses no connections.
pub(super) fn workload(
    kind: &'static Kind,
    version: &'static str,
    namespace: &str,
    meta: &ObjectMeta,
) -> Option<Workload> {
    let annotations = meta.annotations.as_ref()?;
    let ours: BTreeMap<_, _> = bowline_core::usage::MARKS
        .iter()
        .filter_map(|key| annotations.get_key_value(*key))
        .collect();
    if ours.is_empty() {
        return None;
    }
    let object =
        json!({"metadata": {"annotations": ours, "ownerReferences": meta.owner_references}});
    let usage = Usage::of(kind.workload, namespace, &object);
    (!usage.is_empty()).then(|| Workload {
        kind,
        version,
        uid: meta.uid.clone().unwrap_or_default(),
        usage,
        running: Running {
            generation: generation(kind, meta),
            is_stopped: annotations.contains_key(STOPPED),
        },
        status: annotations.get(names::STATUS).map(|text| hash(text)),
    })
}

/// Tells texts apart; of no use to anybody else.
pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What grows with each new set of pods. A Deployment's own generation grows with every change of
/// its annotations too, such as that of its status; its controller counts sets of pods.
fn generation(kind: &Kind, meta: &ObjectMeta) -> Option<i64> {
    let revision = meta
        .annotations
        .as_ref()
        .filter(|_| kind.workload == WorkloadKind::Deployment)
        .and_then(|annotations| annotations.get(REVISION)?.parse().ok());
    revision.or(meta.generation)
}

/// Which workload an object's metadata belongs to.
pub(in crate::controllers) fn reference(
    kind: &'static str,
    meta: &ObjectMeta,
) -> Option<WorkloadRef> {
    let (namespace, name) = place(meta)?;
    Some(WorkloadRef {
        namespace,
        kind,
        name,
    })
}

/// Namespace and name.
pub(in crate::controllers) fn place(meta: &ObjectMeta) -> Option<(String, String)> {
    Some((meta.namespace.clone()?, meta.name.clone()?))
}

//! An object as far as it matters to connections: which it is, what it uses, who owns it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kinds::{Kind, Shape};
use crate::references::{self, Use};

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Kind, such as `Notebook`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// API version that it was read in, such as `kubeflow.org/v1`.
    pub api_version: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// The controller that made an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Identifier of this very object.
    pub uid: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// An object with all that it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Which object.
    pub reference: ObjectRef,
    /// Identifier of this very object.
    pub uid: String,
    /// Who made it.
    pub owner: Option<Owner>,
    /// What it uses.
    pub uses: Vec<Use>,
    /// What people call the objects of its kind that are looked at.
    pub(super) title: &'static str,
    /// Whether other objects that are looked at can be made from it.
    can_own: bool,
}

impl Object {
    /// Reads a whole object; one in a list may leave out its kind and version, which the list has
    /// said. `None` without a name.
    pub fn read(kind: &Kind, version: &str, object: &Value) -> Option<Self> {
        let metadata = object.get("metadata")?;
        let text = |value: &Value, key| {
            let text = value.get(key).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let owners = metadata.get("ownerReferences").and_then(Value::as_array);
        let is_controller = |owner: &&Value| owner.get("controller") == Some(&Value::Bool(true));
        let owner = owners.and_then(|owners| owners.iter().find(is_controller));
        let reference = ObjectRef {
            kind: kind.name.to_owned(),
            namespace: text(metadata, "namespace"),
            name: metadata.get("name")?.as_str()?.to_owned(),
            api_version: kind.api_version(version),
        };
        Some(Self {
            reference,
            uid: text(metadata, "uid"),
            owner: owner.map(|owner| Owner {
                uid: text(owner, "uid"),
                kind: text(owner, "kind"),
                name: text(owner, "name"),
            }),
            uses: references::uses(kind, object),
            title: kind.title(),
            can_own: can_own(kind),
        })
    }

    /// Neither uses anything nor leads from one that does to its owner.
    pub(super) fn is_of_no_interest(&self) -> bool {
        self.uses.is_empty() && !self.can_own
    }

    /// The controller that made it, for people.
    pub(crate) fn stranger(&self) -> Option<String> {
        let owner = self.owner.as_ref()?;
        Some(format!("{} `{}`", owner.kind, owner.name))
    }
}

fn can_own(kind: &Kind) -> bool {
    match kind.shape {
        Shape::Workload(kind) => kind != bowline_core::WorkloadKind::Pod,
        Shape::ReplicaSet | Shape::Pipelines => true,
        Shape::Template(_)
        | Shape::PodDefault
        | Shape::Account
        | Shape::Launcher
        | Shape::Store
        | Shape::StorageConfig => false,
    }
}

//! What the pipeline knows of one kind in one version. Kinds are data: no kind has a handler of
//! its own, only a description of what is particular to it.

use crate::schema::Schema;
use crate::status::GroupResource;
use crate::store::ObjectKey;
use crate::table::Column;
use crate::validate::FieldError;
use crate::validate::names::NameRule;
use serde_json::Value;

/// Fills in what a kind has beyond the defaults of its schema; `old` is the state before.
pub(crate) type Prepare = fn(object: &mut Value, old: Option<&Value>);
/// Finds what is wrong with an object beyond its schema; `old` is the state before.
pub(crate) type Check = fn(object: &Value, old: Option<&Value>) -> Vec<FieldError>;

/// What becomes of an object that is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It is kept.
    Stored,
    /// It is a question, answered and forgotten.
    Review,
}

/// Where an object says how many replicas it wants and has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Member by member, as the others.
    pub(crate) replicas: Vec<String>,
    pub(crate) status_replicas: Vec<String>,
    pub(crate) selector: ScaleSelector,
}

/// Where the selector of the replicas is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScaleSelector {
    /// Nowhere.
    None,
    /// There, as it stands in queries.
    Text(Vec<String>),
    /// There, as an object.
    Labels(Vec<String>),
}

/// A path such as `.spec.replicas`, member by member.
pub(crate) fn members_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches('.');
    path.split('.').map(str::to_owned).collect()
}

impl Scale {
    /// As the built-in kinds have it.
    pub(crate) fn built_in() -> Self {
        Self {
            replicas: members_of("spec.replicas"),
            status_replicas: members_of("status.replicas"),
            selector: ScaleSelector::Labels(members_of("spec.selector")),
        }
    }
}

/// One kind in one version.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) is_namespaced: bool,
    pub(crate) nature: Nature,
    /// Whether `status` is written apart from the rest.
    pub(crate) has_status: bool,
    /// How it is scaled, where it can be.
    pub(crate) scale: Option<Scale>,
    /// Whether `metadata.generation` counts the changes of what is wanted.
    pub(crate) has_generation: bool,
    /// Whether it comes from a CustomResourceDefinition.
    pub(crate) is_custom: bool,
    /// `group/plural` in the store; versions of one kind share it.
    pub(crate) stored_as: String,
    /// Members that have another name in the store: (here, there).
    pub(crate) renames: &'static [(&'static str, &'static str)],
    pub(crate) names: NameRule,
    pub(crate) selectable: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) schema: Schema,
    pub(crate) prepare: Prepare,
    pub(crate) check: Check,
    /// What clients of this version are told.
    pub(crate) deprecation: Option<String>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// As it is named in messages.
    pub(crate) fn group_resource(&self) -> GroupResource<'_> {
        GroupResource {
            group: &self.group,
            name: &self.plural,
        }
    }

    /// As its kind is named in messages about invalid objects.
    pub(crate) fn group_kind(&self) -> GroupResource<'_> {
        GroupResource {
            group: &self.group,
            name: &self.kind,
        }
    }

    /// Where an object is kept.
    pub(crate) fn key(&self, namespace: &str, name: &str) -> ObjectKey {
        ObjectKey {
            resource: self.stored_as.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The verbs that clients may use on it.
    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        match self.nature {
            Nature::Stored => &[
                "create",
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "update",
                "watch",
            ],
            Nature::Review => &["create"],
        }
    }

    /// A stored object as this version shows it.
    pub(crate) fn to_served(&self, mut object: Value) -> Value {
        if let Some(members) = object.as_object_mut() {
            rename(
                members,
                self.renames.iter().map(|(here, there)| (*there, *here)),
            );
            members.insert("apiVersion".to_owned(), self.api_version().into());
            members.insert("kind".to_owned(), self.kind.as_str().into());
        }
        object
    }

    /// An object of this version as it is stored.
    pub(crate) fn to_stored(&self, mut object: Value) -> Value {
        if let Some(members) = object.as_object_mut() {
            rename(members, self.renames.iter().copied());
        }
        object
    }
}

fn rename<'a>(
    members: &mut serde_json::Map<String, Value>,
    names: impl Iterator<Item = (&'a str, &'a str)>,
) {
    for (from, to) in names {
        if let Some(value) = members.shift_remove(from) {
            members.insert(to.to_owned(), value);
        }
    }
}

//! What stands in the way of an apply, in the words that kubectl's users know.

use super::entry::{Entry, Operation};
use super::path::Path;
use super::set::FieldSet;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// Fields that others own and an apply would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conflicts(Vec<Conflict>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Conflict {
    manager: String,
    path: Path,
    field: Vec<Box<str>>,
}

impl Conflicts {
    /// What of the change is owned by one of them.
    pub(super) fn between<'a>(owners: impl Iterator<Item = &'a Entry>, changed: &FieldSet) -> Self {
        let mut found = Vec::new();
        for owner in owners {
            let taken = owner.fields.intersection(changed);
            found.extend(taken.paths().into_iter().map(|path| Conflict {
                manager: describe(owner),
                path: Path::of(&path),
                field: path.into_iter().map(Into::into).collect(),
            }));
        }
        Self(found)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are not about these fields.
    pub(crate) fn except(mut self, fields: &FieldSet) -> Self {
        self.0.retain(|conflict| {
            let path: Vec<&str> = conflict.field.iter().map(AsRef::as_ref).collect();
            !fields.has(&path)
        });
        self
    }

    /// As causes of a Status.
    pub(crate) fn causes(&self) -> Vec<Value> {
        let cause = |conflict: &Conflict| {
            json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {}", conflict.manager),
                "field": conflict.path.to_string(),
            })
        };
        self.0.iter().map(cause).collect()
    }
}

fn describe(owner: &Entry) -> String {
    let mut text = format!("{:?}", owner.manager);
    if !owner.subresource.is_empty() {
        text.push_str(&format!(" with subresource {:?}", owner.subresource));
    }
    if owner.operation == Operation::Update {
        text.push_str(&format!(" using {}", owner.api_version));
    }
    text
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(
                f,
                "Apply failed with 1 conflict: conflict with {}: {}",
                only.manager, only.path
            );
        }
        let mut by_manager: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
        for conflict in &self.0 {
            by_manager
                .entry(&conflict.manager)
                .or_default()
                .push(&conflict.path);
        }
        let mut lines = Vec::new();
        for (manager, paths) in by_manager {
            lines.push(format!("conflicts with {manager}:"));
            lines.extend(paths.into_iter().map(|path| format!("- {path}")));
        }
        let count = self.0.len();
        write!(
            f,
            "Apply failed with {count} conflicts: {}",
            lines.join("\n")
        )
    }
}

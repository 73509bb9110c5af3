//! What stands in the way of an apply, in the words that kubectl's users know.

use super::entry::{Entry, Operation};
use super::path::Path;
use super::set::FieldSet;
use crate::validate::FINDINGS_LIMIT;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// Fields that others own and an apply would change: for each owner what of it would be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conflicts(Vec<(String, FieldSet)>);

impl Conflicts {
    /// What of the change is owned by one of them.
    pub(super) fn between<'a>(owners: impl Iterator<Item = &'a Entry>, changed: &FieldSet) -> Self {
        let taken = owners.map(|owner| (describe(owner), owner.fields.intersection(changed)));
        Self(taken.filter(|(_, taken)| !taken.is_empty()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are not about these fields.
    pub(crate) fn except(mut self, fields: &FieldSet) -> Self {
        for (_, taken) in &mut self.0 {
            *taken = taken.difference(fields);
        }
        self.0.retain(|(_, taken)| !taken.is_empty());
        self
    }

    fn count(&self) -> usize {
        self.0.iter().map(|(_, taken)| taken.count()).sum()
    }

    /// The first of them, as many as are told; a path is as long as all its steps, and may be one of
    /// very many.
    fn told(&self) -> impl Iterator<Item = (&str, Path)> {
        let each = self.0.iter().flat_map(|(manager, taken)| {
            let paths = taken.paths(FINDINGS_LIMIT).into_iter();
            paths.map(|path| (manager.as_str(), Path::of(&path)))
        });
        each.take(FINDINGS_LIMIT)
    }

    /// As causes of a Status.
    pub(crate) fn causes(&self) -> Vec<Value> {
        let cause = |(manager, path): (&str, Path)| {
            json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {manager}"),
                "field": path.to_string(),
            })
        };
        self.told().map(cause).collect()
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
        let count = self.count();
        let mut by_manager: BTreeMap<&str, Vec<Path>> = BTreeMap::new();
        for (manager, path) in self.told() {
            if count == 1 {
                return write!(
                    f,
                    "Apply failed with 1 conflict: conflict with {manager}: {path}"
                );
            }
            by_manager.entry(manager).or_default().push(path);
        }
        let mut lines = Vec::new();
        for (manager, paths) in by_manager {
            lines.push(format!("conflicts with {manager}:"));
            lines.extend(paths.into_iter().map(|path| format!("- {path}")));
        }
        write!(
            f,
            "Apply failed with {count} conflicts: {}",
            lines.join("\n")
        )
    }
}

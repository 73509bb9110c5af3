//! Applies patches to JSON values: JSON patch, merge patch, strategic merge patch. Pure; which
//! objects may be patched, and whether the result is valid, is left to the callers.

mod json;
mod limits;
mod merge;
mod merge_keys;
mod strategic;
#[cfg(test)]
mod tests;

pub(crate) use limits::{DEPTH, is_shallow};
pub use merge_keys::{BuiltIn, built_in};

use serde_json::Value;

/// The kinds of patch, by media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// `application/json-patch+json`, RFC 6902.
    Json,
    /// `application/merge-patch+json`, RFC 7386.
    Merge,
    /// `application/strategic-merge-patch+json`.
    StrategicMerge,
}

/// How a list is merged by a strategic merge patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListStrategy {
    /// Objects with the same value of this member are merged.
    ByKey(&'static str),
    /// The list is a set of plain values.
    Set,
}

/// The merge rules of one kind of object.
pub trait MergeKeys {
    /// The rule for the list at `path` (field names, without indices); none means that it is
    /// replaced as a whole.
    fn of(&self, path: &[&str]) -> Option<ListStrategy>;
}

/// Lists are replaced as wholes: the rule of every kind that is not built in.
pub(crate) struct NoKeys;

impl MergeKeys for NoKeys {
    fn of(&self, _path: &[&str]) -> Option<ListStrategy> {
        None
    }
}

/// Why a patch cannot be applied. Texts name paths and positions, never values.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatchError {
    /// The body is not a JSON patch.
    #[error("the body is not a list of patch operations")]
    NotAList,
    /// The body is not a strategic merge patch.
    #[error("the body of a strategic merge patch must be an object")]
    NotAnObject,
    /// One operation of a JSON patch cannot be read.
    #[error(
        "operation {index} is not a patch operation: it needs `op` (add, remove, replace, move, \
         copy or test), `path` and what the operation asks for, and paths start with `/`"
    )]
    NotAnOperation {
        /// Its position, from 0.
        index: usize,
    },
    /// More operations than are accepted.
    #[error("a JSON patch may have {limit} operations, this one has {found}")]
    TooManyOperations {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A `test` operation found another value.
    #[error("operation {index} tested `{path}`: the value there is another one")]
    TestFailed {
        /// Its position, from 0.
        index: usize,
        /// What it tested.
        path: String,
    },
    /// An operation names a place that does not exist.
    #[error("operation {index} needs `{path}`, which does not exist")]
    MissingPath {
        /// Its position, from 0.
        index: usize,
        /// The path that leads nowhere.
        path: String,
    },
    /// An operation would move a value into itself.
    #[error("operation {index} moves `{path}` into itself")]
    MoveIntoItself {
        /// Its position, from 0.
        index: usize,
        /// What would be moved.
        path: String,
    },
    /// Copies would make the object too large.
    #[error("the copies of this patch add up to more than {limit} bytes")]
    TooLarge {
        /// How many bytes they may add up to.
        limit: usize,
    },
    /// Its operations would move too much about within lists.
    #[error(
        "the operations of this patch move more than {limit} elements of lists: send fewer, or \
         replace the lists"
    )]
    TooMuchMoved {
        /// How many they may move.
        limit: usize,
    },
    /// The patch, the object or the result is nested too deeply.
    #[error("patch or object is nested deeper than {limit} levels")]
    TooDeep {
        /// How many levels there may be.
        limit: usize,
    },
    /// A `$` directive of a strategic merge patch is not usable where it stands.
    #[error("`{directive}` at `{path}`: {why}")]
    Directive {
        /// The directive.
        directive: String,
        /// The field it stands at.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An element of a merged list cannot be told from the others.
    #[error("an element of `{path}` has no `{key}`, by which the list is merged")]
    NoMergeKey {
        /// The list.
        path: String,
        /// The member that each element needs.
        key: &'static str,
    },
    /// A set of plain values holds something else.
    #[error("`{path}` is a list of plain values, an element of it is not one")]
    NotPlain {
        /// The list.
        path: String,
    },
}

/// Applies `body` to a copy of `target`. Only a strategic merge asks `keys`.
pub fn apply(
    kind: PatchKind,
    target: &Value,
    body: &Value,
    keys: &dyn MergeKeys,
) -> Result<Value, PatchError> {
    let too_deep = PatchError::TooDeep { limit: DEPTH };
    if !is_shallow(target, DEPTH) || !is_shallow(body, DEPTH) {
        return Err(too_deep);
    }
    let mut patched = target.clone();
    match kind {
        PatchKind::Json => json::apply(&mut patched, body)?,
        PatchKind::Merge => merge::apply(&mut patched, body),
        PatchKind::StrategicMerge => strategic::apply(&mut patched, body, keys)?,
    }
    if is_shallow(&patched, DEPTH) {
        Ok(patched)
    } else {
        Err(too_deep)
    }
}

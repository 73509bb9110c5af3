//! JSON patch, RFC 6902, with bounds on what a small patch can grow into.

use super::limits::{is_shallow, weight};
use super::{DEPTH, PatchError};
use json_patch::jsonptr::Pointer;
use json_patch::{AddOperation, PatchErrorKind, PatchOperation};
use serde::Deserialize;
use serde_json::Value;

/// The same bound as Kubernetes has.
const OPERATIONS: usize = 10_000;

/// All copies together, in bytes: as much as a request may have.
const COPIES: usize = 3 << 20;

/// Elements that operations may move aside, and bytes that they may carry elsewhere: ten thousand
/// operations at the start of long lists would otherwise take minutes.
const MOVED: usize = 50_000_000;

/// What the operations of a patch have cost so far.
#[derive(Default)]
struct Cost {
    copied: usize,
    moved: usize,
}

pub(super) fn apply(target: &mut Value, body: &Value) -> Result<(), PatchError> {
    let operations = body.as_array().ok_or(PatchError::NotAList)?;
    if operations.len() > OPERATIONS {
        return Err(PatchError::TooManyOperations {
            found: operations.len(),
            limit: OPERATIONS,
        });
    }
    let mut cost = Cost::default();
    for (index, operation) in operations.iter().enumerate() {
        // The parser's own error would quote the operation, and with it perhaps a secret.
        let operation = PatchOperation::deserialize(operation)
            .map_err(|_| PatchError::NotAnOperation { index })?;
        let operation = as_addition(target, operation);
        bound(target, &operation, &mut cost)?;
        json_patch::patch_unsafe(target, std::slice::from_ref(&operation))
            .map_err(|error| failure(index, &operation, &error.kind))?;
    }
    Ok(())
}

/// Replacing a member that is not there adds it, as it does for Kubernetes.
fn as_addition(target: &Value, operation: PatchOperation) -> PatchOperation {
    match operation {
        PatchOperation::Replace(replace)
            if replace.path.resolve(target).is_err()
                && replace
                    .path
                    .parent()
                    .and_then(|parent| parent.resolve(target).ok())
                    .is_some_and(Value::is_object) =>
        {
            PatchOperation::Add(AddOperation {
                path: replace.path,
                value: replace.value,
            })
        }
        other => other,
    }
}

/// Refuses an operation before it makes the target too deep, or copies or moves too much.
fn bound(target: &Value, operation: &PatchOperation, cost: &mut Cost) -> Result<(), PatchError> {
    cost.moved += match operation {
        PatchOperation::Add(add) => aside(target, &add.path),
        PatchOperation::Copy(copy) => aside(target, &copy.path),
        PatchOperation::Remove(remove) => aside(target, &remove.path),
        PatchOperation::Move(moved) => {
            let value = moved.from.resolve(target).ok();
            aside(target, &moved.from) + aside(target, &moved.path) + value.map_or(0, weight)
        }
        PatchOperation::Replace(_) | PatchOperation::Test(_) => 0,
    };
    if cost.moved > MOVED {
        return Err(PatchError::TooMuchMoved { limit: MOVED });
    }
    let (value, path): (Option<&Value>, &Pointer) = match operation {
        PatchOperation::Add(add) => (Some(&add.value), &add.path),
        PatchOperation::Replace(replace) => (Some(&replace.value), &replace.path),
        PatchOperation::Move(moved) => (moved.from.resolve(target).ok(), &moved.path),
        PatchOperation::Copy(copy) => {
            let value = copy.from.resolve(target).ok();
            cost.copied += value.map_or(0, weight);
            if cost.copied > COPIES {
                return Err(PatchError::TooLarge { limit: COPIES });
            }
            (value, &copy.path)
        }
        PatchOperation::Remove(_) | PatchOperation::Test(_) => return Ok(()),
    };
    let levels = DEPTH.checked_sub(path.count());
    let fits = levels.is_some_and(|levels| value.is_none_or(|value| is_shallow(value, levels)));
    if fits {
        Ok(())
    } else {
        Err(PatchError::TooDeep { limit: DEPTH })
    }
}

/// How many elements make room, or close up, for one at this place of a list.
fn aside(target: &Value, path: &Pointer) -> usize {
    let is_end = path.last().is_some_and(|last| last.encoded() == "-");
    let list = path.parent().filter(|_| !is_end);
    let list = list.and_then(|list| list.resolve(target).ok()?.as_array());
    list.map_or(0, Vec::len)
}

fn failure(index: usize, operation: &PatchOperation, kind: &PatchErrorKind) -> PatchError {
    let path = operation.path().to_string();
    let from = match operation {
        PatchOperation::Move(moved) => moved.from.to_string(),
        PatchOperation::Copy(copy) => copy.from.to_string(),
        _ => String::new(),
    };
    match kind {
        PatchErrorKind::TestFailed => PatchError::TestFailed { index, path },
        PatchErrorKind::InvalidFromPointer => PatchError::MissingPath { index, path: from },
        PatchErrorKind::CannotMoveInsideItself => PatchError::MoveIntoItself { index, path: from },
        _ => PatchError::MissingPath { index, path },
    }
}

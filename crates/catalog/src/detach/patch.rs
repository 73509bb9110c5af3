//! Changing several objects as if they were one: each change is tried first, and those that were
//! made are put back when a later one fails. What changes is decided by the caller.

use bowline_core::diff::{Operation, diff};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::Value;

use super::clean::clean;
use crate::error::{Error, Result};
use crate::index::ObjectRef;
use crate::kinds::Kind;

/// The parts of an object that are changed here, and so put back.
const PARTS: [&str; 5] = [
    "/metadata/annotations",
    "/spec",
    "/template",
    "/secrets",
    "/imagePullSecrets",
];

/// One object that is to change.
pub(super) struct Change {
    pub(super) kind: &'static Kind,
    pub(super) reference: ObjectRef,
    /// What it is taken out of.
    pub(super) secret: String,
    pub(super) api: Api<DynamicObject>,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// An object as it is after its change.
pub(super) struct Applied(Value);

impl Change {
    /// Makes the change, or lets the API say whether it would take it. The version makes a change
    /// that somebody else made in between a conflict.
    async fn patch(&self, is_dry_run: bool) -> Result<Applied> {
        let mut operations = diff(&self.before, &self.after);
        operations.push(Operation::Replace {
            path: "/metadata/resourceVersion".to_owned(),
            value: &self.before["metadata"]["resourceVersion"],
        });
        let answer = self.send(&operations, is_dry_run).await;
        let object = answer.map_err(Error::of_kubernetes(self.step()))?;
        let unreadable = |_| Error::Unreadable {
            what: self.reference.to_string(),
            why: "it is no object".to_owned(),
        };
        let object = serde_json::to_value(object).map_err(unreadable)?;
        Ok(Applied(object))
    }

    /// Whether it was made although no answer said so.
    async fn is_made(&self) -> Result<bool, kube::Error> {
        let Some(found) = self.api.get_opt(&self.reference.name).await? else {
            return Ok(false);
        };
        let found = serde_json::to_value(found).map_err(kube::Error::SerdeError)?;
        let is_as_before = |key: &str| found["metadata"][key] == self.before["metadata"][key];
        Ok(is_as_before("uid")
            && !is_as_before("resourceVersion")
            && clean(self.kind, &found, &self.secret).object == found)
    }

    async fn send(
        &self,
        operations: &[Operation<'_>],
        is_dry_run: bool,
    ) -> Result<DynamicObject, kube::Error> {
        let value = serde_json::to_value(operations).map_err(kube::Error::SerdeError)?;
        let patch = serde_json::from_value(value).map_err(kube::Error::SerdeError)?;
        let params = PatchParams {
            dry_run: is_dry_run,
            ..PatchParams::default()
        };
        let name = &self.reference.name;
        self.api
            .patch(name, &params, &Patch::Json::<()>(patch))
            .await
    }

    fn step(&self) -> String {
        let Self {
            reference, secret, ..
        } = self;
        let namespace = &reference.namespace;
        format!("taking connection `{secret}` out of {reference} in namespace `{namespace}`")
    }

    /// Undoes the change, and nothing that others have done since: each operation tests first.
    async fn put_back(&self, applied: &Applied) -> Result<(), kube::Error> {
        let mut target = applied.0.clone();
        for part in PARTS {
            restore(&mut target, &self.before, part);
        }
        let operations = diff(&applied.0, &target);
        self.send(&operations, false).await.map(|_| ())
    }
}

/// Makes one part of an object what it was.
fn restore(target: &mut Value, before: &Value, part: &str) {
    let Some((holder, key)) = part.rsplit_once('/') else {
        return;
    };
    let Some(holder) = target.pointer_mut(holder).and_then(Value::as_object_mut) else {
        return;
    };
    match before.pointer(part) {
        Some(value) => {
            holder.insert(key.to_owned(), value.clone());
        }
        None => {
            holder.shift_remove(key);
        }
    }
}

/// What the changes would make of their objects, if the API takes all of them.
pub(super) async fn try_all(changes: &[Change]) -> Result<Vec<Applied>> {
    let mut expected = Vec::new();
    for change in changes {
        expected.push(change.patch(true).await?);
    }
    Ok(expected)
}

/// Makes all changes, or none.
pub(super) async fn apply_all(changes: &[Change], expected: Vec<Applied>) -> Result<Vec<Applied>> {
    let mut applied = Vec::new();
    for (change, expected) in changes.iter().zip(expected) {
        let error = match change.patch(false).await {
            Ok(object) => {
                applied.push(object);
                continue;
            }
            Err(error) => error,
        };
        let mut unknown = None;
        if !error.is_refusal() {
            match change.is_made().await {
                // What the try has shown, and not what is found: others may have changed that since,
                // which is not to be undone.
                Ok(true) => applied.push(expected),
                Ok(false) => {}
                Err(_) => unknown = Some(change),
            }
        }
        return Err(put_back(changes, &applied, unknown, error).await);
    }
    Ok(applied)
}

/// Puts back what was changed because of an error, last change first. What cannot be put back is
/// said beside the error, and so is a change of which it is unknown whether it was made.
pub(super) async fn put_back(
    changes: &[Change],
    applied: &[Applied],
    unknown: Option<&Change>,
    error: Error,
) -> Error {
    let mut lost: Vec<_> = unknown
        .iter()
        .map(|change| change.reference.to_string())
        .collect();
    for (change, applied) in changes.iter().zip(applied).rev() {
        if let Err(error) = change.put_back(applied).await {
            let reference = &change.reference;
            tracing::warn!(%reference, %error, "a change could not be put back");
            lost.push(reference.to_string());
        }
    }
    if lost.is_empty() {
        return error;
    }
    let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})"));
    Error::Conflict {
        what: format!(
            "{error}{}, and it may stay taken out of {}",
            cause.unwrap_or_default(),
            lost.join(", ")
        ),
        help: "name it there again, or try to delete it once more".to_owned(),
    }
}

//! Changing several objects as if they were one: each change can be tried first, and those that
//! were made are put back when a later one fails. What changes is decided by the caller.

use bowline_core::diff::{Operation, diff};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::index::ObjectRef;

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
    pub(super) reference: ObjectRef,
    /// What it is taken out of.
    pub(super) secret: String,
    pub(super) api: Api<DynamicObject>,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// An object as it was after its change.
pub(super) struct Applied(Value);

impl Change {
    /// Lets the API say whether it would take the change.
    pub(super) async fn dry_run(&self) -> Result<()> {
        self.patch(true).await.map(|_| ())
    }

    /// The version makes a change that somebody else made in between a conflict.
    async fn patch(&self, is_dry_run: bool) -> Result<DynamicObject> {
        let mut operations = diff(&self.before, &self.after);
        operations.push(Operation::Replace {
            path: "/metadata/resourceVersion".to_owned(),
            value: &self.before["metadata"]["resourceVersion"],
        });
        self.send(&operations, is_dry_run)
            .await
            .map_err(Error::of_kubernetes(self.step()))
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

/// Makes all changes, or none.
pub(super) async fn apply_all(changes: &[Change]) -> Result<Vec<Applied>> {
    let mut applied = Vec::new();
    for change in changes {
        let answer = change.patch(false).await.and_then(|object| {
            let unreadable = |_| Error::Unreadable {
                what: change.reference.to_string(),
                why: "it is no object".to_owned(),
            };
            serde_json::to_value(object).map_err(unreadable)
        });
        match answer {
            Ok(object) => applied.push(Applied(object)),
            Err(error) => return Err(put_back(changes, &applied, error).await),
        }
    }
    Ok(applied)
}

/// Puts back what was changed because of an error, last change first. What cannot be put back is
/// said beside the error.
pub(super) async fn put_back(changes: &[Change], applied: &[Applied], error: Error) -> Error {
    let mut lost = Vec::new();
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
            "{error}{}, and it stays taken out of {}",
            cause.unwrap_or_default(),
            lost.join(", ")
        ),
        help: "name it there again, or try to delete it once more".to_owned(),
    }
}

//! Whose a location is that reads as the injected one. Who drops a connection may write down the
//! very location that it brought, and what a person wrote stays. Taking back is left to `tie`.

use std::borrow::Cow;

use serde_json::Value;

use super::path::{Path, Step};
use super::record::{FieldSet, Record, annotation};
use super::{Request, adopt, serving};

/// The manifest that `kubectl apply` was given last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether more of the objects than their footprint is needed for [`super::plan`]: a location
/// stands where a connection goes, and who wrote it is told by other parts.
pub fn needs_whole(request: &Request<'_>) -> bool {
    let Some((before, location)) = request.before.zip(adopt::location(request.kind)) else {
        return false;
    };
    let Some(named) = serving::named(request) else {
        return false;
    };
    let of_before = Request {
        object: before,
        ..*request
    };
    let mut tied = Record::of(before).unwrap_or_default().connections;
    tied.retain(|tied| !named.contains(&tied.name));
    let is_one_dropped = serving::named(&of_before)
        .is_some_and(|earlier| earlier.iter().any(|name| !named.contains(name)));
    (is_one_dropped || !tied.is_empty()) && location.get(request.object).is_some()
}

/// What was injected, without the locations of dropped connections that the user has written, too.
pub(super) fn without_own<'a>(request: &Request<'_>, record: &'a Record) -> Cow<'a, Record> {
    if !needs_whole(request) {
        return Cow::Borrowed(record);
    }
    let named = serving::named(request).unwrap_or_default();
    let location = adopt::location(request.kind);
    let is_own = |field: &FieldSet| {
        let at = location.as_ref().filter(|at| at.text() == field.at);
        at.is_some_and(|at| is_written_by_user(request, at, &field.value))
    };
    let mut record = record.clone();
    for tied in &mut record.connections {
        if !named.contains(&tied.name) {
            tied.fields.retain(|field| !is_own(field));
        }
    }
    Cow::Owned(record)
}

/// Whether the request shows that somebody has written this value: it is a whole manifest, which
/// has no record of ours, or it says itself what its sender applied.
fn is_written_by_user(request: &Request<'_>, at: &Path, value: &Value) -> bool {
    let is_whole = request.before.is_some_and(Record::is_on) && !Record::is_on(request.object);
    let applied = annotation(request.object, LAST_APPLIED);
    let applied: Option<Value> = applied.and_then(|text| serde_json::from_str(text).ok());
    is_whole
        || applied.is_some_and(|manifest| at.get(&manifest) == Some(value))
        || is_applied_on_server(request.object, at)
}

/// Whether somebody holds the field by server-side apply.
///
/// Format: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>
fn is_applied_on_server(object: &Value, at: &Path) -> bool {
    let managers = object.pointer("/metadata/managedFields");
    let managers = managers.and_then(Value::as_array).into_iter().flatten();
    let mut applied = managers.filter(|manager| manager["operation"] == "Apply");
    applied.any(|manager| {
        let mut steps = at.0.iter();
        let held = steps.try_fold(&manager["fieldsV1"], |fields, step| match step {
            Step::Key(key) => fields.get(format!("f:{key}")),
            Step::Named(_) | Step::Index(_) => None,
        });
        held.is_some()
    })
}

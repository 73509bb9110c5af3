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
    let Some(location) = adopt::location(request.kind) else {
        return Cow::Borrowed(record);
    };
    let named = serving::named(request).unwrap_or_default();
    let evidence = Evidence::of(request, &location);
    let at = location.text();
    let mut record = record.clone();
    for tied in &mut record.connections {
        if !named.contains(&tied.name) {
            tied.fields
                .retain(|field| field.at != at || !evidence.is_of(field));
        }
    }
    Cow::Owned(record)
}

/// What a request shows of who wrote the location.
struct Evidence {
    /// It is a whole manifest, which has no record of ours.
    is_whole: bool,
    /// What its sender applied there.
    applied: Option<Value>,
    /// Somebody holds it by server-side apply; what they applied is not said.
    is_held: bool,
}

impl Evidence {
    fn of(request: &Request<'_>, at: &Path) -> Self {
        let manifest = annotation(request.object, LAST_APPLIED);
        let manifest = manifest.and_then(|text| serde_json::from_str::<Value>(text).ok());
        Self {
            is_whole: request.before.is_some_and(Record::is_on) && !Record::is_on(request.object),
            applied: manifest.and_then(|manifest| at.get(&manifest).cloned()),
            is_held: is_applied_on_server(request.object, at),
        }
    }

    /// Whether it shows that somebody wrote what was injected. Where that replaced another location,
    /// who holds the field may have applied the other one.
    fn is_of(&self, field: &FieldSet) -> bool {
        self.is_whole
            || self.applied.as_ref() == Some(&field.value)
            || (self.is_held && field.was.is_none())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_field_may_have_applied_what_the_injected_replaced() {
        let evidence = Evidence {
            is_whole: false,
            applied: None,
            is_held: true,
        };
        let mut field = FieldSet {
            at: "/spec/predictor/model/storageUri".to_owned(),
            value: "hf://tides/1".into(),
            was: None,
        };
        assert!(evidence.is_of(&field));
        field.was = Some("pvc://tides/1".into());
        assert!(!evidence.is_of(&field));
    }
}

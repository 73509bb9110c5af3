//! Rules about what a `PersistentVolumeClaim` asks for, and what of it stays.

use super::values::{self, Row, Rule};
use super::{FieldError, names, selector};
use crate::object;
use crate::schema::list;
use serde_json::{Map, Value};

const ACCESS_MODES: &[&str] = &[
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const CLAIM: &[Row] = &[("spec.volumeMode", Rule::OneOf(&["Block", "Filesystem"]))];

/// Everything wrong with a PersistentVolumeClaim.
pub(crate) fn check_claim(claim: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &claim["spec"];
    if list(spec, "accessModes").next().is_none() {
        let why = "at least 1 access mode is required";
        errors.push(FieldError::required("spec.accessModes", why));
    }
    if let Some(chosen) = spec.get("selector") {
        selector::check(chosen, "spec.selector", &mut errors);
    }
    let modes = list(spec, "accessModes").filter_map(Value::as_str);
    errors.extend(
        modes
            .filter(|mode| !ACCESS_MODES.contains(mode))
            .map(|mode| FieldError::unsupported("spec.accessModes", mode, ACCESS_MODES)),
    );
    match object::text(claim, "/spec/resources/requests/storage") {
        None => errors.push(FieldError::required("spec.resources[storage]", "")),
        Some(size) if size.starts_with('-') || size == "0" => {
            let why = "must be greater than zero";
            errors.push(FieldError::invalid("spec.resources[storage]", size, why));
        }
        Some(_) => {}
    }
    let class = object::text(claim, "/spec/storageClassName").unwrap_or_default();
    if !class.is_empty() {
        let found = names::subdomain(class).into_iter();
        let field = "spec.storageClassName";
        errors.extend(found.map(|why| FieldError::invalid(field, class, why)));
    }
    values::check(claim, "", CLAIM, &mut errors);
    if let Some(old) = old {
        check_update(claim, old, &mut errors);
    }
    errors
}

/// What was claimed stays: a claim that has its volume may ask for another size, and one that has
/// none yet may be given one, and a class.
fn check_update(claim: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    let spec = |claim: &Value| -> Map<String, Value> {
        let members = claim.get("spec").and_then(Value::as_object);
        members.cloned().unwrap_or_default()
    };
    let (mut before, mut now) = (spec(old), spec(claim));
    for member in ["volumeName", "storageClassName"] {
        if before.get(member).is_none_or(|text| text == "") {
            before.shift_remove(member);
            now.shift_remove(member);
        }
    }
    if object::text(old, "/status/phase") == Some("Bound") {
        for spec in [&mut before, &mut now] {
            spec.shift_remove("volumeAttributesClassName");
            let resources = spec.get_mut("resources").and_then(Value::as_object_mut);
            resources.and_then(|resources| resources.shift_remove("requests"));
        }
    }
    if before != now {
        let why = "spec is immutable after creation except resources.requests and \
            volumeAttributesClassName for bound claims";
        errors.push(FieldError::forbidden("spec", why));
    }
    let mode = |claim: &Value| claim.pointer("/spec/volumeMode").cloned();
    if mode(old) != mode(claim) {
        let found = mode(claim).unwrap_or_default();
        let why = "field is immutable";
        errors.push(FieldError::invalid("volumeMode", found, why));
    }
}

//! Rules about `metadata`, the same for every kind. What the server itself sets there is left to the verbs.

use super::names::{self, NameRule};
use super::{FINDINGS_LIMIT, FieldError};
use crate::object;
use serde_json::{Map, Value};

const STANDARD_FINALIZERS: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// Everything wrong with the metadata of an object of a kind whose names follow `rule`; where that
/// is strict, only some finalizers may have plain names.
pub(crate) fn check(object: &Value, rule: NameRule, is_strict: bool) -> Vec<FieldError> {
    let name = object::name(object);
    let prefix = object::text(object, "/metadata/generateName").unwrap_or_default();
    let mut errors = Vec::new();
    // A name follows on the prefix, so that it may end as no name can.
    let start = prefix.strip_suffix('-').unwrap_or(prefix);
    for (field, text, checked) in [
        ("metadata.generateName", prefix, start),
        ("metadata.name", name, name),
    ] {
        if field == "metadata.name" || !checked.is_empty() {
            let found = rule.check(checked).into_iter();
            errors.extend(found.map(|why| FieldError::invalid(field, text, why)));
        }
    }
    let members = object.get("metadata").and_then(Value::as_object);
    let map = |member: &str| {
        members
            .and_then(|all| all.get(member))
            .and_then(Value::as_object)
    };
    if let Some(labels) = map("labels") {
        check_labels(labels, "metadata.labels", &mut errors);
    }
    if let Some(annotations) = map("annotations") {
        check_annotations(annotations, &mut errors);
    }
    check_list(members, "ownerReferences", &mut errors, check_owner);
    errors.extend(
        members
            .and_then(|all| all.get("ownerReferences"))
            .and_then(two_controllers),
    );
    check_list(
        members,
        "finalizers",
        &mut errors,
        |finalizer, field, errors| {
            let text = finalizer.as_str().unwrap_or_default();
            let found = names::qualified(text).into_iter();
            errors.extend(found.map(|why| FieldError::invalid("metadata.finalizers", text, why)));
            if is_strict && !text.contains('/') && !STANDARD_FINALIZERS.contains(&text) {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                errors.push(FieldError::invalid(field, text, why));
            }
        },
    );
    errors.extend(
        members
            .and_then(|all| all.get("finalizers"))
            .and_then(two_policies),
    );
    errors
}

/// Dependents cannot both be waited for and be let go.
fn two_policies(finalizers: &Value) -> Option<FieldError> {
    let list = finalizers.as_array()?;
    let has_both = ["orphan", "foregroundDeletion"]
        .iter()
        .all(|wanted| list.iter().any(|own| own == wanted));
    let why = "finalizer orphan and foregroundDeletion cannot be both set";
    has_both.then(|| FieldError::invalid("metadata.finalizers", finalizers.clone(), why))
}

/// Labels, wherever they stand.
pub(crate) fn check_labels(labels: &Map<String, Value>, field: &str, errors: &mut Vec<FieldError>) {
    for (key, value) in labels {
        if errors.len() >= FINDINGS_LIMIT {
            return;
        }
        errors.extend(
            names::qualified(key)
                .into_iter()
                .map(|why| FieldError::invalid(field, key.as_str(), why)),
        );
        let value = value.as_str().unwrap_or_default();
        errors.extend(
            names::label_value(value)
                .into_iter()
                .map(|why| FieldError::invalid(field, value, why)),
        );
    }
}

fn check_annotations(annotations: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let field = "metadata.annotations";
    for key in annotations.keys() {
        if errors.len() >= FINDINGS_LIMIT {
            return;
        }
        let found = names::qualified(&key.to_lowercase());
        errors.extend(
            found
                .into_iter()
                .map(|why| FieldError::invalid(field, key.as_str(), why)),
        );
    }
    let size: usize = annotations
        .iter()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if size > ANNOTATIONS_LIMIT {
        errors.push(FieldError::too_long(field, ANNOTATIONS_LIMIT));
    }
}

fn check_owner(owner: &Value, _field: &str, errors: &mut Vec<FieldError>) {
    if owner["apiVersion"] == "v1" && owner["kind"] == "Event" {
        let why = "/v1, Kind=Event is disallowed from being an owner";
        let error = FieldError::invalid("metadata.ownerReferences", owner.clone(), why);
        errors.push(error);
    }
    for member in ["apiVersion", "kind", "name", "uid"] {
        if owner
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .is_empty()
        {
            let why = match member {
                "apiVersion" => "version must not be empty",
                _ => "must not be empty",
            };
            let field = format!("metadata.ownerReferences.{member}");
            errors.push(FieldError::invalid(field, "", why));
        }
    }
}

/// Only one owner can be the one that manages an object.
fn two_controllers(owners: &Value) -> Option<FieldError> {
    let is_controller = |owner: &&Value| owner.get("controller") == Some(&Value::Bool(true));
    let mut controllers = owners.as_array()?.iter().filter(is_controller);
    let named = |owner: &Value| {
        let text = |member: &str| {
            owner
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        format!("{}/{}", text("kind"), text("name"))
    };
    let (one, other) = (named(controllers.next()?), named(controllers.next()?));
    let why = format!(
        "Only one reference can have Controller set to true. Found \"true\" in references for {one} and {other}"
    );
    Some(FieldError::invalid(
        "metadata.ownerReferences",
        owners.clone(),
        why,
    ))
}

fn check_list(
    members: Option<&Map<String, Value>>,
    member: &str,
    errors: &mut Vec<FieldError>,
    check: impl Fn(&Value, &str, &mut Vec<FieldError>),
) {
    let list = members
        .and_then(|all| all.get(member))
        .and_then(Value::as_array);
    for (index, entry) in list.into_iter().flatten().enumerate() {
        check(entry, &format!("metadata.{member}[{index}]"), errors);
    }
}

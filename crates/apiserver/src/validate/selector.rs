//! Rules about label selectors, wherever they stand; what a selector must choose is left to the kinds.

use super::{FieldError, metadata, names};
use crate::object;
use crate::schema::list;
use serde_json::{Map, Value};

/// Everything wrong with a selector.
pub(super) fn check(selector: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
        metadata::check_labels(labels, &format!("{field}.matchLabels"), errors);
    }
    for (index, requirement) in list(selector, "matchExpressions").enumerate() {
        let field = format!("{field}.matchExpressions[{index}]");
        check_requirement(requirement, &field, errors);
    }
}

fn check_requirement(requirement: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let operator = object::text(requirement, "/operator").unwrap_or_default();
    let has_values = list(requirement, "values").next().is_some();
    match operator {
        "In" | "NotIn" if !has_values => errors.push(FieldError::required(
            format!("{field}.values"),
            "must be specified when `operator` is 'In' or 'NotIn'",
        )),
        "Exists" | "DoesNotExist" if has_values => errors.push(FieldError::forbidden(
            format!("{field}.values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        )),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(FieldError::invalid(
            format!("{field}.operator"),
            other,
            "not a valid selector operator",
        )),
    }
    let key = object::text(requirement, "/key").unwrap_or_default();
    let invalid = |field: String, value: &str, found: Vec<String>| -> Vec<FieldError> {
        let found = found.into_iter();
        found
            .map(|why| FieldError::invalid(field.as_str(), value, why))
            .collect()
    };
    errors.extend(invalid(format!("{field}.key"), key, names::qualified(key)));
    for (index, value) in list(requirement, "values").enumerate() {
        let value = value.as_str().unwrap_or_default();
        let field = format!("{field}.values[{index}]");
        errors.extend(invalid(field, value, names::label_value(value)));
    }
}

/// Whether a selector names nothing, so that it would choose everything.
pub(super) fn is_empty(selector: &Value) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    labels.is_none_or(Map::is_empty) && list(selector, "matchExpressions").next().is_none()
}

/// Whether a selector that is well formed chooses these labels.
pub(super) fn chooses(selector: &Value, labels: Option<&Map<String, Value>>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    let mut wanted = selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    wanted.all(|(key, value)| label(key) == Some(value))
        && list(selector, "matchExpressions").all(|requirement| {
            let found = label(object::text(requirement, "/key").unwrap_or_default());
            let is_listed = || list(requirement, "values").any(|value| Some(value) == found);
            match object::text(requirement, "/operator") {
                Some("In") => is_listed(),
                Some("NotIn") => !is_listed(),
                Some("Exists") => found.is_some(),
                _ => found.is_none(),
            }
        })
}

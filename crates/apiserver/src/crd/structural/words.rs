//! Which words a schema may have, and how those about lists and maps go together.

use super::{members, says_nothing, text};
use crate::schema::{LIST_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, has, list};
use crate::validate::{FieldError, name_shown};
use serde_json::Value;
use std::collections::HashSet;

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];
const LIST_TYPES: &[&str] = &["atomic", "set", "map"];
const MAP_TYPES: &[&str] = &["atomic", "granular"];
/// Words of JSON Schema that Kubernetes leaves out.
const UNKNOWN: &[&str] = &[
    "id",
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
    "$ref",
];

/// Everything wrong with the words of one schema, which stands at `field`; those inside are left out.
pub(super) fn check(schema: &Value, is_root: bool, field: &str, errors: &mut Vec<FieldError>) {
    for word in UNKNOWN {
        if schema.get(word).is_some() {
            let why = format!("{word} is not supported");
            errors.push(FieldError::forbidden(format!("{field}.{word}"), why));
        }
    }
    check_type(schema, field, errors);
    let mut forbidden = |member: &str, why: &str| {
        errors.push(FieldError::forbidden(format!("{field}.{member}"), why));
    };
    if schema.get("items").is_some_and(Value::is_array) {
        let why = "items must be a schema object and not an array";
        forbidden("items", why);
    }
    if has(schema, "uniqueItems") {
        let why =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        forbidden("uniqueItems", why);
    }
    if is_root && has(schema, "nullable") {
        forbidden("nullable", "nullable cannot be true at the root");
    }
    let others = schema.get("additionalProperties");
    let is_limited = others.is_some_and(|others| *others != Value::Bool(true));
    if is_limited && members(schema, "properties").next().is_some() {
        let why = "additionalProperties and properties are mutual exclusive";
        forbidden("additionalProperties", why);
    }
    if schema.get(PRESERVE) == Some(&Value::Bool(false)) {
        let field = format!("{field}.{PRESERVE}");
        let why = "must be true or undefined";
        errors.push(FieldError::invalid(field, false, why));
    }
    check_map_type(schema, field, errors);
    check_list_type(schema, field, errors);
}

fn check_type(schema: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let field = format!("{field}.type");
    match text(schema, "type") {
        "null" => {
            let why = "type cannot be set to null, use nullable as an alternative";
            errors.push(FieldError::forbidden(field, why));
        }
        kind if !kind.is_empty() && !TYPES.contains(&kind) => {
            errors.push(FieldError::unsupported(field, kind, TYPES));
        }
        _ => {}
    }
}

/// That a word stands at a type which it is for.
fn check_at(schema: &Value, wanted: &str, word: &str, field: &str) -> Option<FieldError> {
    let why = format!("must be {wanted} if {word} is specified");
    let field = format!("{field}.type");
    match text(schema, "type") {
        kind if kind == wanted => None,
        "" => Some(FieldError::required(field, why)),
        kind => Some(FieldError::invalid(field, kind, why)),
    }
}

fn check_map_type(schema: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let Some(kind) = schema.get(MAP_TYPE).and_then(Value::as_str) else {
        return;
    };
    errors.extend(check_at(schema, "object", MAP_TYPE, field));
    if !MAP_TYPES.contains(&kind) {
        let field = format!("{field}.{MAP_TYPE}");
        errors.push(FieldError::unsupported(field, kind, MAP_TYPES));
    }
}

fn check_list_type(schema: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let kind = schema.get(LIST_TYPE).and_then(Value::as_str);
    if let Some(kind) = kind {
        let misplaced = check_at(schema, "array", LIST_TYPE, field);
        let own = format!("{field}.{LIST_TYPE}");
        let is_known = LIST_TYPES.contains(&kind);
        let unknown = || (!is_known).then(|| FieldError::unsupported(own, kind, LIST_TYPES));
        errors.extend(misplaced.or_else(unknown));
    }
    let has_keys = schema
        .get(LIST_KEYS)
        .is_some_and(|keys| !says_nothing(keys));
    if has_keys && kind != Some("map") {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        let own = format!("{field}.{LIST_TYPE}");
        errors.push(match kind {
            None => FieldError::required(own, why),
            Some(kind) => FieldError::invalid(own, kind, why),
        });
    }
    let items = schema.get("items").filter(|items| items.is_object());
    match (kind, items) {
        (Some("map"), None) => {
            let why = "must have a schema if x-kubernetes-list-type is map";
            errors.push(FieldError::required(format!("{field}.items"), why));
        }
        (Some("map"), Some(items)) => check_keys(schema, items, field, errors),
        (Some("set"), Some(items)) => check_set(items, field, errors),
        _ => {}
    }
    if let (Some(kind @ ("set" | "map")), Some(items)) = (kind, items)
        && has(items, "nullable")
    {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(FieldError::forbidden(
            format!("{field}.items.nullable"),
            why,
        ));
    }
}

/// The members by which the entries of a list are told apart: always there, and plain values.
fn check_keys(schema: &Value, items: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let own = format!("{field}.{LIST_KEYS}");
    let keys: Vec<&str> = list(schema, LIST_KEYS).filter_map(Value::as_str).collect();
    if keys.is_empty() {
        let why = "must not be empty if x-kubernetes-list-type is map";
        errors.push(FieldError::required(own.as_str(), why));
    }
    let kind = text(items, "type");
    if kind != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(FieldError::invalid(
            format!("{field}.items.type"),
            kind,
            why,
        ));
        return;
    }
    let mut seen = HashSet::new();
    for key in &keys {
        let place = format!("{field}.items.properties[{}]", name_shown(key));
        if !seen.insert(key) {
            let why = "must not contain duplicate entries";
            errors.push(FieldError::invalid(own.as_str(), keys.clone(), why));
            continue;
        }
        let Some(part) = items.get("properties").and_then(|all| all.get(*key)) else {
            let why = "entries must all be names of item properties";
            errors.push(FieldError::invalid(own.as_str(), keys.clone(), why));
            continue;
        };
        let kind = text(part, "type");
        if matches!(kind, "array" | "object") {
            let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            errors.push(FieldError::invalid(format!("{place}.type"), kind, why));
        }
        let is_required = list(items, "required").any(|required| required == key);
        if !is_required && part.get("default").is_none() {
            let why = "this property is in x-kubernetes-list-map-keys, \
                so it must have a default or be a required property";
            errors.push(FieldError::required(format!("{place}.default"), why));
        }
        if has(part, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::forbidden(format!("{place}.nullable"), why));
        }
    }
}

/// The entries of a set are compared whole.
fn check_set(items: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let word = match text(items, "type") {
        "object" => MAP_TYPE,
        "array" => LIST_TYPE,
        _ => return,
    };
    let found = items.get(word).cloned().unwrap_or_default();
    if found != "atomic" {
        let field = format!("{field}.items.{word}");
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        errors.push(FieldError::invalid(field, found, why));
    }
}

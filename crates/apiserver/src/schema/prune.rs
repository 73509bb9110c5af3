//! Takes away members that a schema does not know, and nulls that stand for nothing; what remains
//! gets the one form in which numbers and times are stored.

use super::check::time;
use super::{INT_OR_STRING, PRESERVE, Path, Schema, has, list, member, resolve};
use crate::validate::FINDINGS_LIMIT;
use serde_json::{Map, Value};

pub(super) fn prune(value: &mut Value, schema: &Value, path: &mut Path, unknown: &mut Vec<String>) {
    let schema = resolve(schema);
    match value {
        Value::Object(members) => prune_members(members, schema, path, unknown),
        Value::Array(entries) => {
            let Some(items) = schema.get("items") else {
                return settle(value, path);
            };
            for (index, entry) in entries.iter_mut().enumerate() {
                path.at_index(index, |path| prune(entry, items, path, unknown));
            }
        }
        Value::Number(number)
            if schema
                .get("format")
                .is_some_and(|format| format == "quantity") =>
        {
            *value = Value::String(number.to_string());
        }
        Value::Number(_) => settle(value, path),
        Value::String(text) if path.is_built_in => {
            let format = schema.get("format").and_then(Value::as_str);
            let format =
                format.filter(|format| [time::SECONDS, time::MICROSECONDS].contains(format));
            // What cannot be read is told by the check.
            if let Some(settled) = format.and_then(|format| time::settled(text, format)) {
                *text = settled;
            }
        }
        _ => {}
    }
}

/// Built-in kinds have types that say how a number is written; in others it is settled.
fn settle(value: &mut Value, path: &Path) {
    if !path.is_built_in {
        Schema::settle_numbers(value);
    }
}

fn prune_members(
    members: &mut Map<String, Value>,
    schema: &Value,
    path: &mut Path,
    unknown: &mut Vec<String>,
) {
    let keeps_all = has(schema, PRESERVE)
        || has(schema, "additionalProperties")
        || has(schema, INT_OR_STRING)
        || !schema.is_object()
        || (schema.get("type").is_none() && schema.get("properties").is_none());
    members.retain(|name, value| match member(schema, name) {
        Some(inner) if value.is_null() => {
            has(resolve(inner), "nullable") || !is_typed(resolve(inner))
        }
        Some(inner) => {
            path.at_member(name, |path| prune(value, inner, path, unknown));
            !(path.is_built_in && is_empty(value, resolve(inner)) && !is_required(schema, name))
        }
        None => {
            if keeps_all {
                settle(value, path);
            } else if unknown.len() < FINDINGS_LIMIT {
                unknown.push(path.of_member(name));
            }
            keeps_all
        }
    });
}

/// Built-in kinds make no difference between a list or map that is empty and none.
fn is_empty(value: &Value, schema: &Value) -> bool {
    match value {
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => {
            members.is_empty() && schema.get("additionalProperties").is_some()
        }
        _ => false,
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    list(schema, "required").any(|required| required == name)
}

/// A member whose type is open may be null.
fn is_typed(schema: &Value) -> bool {
    schema.get("type").is_some() || schema.get("properties").is_some() || has(schema, INT_OR_STRING)
}

//! Reads `types.txt` into OpenAPI; its head describes the form.

use super::{OBJECT_META, PARTIAL_OBJECT};
use crate::schema::{INT_OR_STRING, LIST_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, reference};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const AS_ONE: &str = " as one";

/// One type, as it stands in the file.
struct Declaration<'a> {
    package: &'a str,
    name: &'a str,
    /// Whether it is owned whole.
    is_one: bool,
    fields: String,
}

/// Every type, by its full name.
pub(super) fn types(text: &str) -> HashMap<String, Value> {
    let declarations = declarations(text);
    let mut packages: HashMap<&str, Vec<&str>> = HashMap::new();
    for declared in &declarations {
        packages
            .entry(declared.name)
            .or_default()
            .push(declared.package);
    }
    let mut types: HashMap<String, Value> = declarations
        .iter()
        .map(|declared| {
            let package = declared.package;
            let full = |short: &str| match packages.get(short).map(Vec::as_slice) {
                Some([other, ..]) if !packages[short].contains(&package) => {
                    format!("{other}.{short}")
                }
                _ => format!("{package}.{short}"),
            };
            let mut schema = schema(&declared.fields, &full);
            if declared.is_one {
                schema[MAP_TYPE] = "atomic".into();
            }
            (full(declared.name), schema)
        })
        .collect();
    types.insert(
        PARTIAL_OBJECT.to_owned(),
        schema("metadata ObjectMeta", &|_| OBJECT_META.to_owned()),
    );
    types
}

/// Joins continued lines and leaves comments out.
fn declarations(text: &str) -> Vec<Declaration<'_>> {
    let mut package = "";
    let mut found: Vec<Declaration<'_>> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            package = name;
        } else if let (true, Some(last)) = (line.starts_with(' '), found.last_mut()) {
            last.fields.push_str(line);
        } else if let Some((head, fields)) = line.split_once(':') {
            let name = head.trim_end_matches(AS_ONE);
            found.push(Declaration {
                package,
                name,
                is_one: name != head,
                fields: fields.to_owned(),
            });
        }
    }
    found
}

fn schema(fields: &str, full: &dyn Fn(&str) -> String) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields
        .split(',')
        .map(str::trim)
        .filter(|field| !field.is_empty())
    {
        let (name, kind) = field.split_once(' ').unwrap_or((field, "any"));
        if name == "metadata" {
            properties.insert("apiVersion".to_owned(), json!({"type": "string"}));
            properties.insert("kind".to_owned(), json!({"type": "string"}));
        }
        if name.ends_with('!') {
            required.push(Value::from(name.trim_end_matches('!')));
        }
        properties.insert(
            name.trim_end_matches('!').to_owned(),
            with_default(kind, full),
        );
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn with_default(kind: &str, full: &dyn Fn(&str) -> String) -> Value {
    let (kind, default) = match kind.split_once('=') {
        Some((kind, default)) => (kind, Some(default)),
        None => (kind, None),
    };
    let mut schema = of(kind, full);
    if let Some(default) = default {
        // An amount is a text, also where it looks like a number.
        let read = serde_json::from_str(default).ok();
        let read = read.filter(|_| kind != "quantity");
        schema["default"] = read.unwrap_or_else(|| default.into());
    }
    schema
}

fn of(kind: &str, full: &dyn Fn(&str) -> String) -> Value {
    if let Some(inner) = kind.strip_suffix('?') {
        let mut schema = of(inner, full);
        schema["nullable"] = true.into();
        return schema;
    }
    let inside = |open, close| {
        kind.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
    };
    if let Some(inner) = inside('[', ']') {
        return list(inner, full);
    }
    if let Some(inner) = inside('{', '}') {
        let each = inner.trim_end_matches(AS_ONE);
        let mut map = json!({"type": "object", "additionalProperties": of(each, full)});
        if each != inner {
            map[MAP_TYPE] = "atomic".into();
        }
        return map;
    }
    match kind {
        "string" => json!({"type": "string"}),
        "bytes" => json!({"type": "string", "format": "byte"}),
        "bool" => json!({"type": "boolean"}),
        "int32" | "int64" => json!({"type": "integer", "format": kind}),
        "time" => json!({"type": "string", "format": "date-time"}),
        // Written with six digits behind the second, and read with no other number of them.
        "microtime" => json!({"type": "string", "format": "microtime"}),
        "quantity" => json!({"type": "string", "format": "quantity"}),
        "intstr" => json!({INT_OR_STRING: true, "format": "int-or-string"}),
        "any" => json!({PRESERVE: true}),
        other => reference(&full(other)),
    }
}

/// A list, by what stands between its brackets.
fn list(inner: &str, full: &dyn Fn(&str) -> String) -> Value {
    if let Some((each, keys)) = inner.split_once(" by ") {
        let keys: Vec<&str> = keys.split('+').collect();
        return json!({"type": "array", "items": of(each, full), LIST_TYPE: "map", LIST_KEYS: keys});
    }
    if let Some(each) = inner.strip_suffix(" as set") {
        return json!({"type": "array", "items": of(each, full), LIST_TYPE: "set"});
    }
    json!({"type": "array", "items": of(inner, full)})
}

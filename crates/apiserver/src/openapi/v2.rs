//! OpenAPI v2, for clients that do not know v3: all kinds in one document.

use super::{components, document};
use crate::registry::Kinds;
use crate::resource::Resource;
use serde_json::{Value, json};

/// The whole document.
pub(super) fn document(kinds: &Kinds) -> Value {
    let resources: Vec<&Resource> = kinds.iter().map(AsRef::as_ref).collect();
    let mut paths = Value::Object(document::paths(&resources));
    for operation in paths
        .as_object_mut()
        .into_iter()
        .flatten()
        .filter_map(|(_, all)| all.as_object_mut())
    {
        for (_, operation) in operation {
            to_v2(operation);
        }
    }
    let mut definitions = Value::Object(components::components(&resources));
    point_to_definitions(&mut definitions);
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "definitions": definitions,
    })
}

fn to_v2(operation: &mut Value) {
    let schema = operation
        .pointer("/responses/200/content/application~1json/schema")
        .cloned()
        .unwrap_or_default();
    operation["responses"] = json!({"200": {"description": "OK", "schema": schema}});
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        parameter.shift_remove("schema");
        parameter.insert("type".to_owned(), "string".into());
    }
    point_to_definitions(operation);
}

fn point_to_definitions(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner {
                    Value::String(target) if name == "$ref" => {
                        *target = target.replace(crate::schema::REFERENCE, "#/definitions/");
                    }
                    inner => point_to_definitions(inner),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(point_to_definitions),
        _ => {}
    }
}

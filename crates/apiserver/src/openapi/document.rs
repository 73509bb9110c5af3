//! One OpenAPI v3 document: the schemas of a group's version, and the paths below it with what
//! clients look up there, which kind a path is about and that it takes `dryRun` and `fieldValidation`.

use super::components::{components, gvk, name_of};
use crate::resource::{Nature, Resource};
use crate::schema::REFERENCE;
use serde_json::{Map, Value, json};

/// The document of these kinds, all of one group and version.
pub(super) fn document(resources: &[&Resource]) -> Value {
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths(resources),
        "components": {"schemas": components(resources)},
    })
}

/// The paths of these kinds.
pub(super) fn paths(resources: &[&Resource]) -> Map<String, Value> {
    let mut paths = Map::new();
    for resource in resources {
        let root = super::path_of(resource);
        let inside = if resource.is_namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let collection = format!("/{root}{inside}/{}", resource.plural);
        match resource.nature {
            Nature::Review => {
                paths.insert(collection, operations(resource, &[("post", "post")]));
            }
            Nature::Stored => {
                let single = [
                    ("get", "get"),
                    ("put", "put"),
                    ("patch", "patch"),
                    ("delete", "delete"),
                ];
                paths.insert(
                    format!("{collection}/{{name}}"),
                    operations(resource, &single),
                );
                let many = [
                    ("get", "list"),
                    ("post", "post"),
                    ("delete", "deletecollection"),
                ];
                paths.insert(collection, operations(resource, &many));
            }
        }
    }
    paths
}

fn operations(resource: &Resource, methods: &[(&str, &str)]) -> Value {
    let all: Map<String, Value> = methods
        .iter()
        .map(|(method, action)| ((*method).to_owned(), operation(resource, method, action)))
        .collect();
    Value::Object(all)
}

fn operation(resource: &Resource, method: &str, action: &str) -> Value {
    let name = name_of(resource);
    let answer = if action == "list" {
        format!("{name}List")
    } else {
        name
    };
    let schema = json!({"$ref": format!("{REFERENCE}{answer}")});
    let mut operation = json!({
        "operationId": format!("{action}{}{}{}", resource.group.replace('.', "_"), resource.version, resource.kind),
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk(resource, &resource.kind),
    });
    if method != "get" {
        let text = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        operation["parameters"] = json!([
            text("dryRun"),
            text("fieldManager"),
            text("fieldValidation")
        ]);
    }
    operation
}

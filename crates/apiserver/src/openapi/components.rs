//! The schemas of some kinds and of everything that they refer to, with what kubectl needs to know
//! about merging.

use crate::patch::{self, BuiltIn, ListStrategy, MergeKeys as _};
use crate::resource::Resource;
use crate::schema::{REFERENCE, types};
use serde_json::{Map, Value, json};

const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// The name under which a kind is published.
pub(super) fn name_of(resource: &Resource) -> String {
    match resource.schema.type_name() {
        Some(built_in) => built_in.to_owned(),
        None => {
            let domain: Vec<&str> = resource.group.split('.').rev().collect();
            format!(
                "{}.{}.{}",
                domain.join("."),
                resource.version,
                resource.kind
            )
        }
    }
}

/// Every schema that these kinds need, by name.
pub(super) fn components(resources: &[&Resource]) -> Map<String, Value> {
    let mut found = Map::new();
    for resource in resources {
        let name = name_of(resource);
        let keys = patch::built_in(&resource.group, &resource.kind);
        let root = types::find(&name).unwrap_or(resource.schema.open_api());
        let mut schema = Collector {
            found: &mut found,
            keys,
            path: Vec::new(),
        }
        .collect(&name, root);
        schema["x-kubernetes-group-version-kind"] = json!([gvk(resource, &resource.kind)]);
        let list = list(resource, &name);
        found.insert(name.clone(), schema);
        found.insert(format!("{name}List"), list);
    }
    found.insert(
        LIST_META.to_owned(),
        json!({"type": "object", "properties": {
            "continue": {"type": "string"}, "remainingItemCount": {"type": "integer", "format": "int64"},
            "resourceVersion": {"type": "string"}, "selfLink": {"type": "string"},
        }}),
    );
    found
}

/// A kind as extensions of OpenAPI name it.
pub(super) fn gvk(resource: &Resource, kind: &str) -> Value {
    json!({"group": resource.group, "version": resource.version, "kind": kind})
}

fn list(resource: &Resource, item: &str) -> Value {
    json!({
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": format!("{REFERENCE}{LIST_META}")},
            "items": {"type": "array", "items": {"$ref": format!("{REFERENCE}{item}")}},
        },
        "x-kubernetes-group-version-kind": [gvk(resource, &resource.list_kind)],
    })
}

/// Copies schemas, adds how their lists are merged, and follows their references.
struct Collector<'a> {
    found: &'a mut Map<String, Value>,
    keys: Option<BuiltIn>,
    /// The members from the kind down to here.
    path: Vec<String>,
}

impl Collector<'_> {
    fn collect(&mut self, name: &str, schema: &Value) -> Value {
        // A place is kept first, as types may lead back to themselves.
        self.found.entry(name.to_owned()).or_insert(Value::Null);
        self.copy(schema)
    }

    fn copy(&mut self, schema: &Value) -> Value {
        let mut copy = schema.clone();
        if let Some(name) = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|r| r.strip_prefix(REFERENCE))
        {
            self.follow(name);
            return copy;
        }
        if let Some(properties) = copy.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, inner) in properties {
                self.path.push(name.clone());
                *inner = self.copy(inner);
                self.mark(inner);
                self.path.pop();
            }
        }
        for member in ["items", "additionalProperties"] {
            if let Some(inner) = copy.get_mut(member).filter(|inner| inner.is_object()) {
                *inner = self.copy(inner);
            }
        }
        copy
    }

    fn follow(&mut self, name: &str) {
        if !self.found.contains_key(name)
            && let Some(schema) = types::find(name)
        {
            let copy = self.collect(name, schema);
            self.found.insert(name.to_owned(), copy);
        }
    }

    /// Says how the list at this path is merged.
    fn mark(&self, schema: &mut Value) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match self.keys.and_then(|keys| keys.of(&path)) {
            Some(ListStrategy::ByKey(key)) => {
                schema["x-kubernetes-patch-strategy"] = "merge".into();
                schema["x-kubernetes-patch-merge-key"] = key.into();
            }
            Some(ListStrategy::Set) => schema["x-kubernetes-patch-strategy"] = "merge".into(),
            None => {}
        }
    }
}

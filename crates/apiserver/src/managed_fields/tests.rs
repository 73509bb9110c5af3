//! Owners as tables and laws, over a schema with everything that is owned in a way of its own.

mod laws;
mod limits;
mod tables;

use super::*;
use serde_json::json;

/// A kind with a number, a set, a list told apart by `name`, a map, and a map owned as one.
fn schema() -> Value {
    let text = json!({"type": "string"});
    json!({"type": "object", "properties": {
        "apiVersion": text, "kind": text,
        "metadata": {"type": "object", "properties": {"name": text}},
        "spec": {"type": "object", "properties": {
            "size": {"type": "integer"},
            "tags": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
            "parts": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {
                    "name": text, "value": text,
                    "more": {"type": "object", "additionalProperties": text},
                }},
            },
            "labels": {"type": "object", "additionalProperties": text},
            "selector": {
                "type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic",
            },
            "command": {"type": "array", "items": text},
        }},
    }})
}

fn writer(manager: &str) -> Writer {
    Writer {
        manager: manager.to_owned(),
        api_version: "example.com/v1".to_owned(),
        subresource: String::new(),
        now: "2030-01-01T00:00:00Z".to_owned(),
    }
}

/// An object that wants this, or nothing.
fn of(spec: &Value) -> Value {
    let is_empty = spec.as_object().is_some_and(Map::is_empty);
    if is_empty {
        json!({})
    } else {
        json!({ "spec": spec })
    }
}

/// An object and its entries.
#[derive(Clone, Debug, PartialEq)]
struct State {
    object: Value,
    managed: Managed,
}

impl State {
    fn new() -> Self {
        Self {
            object: json!({}),
            managed: Managed::default(),
        }
    }

    fn try_apply(&self, manager: &str, spec: &Value, force: bool) -> Result<Self, Conflicts> {
        let applied = of(spec);
        let application = Application {
            live: &self.object,
            applied: &applied,
            schema: &schema(),
            unwritable: &[],
            by: &writer(manager),
            force,
        };
        let (object, managed) = super::apply(&application, self.managed.clone())?;
        Ok(Self { object, managed })
    }

    /// After an apply that takes what it wants.
    fn apply(&self, manager: &str, spec: &Value) -> Self {
        self.try_apply(manager, spec, true).expect("it is forced")
    }

    /// After a write that is no apply.
    fn update(&self, manager: &str, spec: &Value) -> Self {
        let object = of(spec);
        let difference = compare(&self.object, &object, &schema());
        let managed = super::update(self.managed.clone(), &difference, &writer(manager));
        Self { object, managed }
    }

    /// What a manager owns, as clients see it.
    fn owned_by(&self, manager: &str) -> Value {
        let entry = self.managed.entries.iter().find(|e| e.manager == manager);
        entry.map_or(Value::Null, |entry| {
            serde_json::to_value(&entry.fields).expect("a set can be written")
        })
    }

    fn spec(&self) -> Value {
        self.object.get("spec").cloned().unwrap_or_default()
    }
}

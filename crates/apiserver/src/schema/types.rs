//! The types of the built-in kinds, read once from `types.txt`.

mod read;

use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The type of `metadata`.
pub(crate) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// What any object has: `apiVersion`, `kind` and `metadata`.
pub(crate) const PARTIAL_OBJECT: &str =
    "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata";

static TYPES: LazyLock<HashMap<String, Value>> =
    LazyLock::new(|| read::types(include_str!("types.txt")));

/// The schema of a built-in type, by its full name.
pub(crate) fn find(name: &str) -> Option<&'static Value> {
    TYPES.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::REFERENCE;

    fn references(schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_to_a_type() {
        let mut found = Vec::new();
        TYPES
            .values()
            .for_each(|schema| references(schema, &mut found));
        let lost: Vec<&String> = found
            .iter()
            .filter(|name| name.strip_prefix(REFERENCE).and_then(find).is_none())
            .collect();
        assert_eq!(lost, Vec::<&String>::new());
    }

    #[test]
    fn a_type_is_looked_for_in_its_own_package_first() {
        let series = |package: &str| {
            find(&format!("io.k8s.api.{package}.v1.Event"))
                .and_then(|s| s.pointer("/properties/series/$ref"))
                .cloned()
        };
        assert_ne!(series("core"), series("events"));
    }
}

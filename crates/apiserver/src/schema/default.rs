//! Fills in defaults: a member that is missing, or null where null is not allowed.

use super::{Schema, entries, has, member, resolve};
use serde_json::Value;

pub(super) fn default(value: &mut Value, schema: &Value) {
    let schema = resolve(schema);
    match value {
        Value::Object(members) => {
            for (name, inner) in entries(schema, "properties") {
                let Some(wanted) = inner
                    .get("default")
                    .or_else(|| resolve(inner).get("default"))
                else {
                    continue;
                };
                let is_absent = members
                    .get(name)
                    .is_none_or(|found| found.is_null() && !has(inner, "nullable"));
                if is_absent {
                    let mut wanted = wanted.clone();
                    Schema::settle_numbers(&mut wanted);
                    members.insert(name.clone(), wanted);
                }
            }
            for (name, value) in members {
                if let Some(inner) = member(schema, name) {
                    default(value, inner);
                }
            }
        }
        Value::Array(list) => {
            let Some(items) = schema.get("items") else {
                return;
            };
            list.iter_mut().for_each(|entry| default(entry, items));
        }
        _ => {}
    }
}

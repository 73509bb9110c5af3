//! What a schema says about owning: which values are owned whole, and by what the entries of a list
//! are told apart. The rules are those of Kubernetes' structured merge.

use crate::schema::{
    INT_OR_STRING, LIST_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, declared_member, has, list, resolve,
};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// A value of any kind: maps are owned by member, all else whole.
static ANYTHING: LazyLock<Value> = LazyLock::new(|| json!({PRESERVE: true}));
static NOTHING: LazyLock<Value> = LazyLock::new(|| json!({}));

/// These members of built-in types are there even where nothing is written in them.
const ALWAYS_THERE: &[&str] = &["metadata", "spec", "status", "template"];

/// A schema, and whether it is within a built-in type.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    schema: &'a Value,
    is_built_in: bool,
}

/// How a value is owned.
pub(super) enum Shape<'a> {
    /// As one.
    Whole,
    /// By entry; `keys` name the members that tell objects apart, and a set has none.
    Entries { each: Place<'a>, keys: Vec<&'a str> },
    /// By member.
    Members(Place<'a>),
}

impl<'a> Place<'a> {
    /// The root of an object.
    pub(super) fn root(schema: &'a Value) -> Self {
        Self {
            schema,
            is_built_in: false,
        }
    }

    fn resolved(self) -> Self {
        let schema = resolve(self.schema);
        Self {
            schema,
            is_built_in: self.is_built_in || !std::ptr::eq(schema, self.schema),
        }
    }

    /// How values here are owned, these values being examples.
    pub(super) fn shape(self, values: [Option<&Value>; 2]) -> Shape<'a> {
        let place = self.resolved();
        let schema = place.schema;
        let fits = |is_of_kind: fn(&Value) -> bool| {
            let mut there = values.iter().flatten();
            there.all(|value| value.is_null() || is_of_kind(value))
        };
        let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
        let has_object = || values.iter().flatten().any(|value| value.is_object());
        match text("type") {
            Some("array") if fits(Value::is_array) => place.entries(text(LIST_TYPE)),
            Some("object") if text(MAP_TYPE) != Some("atomic") && fits(Value::is_object) => {
                Shape::Members(place)
            }
            Some(_) => Shape::Whole,
            None if !fits(Value::is_object) || has(schema, INT_OR_STRING) => Shape::Whole,
            None if schema.get("properties").is_some() => Shape::Members(place),
            None if has(schema, PRESERVE) && has_object() => Shape::Members(place),
            None => Shape::Whole,
        }
    }

    fn entries(self, list_type: Option<&str>) -> Shape<'a> {
        let each = Place {
            schema: self.schema.get("items").unwrap_or(&ANYTHING),
            is_built_in: self.is_built_in,
        };
        let keys = match list_type {
            Some("map") => {
                let mut keys: Vec<&str> = list(self.schema, LIST_KEYS)
                    .filter_map(Value::as_str)
                    .collect();
                keys.sort_unstable();
                keys
            }
            Some("set") => Vec::new(),
            _ => return Shape::Whole,
        };
        Shape::Entries { each, keys }
    }

    /// The place of a member, and whether the schema declares it by its name.
    pub(super) fn member(self, name: &str) -> (Place<'a>, bool) {
        let declared = declared_member(self.schema, name);
        let other = || {
            let each = self.schema.get("additionalProperties");
            each.filter(|each| each.is_object()).unwrap_or(&ANYTHING)
        };
        let place = Place {
            schema: declared.unwrap_or_else(other),
            is_built_in: self.is_built_in,
        };
        (place, declared.is_some())
    }

    /// Whether the schema knows a member of that name.
    pub(super) fn knows(self, name: &str) -> bool {
        let schema = self.schema;
        declared_member(schema, name).is_some()
            || has(schema, PRESERVE)
            || schema
                .get("additionalProperties")
                .is_some_and(|each| *each != Value::Bool(false))
    }

    /// A member's value; some of built-in types are there even where they are not written.
    pub(super) fn value<'v>(
        self,
        members: Option<&'v Map<String, Value>>,
        name: &str,
    ) -> Option<&'v Value> {
        let written = members?.get(name);
        written.or_else(|| self.unwritten(name))
    }

    fn unwritten(self, name: &str) -> Option<&'static Value> {
        if !self.is_built_in {
            return None;
        }
        let schema = declared_member(self.schema, name)?;
        let is_required = || list(self.schema, "required").any(|required| required == name);
        let is_there = ALWAYS_THERE.contains(&name)
            || schema.get("default").is_some_and(Value::is_object)
            || is_required();
        let is_list = schema.get("type").is_some_and(|kind| kind == "array");
        match (is_there, schema.get("$ref").is_some(), is_list) {
            (true, true, _) => Some(&NOTHING),
            (true, _, true) => Some(&Value::Null),
            _ => None,
        }
    }

    /// The type that a value here must have, where it has another.
    pub(super) fn broken_type(self, value: &Value) -> Option<&'a str> {
        let schema = self.resolved().schema;
        if has(schema, INT_OR_STRING) {
            let fits = value.is_string() || value.is_number() || value.is_null();
            return (!fits).then_some("integer or string");
        }
        let wanted = schema.get("type").and_then(Value::as_str)?;
        let is_quantity = schema
            .get("format")
            .is_some_and(|format| format == "quantity");
        let fits = value.is_null()
            || match wanted {
                "array" => value.is_array(),
                "object" => value.is_object(),
                "string" => value.is_string() || (is_quantity && value.is_number()),
                "boolean" => value.is_boolean(),
                "integer" | "number" => value.is_number(),
                _ => true,
            };
        (!fits).then_some(wanted)
    }

    /// The step to an entry of a list; none where nothing tells it from others.
    pub(super) fn step(self, entry: &Value, keys: &[&str]) -> Option<Box<str>> {
        if keys.is_empty() {
            return Some(format!("v:{entry}").into());
        }
        let place = self.resolved();
        let mut step = String::from("k:{");
        for key in keys {
            let given = entry.get(key).filter(|value| !value.is_null());
            let Some(value) = given.or_else(|| place.key_default(key)) else {
                continue;
            };
            let comma = if step.len() > 3 { "," } else { "" };
            // Writing into a text cannot fail.
            let _ = write!(step, "{comma}{}:{value}", Value::from(*key));
        }
        if step.len() == 3 {
            return None;
        }
        step.push('}');
        Some(step.into())
    }

    fn key_default(self, key: &str) -> Option<&'a Value> {
        static EMPTY: LazyLock<Value> = LazyLock::new(|| "".into());
        static ZERO: LazyLock<Value> = LazyLock::new(|| 0.into());
        let schema = declared_member(self.schema, key)?;
        let zero = || {
            let is_required = list(self.schema, "required").any(|required| required == key);
            let kind = schema.get("type").and_then(Value::as_str);
            match kind.filter(|_| self.is_built_in && is_required)? {
                "string" => Some(&*EMPTY),
                "integer" => Some(&*ZERO),
                _ => None,
            }
        };
        schema.get("default").or_else(zero)
    }
}

/// The members of a value, where it is an object.
pub(super) fn members(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// The entries of a value, where it is a list.
pub(super) fn entries(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The step to a member.
pub(super) fn step_to_member(name: &str) -> Box<str> {
    let mut step = String::with_capacity(name.len() + 2);
    step.push_str("f:");
    step.push_str(name);
    step.into()
}

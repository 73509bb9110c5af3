//! Whether a schema is structural, as the schema of a custom kind must be: every place has one type,
//! said once, so that it is known what to prune and to default. Which words a schema may have is left
//! to [`words`], and what its defaults must fit to [`defaults`].

mod defaults;
#[cfg(test)]
mod tests;
mod words;

use crate::schema::{
    EMBEDDED, INT_OR_STRING, LIST_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, has, list, pattern,
};
use crate::validate::{FINDINGS_LIMIT, FieldError, name_shown};
use serde_json::{Map, Value, json};
use std::fmt::{self, Write as _};

pub(super) const RULES: &str = "x-kubernetes-validations";
const JUNCTORS: [&str; 3] = ["anyOf", "allOf", "oneOf"];
/// What only a schema itself can say, and none of the conditions within it.
const OUTSIDE_ONLY: &[(&str, &str)] = &[
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("externalDocs", "must be undefined to be structural"),
    (PRESERVE, "must be false to be structural"),
    (EMBEDDED, "must be false to be structural"),
    (INT_OR_STRING, "must be false to be structural"),
    (LIST_KEYS, "must be empty to be structural"),
    (LIST_TYPE, "must be undefined to be structural"),
    (MAP_TYPE, "must be undefined to be structural"),
    (RULES, "must be empty to be structural"),
];

/// Everything wrong with the schema of a custom kind, which stands at `field`.
pub(super) fn check(root: &Value, field: &str) -> Vec<FieldError> {
    let mut walk = Walk {
        field: field.to_owned(),
        shape: Vec::new(),
        words: Vec::new(),
    };
    walk.schema(root, Level::Root);
    walk.complete(root, root, field);
    let mut errors = walk.shape;
    // As Kubernetes does it, which has no order of its own here.
    errors.sort_by_cached_key(ToString::to_string);
    errors.extend(walk.words);
    if errors.is_empty() {
        errors = defaults::check(root, field);
    }
    errors.truncate(FINDINGS_LIMIT);
    errors
}

/// Where in an object a schema is for.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Member,
}

/// The findings of a walk, and where it is.
struct Walk {
    /// One text for all paths: written anew for each member, long names would add up.
    field: String,
    /// What makes the schema not structural.
    shape: Vec<FieldError>,
    /// What no schema of a custom kind may say.
    words: Vec<FieldError>,
}

impl Walk {
    fn inside(&mut self, step: fmt::Arguments<'_>, work: impl FnOnce(&mut Self)) {
        if self.shape.len() + self.words.len() >= FINDINGS_LIMIT {
            return;
        }
        let length = self.field.len();
        // Writing into a text cannot fail.
        let _ = self.field.write_fmt(step);
        work(self);
        self.field.truncate(length);
    }

    fn at(&self, member: &str) -> String {
        format!("{}.{member}", self.field)
    }

    fn required(&mut self, member: &str, why: &str) {
        self.shape.push(FieldError::required(self.at(member), why));
    }

    fn forbidden(&mut self, member: &str, why: &str) {
        self.shape.push(FieldError::forbidden(self.at(member), why));
    }

    fn invalid(&mut self, member: &str, value: &Value, why: &str) {
        let error = FieldError::invalid(self.at(member), value.clone(), why);
        self.shape.push(error);
    }

    /// A schema that says what is there.
    fn schema(&mut self, schema: &Value, level: Level) {
        self.check_type(schema, level);
        self.check_extensions(schema, level);
        self.check_identity(schema, level);
        words::check(schema, level == Level::Root, &self.field, &mut self.words);
        for (name, inner) in members(schema, "properties") {
            let step = format_args!(".properties[{}]", name_shown(name));
            self.inside(step, |walk| walk.schema(inner, Level::Member));
        }
        for (member, level) in [
            ("items", Level::Item),
            ("additionalProperties", Level::Member),
        ] {
            if let Some(inner) = schema.get(member).filter(|inner| inner.is_object()) {
                self.inside(format_args!(".{member}"), |walk| walk.schema(inner, level));
            }
        }
        self.conditions(schema, is_int_or_string(schema));
    }

    fn check_type(&mut self, schema: &Value, level: Level) {
        let kind = text(schema, "type");
        if kind == "array" && schema.get("items").is_none() {
            self.required("items", "must be specified");
        }
        let why = "must be object if x-kubernetes-embedded-resource is true";
        let is_open = has(schema, INT_OR_STRING) || has(schema, PRESERVE);
        match (kind, level) {
            ("object", _) => {}
            ("", _) if has(schema, EMBEDDED) => self.required("type", why),
            (kind, _) if has(schema, EMBEDDED) => self.invalid("type", &kind.into(), why),
            ("", _) if is_open => {}
            ("", Level::Root) => self.required("type", "must not be empty at the root"),
            ("", Level::Item) => {
                self.required("type", "must not be empty for specified array items");
            }
            ("", Level::Member) => {
                self.required("type", "must not be empty for specified object fields");
            }
            (kind, Level::Root) => {
                self.invalid("type", &kind.into(), "must be object at the root");
            }
            _ => {}
        }
    }

    fn check_extensions(&mut self, schema: &Value, level: Level) {
        let has_other_members = schema.get("additionalProperties").is_some();
        if has_other_members && level == Level::Root {
            self.forbidden("additionalProperties", "must not be used at the root");
        }
        let is_embedded = has(schema, EMBEDDED);
        if has_other_members && is_embedded {
            let why = "must not be used if x-kubernetes-embedded-resource is set";
            self.forbidden("additionalProperties", why);
        }
        for other in [PRESERVE, EMBEDDED] {
            if has(schema, INT_OR_STRING) && has(schema, other) {
                let why = "must be false if x-kubernetes-int-or-string is true";
                self.invalid(other, &true.into(), why);
            }
        }
        let is_unknown = members(schema, "properties").next().is_none() && !has(schema, PRESERVE);
        if is_embedded && is_unknown {
            let why = "must not be empty if x-kubernetes-embedded-resource is true \
                without x-kubernetes-preserve-unknown-fields";
            self.required("properties", why);
        }
    }

    /// What every object has says Kubernetes itself; a schema may only narrow its name.
    fn check_identity(&mut self, schema: &Value, level: Level) {
        let is_object = level == Level::Root || has(schema, EMBEDDED);
        let part = |name: &str| schema.get("properties").and_then(|all| all.get(name));
        for (name, wanted) in [
            ("kind", "string"),
            ("apiVersion", "string"),
            ("metadata", "object"),
        ] {
            let Some(found) = part(name).filter(|_| is_object) else {
                continue;
            };
            if text(found, "type") != wanted {
                let field = format!("properties[{name}].type");
                let found = text(found, "type").into();
                self.invalid(&field, &found, &format!("must be {wanted}"));
            }
        }
        if level != Level::Root {
            return;
        }
        let is_narrow = |metadata: &Value| {
            let members = metadata.as_object().into_iter().flatten();
            let mut others = members.filter(|(name, value)| {
                !matches!(name.as_str(), "type" | "properties" | "default")
                    && **value != Value::Bool(false)
            });
            let mut names = self::members(metadata, "properties");
            others.next().is_none()
                && names.all(|(name, _)| matches!(name.as_str(), "name" | "generateName"))
        };
        if part("metadata").is_some_and(|metadata| !is_narrow(metadata)) {
            let why = "must not specify anything other than name and generateName, \
                but metadata is implicitly specified";
            self.forbidden("properties[metadata]", why);
        }
    }

    /// The conditions within a schema. That a number or a text fits may be said by their types.
    fn conditions(&mut self, schema: &Value, exempt: Exempt) {
        for junctor in JUNCTORS {
            for (index, inner) in list(schema, junctor).enumerate() {
                let exempt = match (exempt, junctor, index) {
                    (Exempt::AnyOf, "anyOf", _) => continue,
                    (Exempt::FirstOfAllOf, "allOf", 0) => Exempt::AnyOf,
                    _ => Exempt::Nothing,
                };
                let step = format_args!(".{junctor}[{index}]");
                self.inside(step, |walk| walk.condition(inner, exempt));
            }
        }
        if let Some(inner) = schema.get("not") {
            self.inside(format_args!(".not"), |walk| {
                walk.condition(inner, Exempt::Nothing);
            });
        }
        let wanted = text(schema, "pattern");
        if !pattern::is_valid(wanted) {
            let why = "must be a valid regular expression";
            self.invalid("pattern", &wanted.into(), why);
        }
    }

    /// A schema that only says which values of what is there are good.
    fn condition(&mut self, schema: &Value, exempt: Exempt) {
        words::check(schema, false, &self.field, &mut self.words);
        self.conditions(schema, exempt);
        if let Some(inner) = schema.get("items").filter(|inner| inner.is_object()) {
            let step = format_args!(".items");
            self.inside(step, |walk| walk.condition(inner, Exempt::Nothing));
        }
        for (name, inner) in members(schema, "properties") {
            let step = format_args!(".properties[{}]", name_shown(name));
            self.inside(step, |walk| walk.condition(inner, Exempt::Nothing));
        }
        for (member, why) in OUTSIDE_ONLY {
            if schema.get(member).is_some_and(|value| !says_nothing(value)) {
                self.forbidden(member, why);
            }
        }
        let mut names = members(schema, "properties").map(|(name, _)| name);
        if names.any(|name| name == "metadata") {
            let why = "must not be specified in a nested context";
            self.forbidden("properties[metadata]", why);
        }
    }

    /// What the conditions at the root speak of, the schema itself must speak of too.
    fn complete(&mut self, condition: &Value, schema: &Value, field: &str) {
        for junctor in JUNCTORS {
            for (index, inner) in list(condition, junctor).enumerate() {
                let step = format_args!(".{junctor}[{index}]");
                self.inside(step, |walk| walk.covered(inner, schema, field));
            }
        }
        if let Some(inner) = condition.get("not") {
            self.inside(format_args!(".not"), |walk| {
                walk.covered(inner, schema, field);
            });
        }
    }

    fn covered(&mut self, condition: &Value, schema: &Value, field: &str) {
        self.complete(condition, schema, field);
        for (name, inner) in members(condition, "properties") {
            let name = name_shown(name);
            let found = schema.get("properties").and_then(|all| all.get(&*name));
            let field = format!("{field}.properties[{name}]");
            let step = format_args!(".properties[{name}]");
            self.inside(step, |walk| walk.told_of(inner, found, &field));
        }
        if let Some(inner) = condition.get("items") {
            let field = format!("{field}.items");
            let step = format_args!(".items");
            self.inside(step, |walk| {
                walk.told_of(inner, schema.get("items"), &field)
            });
        }
    }

    fn told_of(&mut self, condition: &Value, schema: Option<&Value>, field: &str) {
        match schema {
            Some(schema) => self.covered(condition, schema, field),
            None => {
                let why = format!("because it is defined in {}", self.field);
                self.shape.push(FieldError::required(field, why));
            }
        }
    }
}

/// Which conditions may name types: those of a value that is a number or a text.
#[derive(Clone, Copy)]
enum Exempt {
    Nothing,
    AnyOf,
    FirstOfAllOf,
}

fn is_int_or_string(schema: &Value) -> Exempt {
    let both = json!([{"type": "integer"}, {"type": "string"}]);
    let first = list(schema, "allOf").next();
    if schema.get("anyOf") == Some(&both) {
        Exempt::AnyOf
    } else if first.and_then(|first| first.get("anyOf")) == Some(&both) {
        Exempt::FirstOfAllOf
    } else {
        Exempt::Nothing
    }
}

/// A value that Kubernetes does not tell from none.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        _ => false,
    }
}

fn text<'a>(schema: &'a Value, member: &str) -> &'a str {
    schema
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn members<'a>(schema: &'a Value, member: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let found = schema.get(member).and_then(Value::as_object);
    found.into_iter().flat_map(Map::iter)
}

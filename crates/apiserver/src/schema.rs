//! What the members of a kind are: one description, in the form of OpenAPI, that prunes, defaults,
//! checks and is published. Built-in kinds and custom resources use the same engine; where a
//! description comes from is left to [`types`] and to [`crate::crd`].

mod check;
mod default;
pub(crate) mod pattern;
mod prune;
pub(crate) mod types;

use crate::validate::{FieldError, name_shown};
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

pub(crate) const REFERENCE: &str = "#/components/schemas/";
pub(crate) const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
pub(crate) const EMBEDDED: &str = "x-kubernetes-embedded-resource";
pub(crate) const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
pub(crate) const LIST_TYPE: &str = "x-kubernetes-list-type";
pub(crate) const LIST_KEYS: &str = "x-kubernetes-list-map-keys";
pub(crate) const MAP_TYPE: &str = "x-kubernetes-map-type";

/// The schema of one kind in one version.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: Value,
    /// Made when first asked for; schemas can be large.
    fingerprint: OnceLock<u64>,
}

impl Schema {
    fn new(root: Value) -> Self {
        Self {
            shared: Arc::new(Shared {
                root,
                fingerprint: OnceLock::new(),
            }),
        }
    }

    /// The schema of a built-in type, by its full name.
    pub(crate) fn built_in(type_name: &str) -> Self {
        Self::new(reference(type_name))
    }

    /// The schema of a custom resource; `metadata` is what every object has.
    pub(crate) fn custom(mut open_api: Value) -> Self {
        let root = crate::object::member_mut(&mut open_api, "properties");
        root.insert("apiVersion".to_owned(), json!({"type": "string"}));
        root.insert("kind".to_owned(), json!({"type": "string"}));
        root.insert("metadata".to_owned(), reference(types::OBJECT_META));
        Self::new(open_api)
    }

    /// The schema of a part of a custom resource.
    pub(crate) fn part(open_api: Value) -> Self {
        Self::new(open_api)
    }

    /// A number that differs where schemas differ.
    pub(crate) fn fingerprint(&self) -> u64 {
        *self.shared.fingerprint.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.shared.root.to_string().hash(&mut hasher);
            hasher.finish()
        })
    }

    /// The name of the built-in type that this is, where it is one.
    pub(crate) fn type_name(&self) -> Option<&str> {
        self.shared
            .root
            .get("$ref")?
            .as_str()?
            .strip_prefix(REFERENCE)
    }

    /// The OpenAPI form; references lead to the built-in types.
    pub(crate) fn open_api(&self) -> &Value {
        &self.shared.root
    }

    /// Takes away what the schema does not know, and returns the paths of that.
    pub(crate) fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        prune::prune(
            object,
            &self.shared.root,
            &mut Path {
                is_built_in: self.type_name().is_some(),
                ..Path::default()
            },
            &mut unknown,
        );
        unknown
    }

    /// Fills in the defaults of members that are missing.
    pub(crate) fn default(&self, object: &mut Value) {
        default::default(object, &self.shared.root);
    }

    /// Everything that contradicts the schema.
    pub(crate) fn check(&self, object: &Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        check::check(object, &self.shared.root, &mut Path::default(), &mut errors);
        errors
    }
}

/// A reference to a built-in type.
pub(crate) fn reference(type_name: &str) -> Value {
    json!({"$ref": format!("{REFERENCE}{type_name}")})
}

/// The schema itself, or what it refers to.
pub(crate) fn resolve(schema: &Value) -> &Value {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|name| name.strip_prefix(REFERENCE));
    target.and_then(types::find).unwrap_or(schema)
}

pub(crate) fn has(schema: &Value, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}

/// The schema of the member `name`, from `properties`, `additionalProperties` or what embedded objects have.
fn member<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    declared_member(schema, name)
        .or_else(|| schema.get("additionalProperties").filter(|s| s.is_object()))
}

/// The schema of a member that is declared by its name.
pub(crate) fn declared_member<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let property = schema.get("properties").and_then(|all| all.get(name));
    property.or_else(|| embedded(schema, name))
}

fn embedded(schema: &Value, name: &str) -> Option<&'static Value> {
    if !has(schema, EMBEDDED) {
        return None;
    }
    types::find(types::PARTIAL_OBJECT)?
        .get("properties")?
        .get(name)
}

/// Where in an object we are.
#[derive(Default)]
struct Path {
    /// As errors show it; grown and cut back on the way, since most paths are never shown.
    text: String,
    /// Whether we are within a built-in type.
    is_built_in: bool,
}

impl Path {
    fn inside<T>(
        &mut self,
        segment: impl FnOnce(&mut String),
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outside = self.text.len();
        segment(&mut self.text);
        let result = work(self);
        self.text.truncate(outside);
        result
    }

    fn at_member<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let segment = |text: &mut String| {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&name_shown(name));
        };
        self.inside(segment, work)
    }

    fn at_key<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let segment = |text: &mut String| text.extend(["[", &*name_shown(key), "]"]);
        self.inside(segment, work)
    }

    fn at_index<T>(&mut self, index: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let segment = |text: &mut String| text.extend(["[", &*index.to_string(), "]"]);
        self.inside(segment, work)
    }

    fn text(&self) -> String {
        self.text.clone()
    }

    fn of_member(&self, name: &str) -> String {
        let name = name_shown(name);
        match self.text() {
            here if here.is_empty() => name.into_owned(),
            here => format!("{here}.{name}"),
        }
    }
}

/// The entries of a map that is there.
fn entries<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    schema
        .get(keyword)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

/// The entries of a list that is there.
pub(crate) fn list<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = &'a Value> {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests;

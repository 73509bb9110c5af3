//! Whether the defaults in a schema fit it, so that filling them in makes no object invalid.

use super::members;
use crate::schema::{EMBEDDED, Schema, has};
use crate::validate::{FINDINGS_LIMIT, FieldError, name_shown};
use serde_json::Value;
use std::fmt::{self, Write as _};

/// Everything wrong with the defaults in the schema of a custom kind.
pub(super) fn check(root: &Value, field: &str) -> Vec<FieldError> {
    let mut walk = Walk {
        field: field.to_owned(),
        errors: Vec::new(),
    };
    walk.schema(root, true);
    walk.errors
}

struct Walk {
    field: String,
    errors: Vec<FieldError>,
}

impl Walk {
    fn inside(&mut self, step: fmt::Arguments<'_>, work: impl FnOnce(&mut Self)) {
        if self.errors.len() >= FINDINGS_LIMIT {
            return;
        }
        let length = self.field.len();
        // Writing into a text cannot fail.
        let _ = self.field.write_fmt(step);
        work(self);
        self.field.truncate(length);
    }

    /// What stands in maps is left out, as nothing is filled in there.
    fn schema(&mut self, schema: &Value, is_root: bool) {
        if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
            let is_object = is_root || has(schema, EMBEDDED);
            self.check_one(default, schema, is_object);
        }
        for (name, inner) in members(schema, "properties") {
            let step = format_args!(".properties[{}]", name_shown(name));
            self.inside(step, |walk| match (is_root, name.as_str()) {
                (true, "metadata") => walk.forbid(inner),
                _ => walk.schema(inner, false),
            });
        }
        if let Some(items) = schema.get("items") {
            self.inside(format_args!(".items"), |walk| walk.schema(items, false));
        }
    }

    fn check_one(&mut self, default: &Value, schema: &Value, is_object: bool) {
        let field = format!("{}.default", self.field);
        let schema = Schema::part(schema.clone());
        if !is_object && !schema.prune(&mut default.clone()).is_empty() {
            let why = "must not have unknown fields";
            let error = FieldError::invalid(field.as_str(), default.clone(), why);
            self.errors.push(error);
        }
        let missing = ["apiVersion", "kind"]
            .into_iter()
            .filter(|member| is_object && default.get(member).is_none());
        self.errors
            .extend(missing.map(|member| FieldError::required(format!("{field}.{member}"), "")));
        let found = schema.check(default).into_iter();
        self.errors.extend(found.map(|error| error.below(&field)));
    }

    /// The metadata of an object is the server's to fill in.
    fn forbid(&mut self, metadata: &Value) {
        if metadata.get("default").is_some() {
            let why = "must not be set in top-level metadata";
            let field = format!("{}.default", self.field);
            self.errors.push(FieldError::forbidden(field, why));
        }
        for (name, inner) in members(metadata, "properties") {
            let step = format_args!(".properties[{}]", name_shown(name));
            self.inside(step, |walk| walk.forbid(inner));
        }
    }
}

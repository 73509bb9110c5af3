//! A checker of the JSON Schemas in `schemas/`, for the keywords that they use and `x-since`: a property
//! of a newer release than the one that is asked about does not exist. A schema with another keyword is
//! refused, so that none is passed over.

use bowline_pipelines::model::Release;
use serde_json::Value;

/// A schema and the release that it is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'a> {
    whole: &'a Value,
    release: Release,
}

impl<'a> Schema<'a> {
    pub(crate) fn of(whole: &'a Value, release: Release) -> Self {
        Self { whole, release }
    }

    /// Everything that a value has and must not have, or lacks.
    pub(crate) fn mistakes(self, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.check(self.whole, value, "", &mut found);
        found
    }

    fn check(self, rule: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        for (keyword, wanted) in rule.as_object().expect("a schema is an object") {
            let is_so = match keyword.as_str() {
                "$schema" | "$comment" | "title" | "$defs" | "x-since" => continue,
                "additionalProperties" | "properties" => continue,
                "$ref" => {
                    self.check(self.named(wanted), value, place, found);
                    continue;
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{place}[{index}]"), found);
                    }
                    continue;
                }
                "type" => is_of(wanted, value),
                "const" => wanted == value,
                "enum" => list(wanted).contains(value),
                "required" => list(wanted).iter().all(|name| !value[text(name)].is_null()),
                "anyOf" => list(wanted).iter().any(|one| {
                    let mut mistakes = Vec::new();
                    self.check(one, value, place, &mut mistakes);
                    mistakes.is_empty()
                }),
                other => panic!("`{other}` is a keyword that is not known here"),
            };
            if !is_so {
                found.push(format!("`{place}`: not {keyword} {wanted}"));
            }
        }
        self.members(rule, value, place, found);
    }

    fn members(self, rule: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        for (name, member) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            match rule["properties"].get(name).filter(|it| self.has(it)) {
                Some(rule) => self.check(rule, member, &place, found),
                None if rule["additionalProperties"] == false => {
                    found.push(format!("`{place}`: unknown to {}", self.release));
                }
                None => {}
            }
        }
    }

    /// Whether the release has a property.
    fn has(self, rule: &Value) -> bool {
        let since = rule["x-since"].as_str();
        since.is_none_or(|since| since.parse::<Release>().expect("a release") <= self.release)
    }

    fn named(self, reference: &Value) -> &'a Value {
        let pointer = text(reference).trim_start_matches('#');
        self.whole.pointer(pointer).expect("a definition")
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match text(kind) {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("`{other}` is a type that is not known here"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

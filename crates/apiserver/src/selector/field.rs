//! Field selectors: `metadata.name=one,status.phase!=Running`.

use super::{SelectorError, text_of};
use serde_json::Value;

/// A parsed field selector; the empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    field: String,
    /// The members that lead to its value.
    path: String,
    /// What an object counts as that does not have it.
    absent: String,
    is_equal: bool,
    value: String,
}

const METADATA: [&str; 2] = ["metadata.name", "metadata.namespace"];

impl FieldSelector {
    /// Parses a selector over `metadata.name`, `metadata.namespace` and the `supported` fields,
    /// which are paths of members joined by dots: `status.phase`. A field of another name than its
    /// path is declared as `source:source.component`, and one that counts as something where it is
    /// not there as `spec.unschedulable=false`; what is not there is empty otherwise.
    pub fn parse(text: &str, supported: &[impl AsRef<str>]) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        for term in terms(text).into_iter().filter(|term| !term.is_empty()) {
            let mut requirement = requirement(term)
                .unwrap_or_else(|| {
                    Err(format!(
                        "invalid selector: '{text}'; can't understand '{term}'"
                    ))
                })
                .map_err(SelectorError)?;
            let field = requirement.field.as_str();
            let declared = supported.iter().map(|declared| declared.as_ref());
            let known = METADATA.into_iter().chain(declared).map(declaration);
            let Some((_, path, absent)) = known.into_iter().find(|(name, ..)| *name == field)
            else {
                return Err(SelectorError(unsupported(field, supported.is_empty())));
            };
            requirement.path = path.to_owned();
            requirement.absent = absent.to_owned();
            requirements.push(requirement);
        }
        Ok(Self { requirements })
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether this object is chosen.
    pub fn matches(&self, object: &Value) -> bool {
        self.requirements.iter().all(|requirement| {
            let mut path = requirement.path.split('.');
            let member = path.try_fold(object, |value, name| value.get(name));
            let member = member.filter(|value| !value.is_null());
            let value = member.map_or(Some(requirement.absent.as_str().into()), text_of);
            (value.as_deref() == Some(&requirement.value)) == requirement.is_equal
        })
    }

    /// The members of an object that decide, besides its name and namespace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        let paths = self.requirements.iter().map(|it| it.path.as_str());
        let paths = paths.filter(|path| !METADATA.contains(path));
        paths.map(|path| path.split('.').next().unwrap_or(path))
    }

    /// The value that `field` must have to be chosen, where the selector says so: with a name
    /// required, one object is looked up instead of all.
    pub fn required(&self, field: &str) -> Option<&str> {
        let requirement = |r: &&Requirement| r.is_equal && r.field == field;
        self.requirements
            .iter()
            .find(requirement)
            .map(|requirement| requirement.value.as_str())
    }
}

/// The name, the path and the value in absence of a supported field.
fn declaration(text: &str) -> (&str, &str, &str) {
    let (field, absent) = text.split_once('=').unwrap_or((text, ""));
    let (name, path) = field.split_once(':').unwrap_or((field, field));
    (name, path, absent)
}

fn unsupported(field: &str, has_only_metadata: bool) -> String {
    match has_only_metadata {
        true => format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
        false => format!("field label not supported: {field}"),
    }
}

/// Splits at commas, except after a backslash.
fn terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut start = 0;
    let mut is_escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ',' => {
                terms.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

/// Reads `field=value`, `field==value` or `field!=value`.
fn requirement(term: &str) -> Option<Result<Requirement, String>> {
    let operator = |place| {
        ["!=", "==", "="]
            .into_iter()
            .find(|op| term[place..].starts_with(op))
    };
    let (place, operator) = term
        .char_indices()
        .find_map(|(place, _)| Some((place, operator(place)?)))?;
    let field = term[..place].to_owned();
    let value = unescaped(&term[place + operator.len()..]);
    Some(value.map(|value| Requirement {
        field,
        path: String::new(),
        absent: String::new(),
        is_equal: operator != "!=",
        value,
    }))
}

/// A backslash stands before a backslash, a comma or an equals sign that belongs to the value,
/// and before nothing else; an equals sign alone does not belong to it.
fn unescaped(value: &str) -> Result<String, String> {
    let mut characters = value.chars();
    let mut plain = String::new();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => escaped,
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{other}"
                    ));
                }
            },
            '=' => {
                return Err("invalid field selector: unescaped character in value: 61".to_owned());
            }
            other => other,
        });
    }
    Ok(plain)
}

//! The text in the editor: a connection as YAML, with comments that explain its fields and a
//! placeholder for every value that is not shown. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bowline_catalog::connections::Stored;
use bowline_catalog::edit::Change;
use bowline_catalog::types::{Field, FieldKind};
use bowline_catalog::values::Given;
use bowline_core::{manifest, names};
use serde_json::{Value, json};

use super::Mine;
use super::remarks::{NEWS, comment};
use crate::commands::show::may_show;

/// What stands for a value that is not shown.
pub const PLACEHOLDER: &str = "(unchanged)";

/// A value as it stands in the text.
#[derive(Clone, PartialEq)]
pub enum Edited {
    /// The placeholder: it stays.
    Kept,
    /// What is shown, or was typed. Secret values may be among it.
    Typed(Value),
}

/// What the text is made of.
pub struct Document {
    title: String,
    fields: Vec<Field>,
    /// The state that was read, by the paths of the text.
    shown: BTreeMap<String, Edited>,
}

/// What the text says.
pub type Said = BTreeMap<String, Edited>;

const DISPLAY_NAME: &str = "displayName";
const DESCRIPTION: &str = "description";

impl Document {
    /// The document of a stored connection.
    pub fn of(stored: &Stored) -> Self {
        let secret = &stored.connection.secret;
        let type_ = stored.type_.as_ref();
        let title = match type_ {
            Some(type_) => format!(
                "Connection {} in project {}, of type {} ({})",
                secret.name, secret.namespace, type_.name, type_.display_name
            ),
            None => format!(
                "Connection {} in project {}, of no known type",
                secret.name, secret.namespace
            ),
        };
        let mut shown = BTreeMap::new();
        let text = |text: &str| Edited::Typed(json!(text));
        shown.insert(
            DISPLAY_NAME.to_owned(),
            text(stored.connection.display_name()),
        );
        let description = secret.annotation(names::DESCRIPTION).unwrap_or_default();
        shown.insert(DESCRIPTION.to_owned(), text(description));
        let values = stored.values();
        for (key, value) in &secret.data {
            let may_show = value
                .expose_str()
                .is_some_and(|text| may_show(type_, stored.connection.protocol, key, text));
            let edited = match values.get(key).filter(|_| may_show) {
                Some(given) => Edited::Typed(given.expose()),
                None => Edited::Kept,
            };
            shown.insert(value_path(key), edited);
        }
        Self {
            title,
            fields: type_
                .into_iter()
                .flat_map(|type_| type_.data_fields().cloned())
                .collect(),
            shown,
        }
    }

    /// The text, with changes laid over what is stored and news in front.
    pub fn render(&self, mine: &[Mine], news: &[String]) -> String {
        let mut state = self.shown.clone();
        for (path, edited) in mine {
            match edited {
                Some(edited) => state.insert(path.clone(), edited.clone()),
                None => state.remove(path),
            };
        }
        let mut out = String::new();
        news.iter().for_each(|news| comment(&mut out, NEWS, news));
        comment(&mut out, "# ", &self.title);
        out.push_str(
            "# Lines that begin with # are left out. A line that is removed removes its value;\n\
             # (unchanged) stands for a value that is not shown, and keeps it.\n",
        );
        for path in [DISPLAY_NAME, DESCRIPTION] {
            let value = state.get(path).unwrap_or(&Edited::Kept);
            entry(&mut out, "", path, value);
        }
        out.push_str("values:\n");
        let is_field = |key: &str| self.fields.iter().any(|field| field.env_var == key);
        for field in &self.fields {
            explain(&mut out, field);
            match state.get(&value_path(&field.env_var)) {
                Some(value) => entry(&mut out, "  ", &field.env_var, value),
                None => {
                    let _ = writeln!(out, "  # {}:", field.env_var);
                }
            }
        }
        for (path, value) in &state {
            if let Some(key) = path.strip_prefix("values.").filter(|key| !is_field(key)) {
                out.push_str("  # not a field of the type\n");
                entry(&mut out, "  ", key, value);
            }
        }
        out
    }

    /// What a text says.
    ///
    /// # Errors
    /// When it is not YAML of this form; never quotes a value.
    pub fn read(&self, text: &str) -> Result<Said, String> {
        let mut objects = manifest::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        let object = match (objects.pop(), objects.is_empty()) {
            (Some(Value::Object(object)), true) => object,
            _ => return Err("the text holds more or less than one connection".to_owned()),
        };
        let mut said = Said::new();
        for (member, value) in object {
            match (member.as_str(), value) {
                (DISPLAY_NAME | DESCRIPTION, value) => {
                    said.insert(member, edited(value));
                }
                ("values", Value::Object(values)) => {
                    said.extend(
                        values
                            .into_iter()
                            .map(|(key, value)| (value_path(&key), edited(value))),
                    );
                }
                ("values", Value::Null) => {}
                ("values", _) => {
                    return Err("values: it is not a mapping of keys to values".to_owned());
                }
                (other, _) => return Err(format!("{other}: a connection has no such member")),
            }
        }
        let unknown = said
            .iter()
            .find(|(path, edited)| **edited == Edited::Kept && !self.shown.contains_key(*path));
        match unknown {
            Some((path, _)) => Err(format!("{path}: there is no value that could be unchanged")),
            None => Ok(said),
        }
    }

    /// What was changed, by path.
    pub fn changes(&self, said: &Said) -> Vec<Mine> {
        let changed = said
            .iter()
            .filter(|(path, edited)| {
                **edited != Edited::Kept && self.shown.get(*path) != Some(edited)
            })
            .map(|(path, edited)| (path.clone(), Some(edited.clone())));
        let removed = self
            .shown
            .keys()
            .filter(|path| !said.contains_key(*path))
            .map(|path| (path.clone(), None));
        changed.chain(removed).collect()
    }

    /// The change that the catalog is asked for.
    pub fn change(&self, said: &Said) -> Change {
        let mut change = Change::default();
        for (path, edited) in self.changes(said) {
            let value = match edited {
                Some(Edited::Typed(value)) => value,
                _ => Value::Null,
            };
            let text = || value.as_str().unwrap_or_default().to_owned();
            match path.strip_prefix("values.") {
                Some(key) => {
                    change
                        .values
                        .insert(key.to_owned(), Given::from_value(&value));
                }
                None if path == DISPLAY_NAME => change.display_name = Some(text()),
                None => change.description = Some(text()),
            }
        }
        change
    }
}

fn edited(value: Value) -> Edited {
    match value {
        Value::String(text) if text == PLACEHOLDER => Edited::Kept,
        value => Edited::Typed(value),
    }
}

fn value_path(key: &str) -> String {
    format!("values.{key}")
}

fn entry(out: &mut String, indent: &str, key: &str, value: &Edited) {
    let value = match value {
        Edited::Kept => json!(PLACEHOLDER),
        Edited::Typed(value) => value.clone(),
    };
    for line in manifest::render(&[json!({key: value})]).lines() {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "{indent}{line}");
    }
}

fn explain(out: &mut String, field: &Field) {
    let mut notes = vec![field.kind.as_str().to_owned()];
    if field.is_required {
        notes.push("required".to_owned());
    }
    if field.is_fixed() {
        notes.push("fixed by the type".to_owned());
    }
    if let FieldKind::Dropdown { items, .. } = &field.kind {
        let items: Vec<&str> = items.iter().map(|item| item.value.as_str()).collect();
        notes.push(format!("of {}", items.join(", ")));
    }
    comment(
        out,
        "  # ",
        &format!("{} ({})", field.name, notes.join(", ")),
    );
    if let Some(text) = field.description.as_deref().filter(|text| !text.is_empty()) {
        comment(out, "  # ", text);
    }
}

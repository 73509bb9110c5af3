//! The JSON form of fields and sections, as Open Data Hub's dashboard writes it; whether what is
//! written makes sense is left to `rules`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Number, Value, json};

use super::field::{Entry, Field, FieldKind, Item, Section, Variant};

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_value(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_value(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The JSON form.
pub(crate) fn to_value(entry: &Entry) -> Value {
    match entry {
        Entry::Section(section) => {
            let mut object = Map::new();
            object.insert("type".to_owned(), json!("section"));
            object.insert("name".to_owned(), json!(section.name));
            insert(&mut object, "description", section.description.as_ref());
            Value::Object(object)
        }
        Entry::Field(field) => field_to_value(field),
    }
}

fn field_to_value(field: &Field) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(field.kind.as_str()));
    object.insert("name".to_owned(), json!(field.name));
    insert(&mut object, "description", field.description.as_ref());
    object.insert("envVar".to_owned(), json!(field.env_var));
    insert(&mut object, "required", field.is_required.then_some(true));
    let mut properties = properties(&field.kind);
    insert(&mut properties, "defaultValue", field.default.as_ref());
    let read_only = field.is_read_only.then_some(true);
    insert(&mut properties, "defaultReadOnly", read_only);
    let deferred = field.is_deferred.then_some(true);
    insert(&mut properties, "deferInput", deferred);
    properties.extend(field.properties.clone());
    object.insert("properties".to_owned(), Value::Object(properties));
    object.extend(field.members.clone());
    Value::Object(object)
}

fn properties(kind: &FieldKind) -> Map<String, Value> {
    let mut object = Map::new();
    match kind {
        FieldKind::Boolean { label } => insert(&mut object, "label", Some(label)),
        FieldKind::Numeric { unit, min, max } => {
            insert(&mut object, "unit", unit.as_ref());
            insert(&mut object, "min", min.as_ref());
            insert(&mut object, "max", max.as_ref());
        }
        FieldKind::Dropdown { variant, items } => {
            let variant = match variant {
                Variant::Single => "single",
                Variant::Multi => "multi",
            };
            let item = |item: &Item| json!({"label": item.label, "value": item.value});
            insert(&mut object, "variant", Some(variant));
            let items: Vec<_> = items.iter().map(item).collect();
            insert(&mut object, "items", Some(items));
        }
        FieldKind::File {
            extensions,
            helper_text,
        } => {
            let extensions = (!extensions.is_empty()).then_some(extensions);
            insert(&mut object, "extensions", extensions);
            insert(&mut object, "helperText", helper_text.as_ref());
        }
        FieldKind::ShortText
        | FieldKind::Text
        | FieldKind::Hidden
        | FieldKind::Uri
        | FieldKind::Other(_) => {}
    }
    object
}

fn insert(object: &mut Map<String, Value>, key: &str, value: Option<impl Serialize>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), json!(value));
    }
}

/// Reads the JSON form.
///
/// # Errors
/// When a member has another JSON type than it must have; the text says which.
pub(crate) fn from_value(value: Value) -> Result<Entry, String> {
    let Value::Object(object) = value else {
        return Err("it is not a JSON object".to_owned());
    };
    let mut object = Members(object);
    let kind = object.text("type")?.ok_or("it has no `type`")?;
    let name = object.text("name")?.unwrap_or_default();
    let place = |problem: String| match name.is_empty() {
        true => problem,
        false => format!("`{name}`: {problem}"),
    };
    if kind == "section" {
        let description = object.text("description").map_err(place)?;
        return Ok(Entry::Section(Section { name, description }));
    }
    let field = field(&kind, object).map_err(place)?;
    Ok(Entry::from(Field { name, ..field }))
}

fn field(kind: &str, mut object: Members) -> Result<Field, String> {
    let properties = match object.0.shift_remove("properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err("`properties` is not a JSON object".to_owned()),
    };
    let mut properties = Members(properties);
    Ok(Field {
        name: String::new(),
        description: object.text("description")?,
        env_var: object.text("envVar")?.unwrap_or_default(),
        is_required: object.flag("required")?,
        default: properties.any("defaultValue"),
        is_read_only: properties.flag("defaultReadOnly")?,
        is_deferred: properties.flag("deferInput")?,
        kind: read_kind(kind, &mut properties)?,
        properties: properties.0,
        members: object.0,
    })
}

fn read_kind(kind: &str, properties: &mut Members) -> Result<FieldKind, String> {
    Ok(match kind {
        "short-text" => FieldKind::ShortText,
        "text" => FieldKind::Text,
        "hidden" => FieldKind::Hidden,
        "uri" => FieldKind::Uri,
        "boolean" => FieldKind::Boolean {
            label: properties.text("label")?.unwrap_or_default(),
        },
        "numeric" => FieldKind::Numeric {
            unit: properties.text("unit")?,
            min: properties.number("min")?,
            max: properties.number("max")?,
        },
        "dropdown" => FieldKind::Dropdown {
            variant: match properties.text("variant")?.as_deref() {
                None | Some("single") => Variant::Single,
                Some("multi") => Variant::Multi,
                Some(_) => return Err("`variant` is neither `single` nor `multi`".to_owned()),
            },
            items: properties.items()?,
        },
        "file" => FieldKind::File {
            extensions: properties.texts("extensions")?,
            helper_text: properties.text("helperText")?,
        },
        other => FieldKind::Other(other.to_owned()),
    })
}

/// The members of an object that have not been read yet. `null` counts as absent.
struct Members(Map<String, Value>);

impl Members {
    fn any(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.any(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{key}` is not a string")),
        }
    }

    fn flag(&mut self, key: &str) -> Result<bool, String> {
        match self.any(key) {
            None => Ok(false),
            Some(Value::Bool(is_on)) => Ok(is_on),
            Some(_) => Err(format!("`{key}` is neither `true` nor `false`")),
        }
    }

    fn number(&mut self, key: &str) -> Result<Option<Number>, String> {
        match self.any(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(format!("`{key}` is not a number")),
        }
    }

    fn list(&mut self, key: &str) -> Result<Vec<Value>, String> {
        match self.any(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(format!("`{key}` is not a list")),
        }
    }

    fn texts(&mut self, key: &str) -> Result<Vec<String>, String> {
        let text = |item| match item {
            Value::String(text) => Ok(text),
            _ => Err(format!("`{key}` is not a list of strings")),
        };
        self.list(key)?.into_iter().map(text).collect()
    }

    fn items(&mut self) -> Result<Vec<Item>, String> {
        let item = |item| match item {
            Value::Object(item) => {
                let mut item = Members(item);
                Ok(Item {
                    label: item.text("label")?.unwrap_or_default(),
                    value: item.text("value")?.unwrap_or_default(),
                })
            }
            _ => Err("`items` is not a list of objects with `label` and `value`".to_owned()),
        };
        self.list("items")?.into_iter().map(item).collect()
    }
}

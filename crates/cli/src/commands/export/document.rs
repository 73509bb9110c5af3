//! The file that connections are exported to and imported from: YAML or JSON with a version. Pure.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::{Secret, Sensitive, manifest, names};
use serde_json::{Map, Value, json};

/// What says that a file is ours.
const KIND: &str = "ConnectionExport";
const VERSION: u64 = 1;

/// An export.
pub struct Document {
    /// The connections, in order.
    pub items: Vec<Item>,
}

/// One connection.
pub struct Item {
    /// Its name.
    pub name: String,
    /// Its namespace; empty when the file names none.
    pub namespace: String,
    /// The name of its type.
    pub type_: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its values.
    pub values: BTreeMap<String, Sensitive>,
    /// Keys whose values are left out.
    pub withheld: Vec<String>,
}

impl Item {
    /// A connection with the values that may be written.
    pub fn of(
        secret: &Secret,
        type_: Option<String>,
        is_open: impl Fn(&str, Option<&str>) -> bool,
    ) -> Self {
        let (open, closed): (Vec<_>, Vec<_>) = secret
            .data
            .iter()
            .partition(|(key, value)| is_open(key, value.expose_str()));
        let stated = |key: &str| secret.annotation(key).map(str::to_owned);
        Self {
            name: secret.name.clone(),
            namespace: secret.namespace.clone(),
            type_,
            display_name: stated(names::DISPLAY_NAME)
                .or_else(|| stated(names::ALAUDA_DISPLAY_NAME)),
            description: stated(names::DESCRIPTION),
            values: open
                .into_iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            withheld: closed.into_iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    fn to_value(&self) -> Value {
        let texts = [
            ("name", Some(self.name.as_str())),
            (
                "namespace",
                Some(self.namespace.as_str()).filter(|text| !text.is_empty()),
            ),
            ("type", self.type_.as_deref()),
            ("displayName", self.display_name.as_deref()),
            ("description", self.description.as_deref()),
        ];
        let mut object: Map<String, Value> = texts
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), json!(text?))))
            .collect();
        let (mut values, mut bytes) = (Map::new(), Map::new());
        for (key, value) in &self.values {
            match value.expose_str() {
                Some(text) => values.insert(key.clone(), json!(text)),
                None => bytes.insert(key.clone(), json!(STANDARD.encode(value.expose()))),
            };
        }
        for (key, map) in [("values", values), ("binaryValues", bytes)] {
            if !map.is_empty() {
                object.insert(key.to_owned(), Value::Object(map));
            }
        }
        if !self.withheld.is_empty() {
            object.insert("withheld".to_owned(), json!(self.withheld));
        }
        Value::Object(object)
    }

    fn read(value: &Value, position: usize) -> Result<Self, String> {
        let fail = |what: &str| format!("connection {position}: {what}");
        let object = value
            .as_object()
            .ok_or_else(|| fail("it is not an object"))?;
        let text = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(fail(&format!("`{key}` is not a string"))),
        };
        let mut values = BTreeMap::new();
        for (member, is_text) in [("values", true), ("binaryValues", false)] {
            let map = match object.get(member) {
                None | Some(Value::Null) => continue,
                Some(Value::Object(map)) => map,
                Some(_) => return Err(fail(&format!("`{member}` is not an object"))),
            };
            for (key, value) in map {
                let bytes = value.as_str().and_then(|text| match is_text {
                    true => Some(text.as_bytes().to_vec()),
                    false => STANDARD.decode(text).ok(),
                });
                let form = if is_text { "a string" } else { "base64" };
                let bytes =
                    bytes.ok_or_else(|| fail(&format!("`{member}.{key}` is not {form}")))?;
                values.insert(key.clone(), Sensitive::new(bytes));
            }
        }
        let withheld = object
            .get("withheld")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        Ok(Self {
            name: text("name")?
                .filter(|name| !name.is_empty())
                .ok_or_else(|| fail("it has no name"))?,
            namespace: text("namespace")?.unwrap_or_default(),
            type_: text("type")?,
            display_name: text("displayName")?,
            description: text("description")?,
            values,
            withheld: withheld
                .filter_map(|key| key.as_str().map(str::to_owned))
                .collect(),
        })
    }
}

impl Document {
    /// An export of connections.
    pub const fn new(items: Vec<Item>) -> Self {
        Self { items }
    }

    /// How many values are left out.
    pub fn withheld(&self) -> usize {
        self.items.iter().map(|item| item.withheld.len()).sum()
    }

    /// The whole text; it holds the values that are not left out.
    pub fn render(&self) -> Sensitive {
        let connections: Vec<Value> = self.items.iter().map(Item::to_value).collect();
        let document = json!({"kind": KIND, "version": VERSION, "connections": connections});
        Sensitive::new(manifest::render(&[document]))
    }

    /// Reads an export.
    ///
    /// # Errors
    /// When the text is none of this version; never quotes a value.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let mut objects = manifest::parse(text).map_err(|error| error.to_string())?;
        let (Some(object), true) = (objects.pop(), objects.is_empty()) else {
            return Err("it holds more or less than one document".to_owned());
        };
        if object.get("kind").and_then(Value::as_str) != Some(KIND) {
            return Err(format!("it is no `{KIND}`"));
        }
        if object.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Err(format!("its version is not {VERSION}"));
        }
        let connections = object.get("connections").and_then(Value::as_array);
        let connections = connections.ok_or("`connections` is not a list")?;
        let items = connections
            .iter()
            .enumerate()
            .map(|(index, item)| Item::read(item, index + 1));
        Ok(Self::new(items.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests;

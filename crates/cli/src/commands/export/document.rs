//! The file that connections are exported to and imported from: YAML or JSON with a version. Pure.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_catalog::connections::is_carried;
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
    /// Whether it must not be deleted.
    pub is_vital: bool,
    /// How it is stored; absent where a person wrote the file, who leaves that to the type.
    pub marks: Option<Marks>,
    /// Its values.
    pub values: BTreeMap<String, Sensitive>,
    /// Keys whose values are left out.
    pub withheld: Vec<String>,
}

/// What a Secret is marked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The type of the Secret.
    pub secret_type: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations that are true elsewhere as well, but for the one that makes it vital.
    pub annotations: BTreeMap<String, String>,
}

impl Marks {
    fn of(secret: &Secret, is_open: impl Fn(&str, &str) -> bool) -> Self {
        let mut annotations = secret.annotations.clone();
        annotations
            .retain(|key, text| !is_vital(key, text) && is_carried(key) && is_open(key, text));
        Self {
            secret_type: secret.type_.clone(),
            labels: secret.labels.clone(),
            annotations,
        }
    }
}

fn is_vital(annotation: &str, text: &str) -> bool {
    annotation == names::VITAL && text == "true"
}

impl Item {
    /// A connection with the values and annotations that may be written.
    pub fn of(
        secret: &Secret,
        type_: Option<String>,
        is_open: impl Fn(&str, Option<&str>) -> bool,
        is_open_annotation: impl Fn(&str, &str) -> bool,
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
            is_vital: secret
                .annotations
                .iter()
                .any(|(key, text)| is_vital(key, text)),
            marks: Some(Marks::of(secret, is_open_annotation)),
            values: open
                .into_iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            withheld: closed.into_iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    /// The Secret that it was, in another namespace; nothing for one that a person wrote down. What
    /// people call it is as the file says in its own members.
    pub fn secret(&self, namespace: &str) -> Option<Secret> {
        let marks = self.marks.as_ref()?;
        let mut secret = Secret {
            name: self.name.clone(),
            namespace: namespace.to_owned(),
            type_: marks.secret_type.clone(),
            labels: marks.labels.clone(),
            annotations: marks.annotations.clone(),
            data: self.values.clone(),
            mistyped: Vec::new(),
        };
        let is_there = |key: &&str| secret.annotations.contains_key(*key);
        let mut spellings: Vec<_> = [names::DISPLAY_NAME, names::ALAUDA_DISPLAY_NAME]
            .into_iter()
            .filter(is_there)
            .collect();
        if spellings.is_empty() {
            spellings.push(names::DISPLAY_NAME);
        }
        let named = self.display_name.as_ref();
        let named = named
            .into_iter()
            .flat_map(|name| spellings.iter().map(move |key| (*key, name)));
        let described = self
            .description
            .as_ref()
            .map(|text| (names::DESCRIPTION, text));
        let vital = "true".to_owned();
        let is_vital = self.is_vital.then_some((names::VITAL, &vital));
        for (key, text) in named.chain(described).chain(is_vital) {
            secret.annotations.insert(key.to_owned(), text.clone());
        }
        Some(secret)
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
        if self.is_vital {
            object.insert("isVital".to_owned(), json!(true));
        }
        if let Some(marks) = &self.marks {
            object.insert("secretType".to_owned(), json!(marks.secret_type));
            for (key, map) in [
                ("labels", &marks.labels),
                ("annotations", &marks.annotations),
            ] {
                if !map.is_empty() {
                    object.insert(key.to_owned(), json!(map));
                }
            }
        }
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
        let texts = |member: &str| {
            let map = match object.get(member) {
                None | Some(Value::Null) => return Ok(BTreeMap::new()),
                Some(Value::Object(map)) => map,
                Some(_) => return Err(fail(&format!("`{member}` is not an object"))),
            };
            map.iter()
                .map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned())))
                .collect::<Option<BTreeMap<_, _>>>()
                .ok_or_else(|| fail(&format!("`{member}` does not hold strings only")))
        };
        let is_vital = match object.get("isVital") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(is_vital)) => *is_vital,
            Some(_) => return Err(fail("`isVital` is neither true nor false")),
        };
        let marks = match text("secretType")? {
            None => None,
            Some(secret_type) => Some(Marks {
                secret_type,
                labels: texts("labels")?,
                annotations: texts("annotations")?,
            }),
        };
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
            is_vital,
            marks,
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

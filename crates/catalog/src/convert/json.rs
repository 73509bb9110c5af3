//! Bowline's own JSON: one object, or `{"connections": [...]}`; all values are kept, byte for byte.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::{Protocol, Secret, Sensitive, manifest, names};
use serde_json::{Map, Value, json};

use super::lost::Losses;
use super::manifest::split;
use super::neutral::{made, neutral_told, protocol};
use super::{Read, ReadError, Written};

/// Members of a connection.
const KNOWN: [&str; 7] = [
    "name",
    "namespace",
    "protocol",
    "displayName",
    "description",
    "values",
    "binaryValues",
];

pub(super) fn read(input: &[u8], name: &str) -> Result<Read, ReadError> {
    let mut losses = Losses::default();
    let mut secrets = Vec::new();
    for document in manifest::parse(input)? {
        match document.get("connections") {
            Some(Value::Array(items)) => {
                for item in items {
                    secrets.push(one(item, name, &mut losses)?);
                }
            }
            Some(_) => return Err(ReadError::Content("`connections` is not a list".to_owned())),
            None => secrets.push(one(&document, name, &mut losses)?),
        }
    }
    Ok(Read {
        secrets,
        findings: losses.0,
    })
}

/// An object with the members below, or one whose members are the values themselves.
fn one(item: &Value, name: &str, losses: &mut Losses) -> Result<Secret, ReadError> {
    let content = |text: &str| ReadError::Content(text.to_owned());
    let members = item
        .as_object()
        .ok_or_else(|| content("a connection is not an object"))?;
    let is_bare = !members.contains_key("values") && !members.contains_key("binaryValues");
    if is_bare {
        let data = values(members, "")?;
        let bare = made(String::new(), name.to_owned(), BTreeMap::new(), data);
        return Ok(neutral_told(&bare, losses));
    }
    let text = |key: &str| match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ReadError::Content(format!("`{key}` is not a string"))),
    };
    let map = |key: &str| match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(ReadError::Content(format!("`{key}` is not an object"))),
    };
    let name = text("name")?.unwrap_or_else(|| name.to_owned());
    for key in members.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        losses.ignored(&name, key, format!("no connection has a member `{key}`"));
    }
    let mut data = map("values")?.map_or(Ok(BTreeMap::new()), |map| values(map, "values."))?;
    for (key, value) in map("binaryValues")?.into_iter().flatten() {
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes
            .ok_or_else(|| ReadError::Content(format!("`binaryValues.{key}` is not base64")))?;
        data.insert(key.clone(), Sensitive::new(bytes));
    }
    let mut annotations = BTreeMap::new();
    if let Some(protocol) = text("protocol")? {
        let protocol: Protocol = protocol
            .parse()
            .map_err(|_| content("`protocol` is none of s3, uri, oci, gcs, azure, git"))?;
        annotations.insert(names::PROTOCOL.to_owned(), protocol.to_string());
    }
    for (member, key) in [
        ("displayName", names::DISPLAY_NAME),
        ("description", names::DESCRIPTION),
    ] {
        text(member)?.map(|text| annotations.insert(key.to_owned(), text));
    }
    let namespace = text("namespace")?.unwrap_or_default();
    let secret = made(namespace, name, annotations, data);
    Ok(neutral_told(&secret, losses))
}

fn values(map: &Map<String, Value>, at: &str) -> Result<BTreeMap<String, Sensitive>, ReadError> {
    let text = |(key, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => {
                return Err(ReadError::Content(format!(
                    "`{at}{key}` is neither text nor a number nor a boolean"
                )));
            }
        };
        Ok((key.clone(), Sensitive::new(text)))
    };
    map.iter().map(text).collect()
}

pub(super) fn write(secrets: &[Secret]) -> Written {
    let text = match secrets {
        [one] => object(one),
        many => json!({"connections": many.iter().map(object).collect::<Vec<_>>()}),
    };
    Written {
        text: Sensitive::new(format!("{text:#}\n")),
        findings: Vec::new(),
    }
}

fn object(secret: &Secret) -> Value {
    let (texts, bytes) = split(&secret.data);
    let namespace = Some(secret.namespace.as_str()).filter(|text| !text.is_empty());
    let stated = [
        ("name", Some(secret.name.as_str())),
        ("namespace", namespace),
        ("protocol", protocol(secret).map(Protocol::as_str)),
        ("displayName", secret.annotation(names::DISPLAY_NAME)),
        ("description", secret.annotation(names::DESCRIPTION)),
    ];
    let mut object: Map<String, Value> = stated
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), json!(text?))))
        .collect();
    object.insert("values".to_owned(), Value::Object(texts));
    if !bytes.is_empty() {
        object.insert("binaryValues".to_owned(), Value::Object(bytes));
    }
    Value::Object(object)
}

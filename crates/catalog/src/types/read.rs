//! Reading a connection type from its ConfigMap, in either dialect. One that cannot be read is
//! [`Broken`], so that it can be listed with its error.

use bowline_core::Protocol;
use serde::Serialize;
use serde_json::Value;

use super::keys::{Keys, PART_OF};
use super::{ConnectionType, Entry, TypeDialect, wire};

/// A ConfigMap that says it is a connection type, and cannot be read as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("connection type `{name}` in namespace `{namespace}` cannot be read: {error}")]
pub struct Broken {
    /// Name of the ConfigMap.
    pub name: String,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// What is wrong with it.
    pub error: String,
    /// Whether it came with the platform.
    pub is_preinstalled: bool,
}

/// The dialect of a ConfigMap that is a connection type; `None` for any other object.
pub fn dialect(object: &Value) -> Option<TypeDialect> {
    let is_labelled = |key: &str| member(object, "labels", key) == Some("true");
    TypeDialect::ALL
        .into_iter()
        .find(|dialect| dialect.keys().labels.into_iter().all(is_labelled))
}

/// Reads a ConfigMap.
///
/// # Errors
/// When its labels do not say that it is a type, or when its data is not what types hold.
pub fn read(object: &Value) -> Result<ConnectionType, Broken> {
    let broken = |error: String| Broken {
        name: text(object, "name"),
        namespace: text(object, "namespace"),
        error,
        is_preinstalled: is_preinstalled(object),
    };
    let dialect = dialect(object)
        .ok_or_else(|| broken("its labels do not say that it is a connection type".to_owned()))?;
    let keys = dialect.keys();
    Ok(ConnectionType {
        name: text(object, "name"),
        namespace: text(object, "namespace"),
        dialect,
        display_name: display_name(object, &keys),
        description: annotation(object, keys.description)
            .unwrap_or_default()
            .to_owned(),
        categories: categories(object).map_err(broken)?,
        fields: fields(object).map_err(broken)?,
        is_enabled: annotation(object, keys.disabled) != Some("true"),
        stated_protocol: stated_protocol(object, dialect),
        creator: annotation(object, keys.creator)
            .filter(|creator| !creator.is_empty())
            .map(str::to_owned),
        is_preinstalled: is_preinstalled(object),
        created: optional(object, "creationTimestamp"),
        resource_version: optional(object, "resourceVersion"),
    })
}

/// The protocol that a type says it speaks; `None` too where it is none that is known.
pub(crate) fn stated_protocol(object: &Value, dialect: TypeDialect) -> Option<Protocol> {
    annotation(object, dialect.keys().protocol)?.parse().ok()
}

fn display_name(object: &Value, keys: &Keys) -> String {
    let given = keys
        .display_name
        .into_iter()
        .find_map(|key| annotation(object, key).filter(|name| !name.trim().is_empty()));
    given.map_or_else(|| text(object, "name"), str::to_owned)
}

/// Only the label's presence counts, whatever its value.
pub(crate) fn is_preinstalled(object: &Value) -> bool {
    member(object, "labels", PART_OF).is_some()
}

pub(super) fn categories(object: &Value) -> Result<Vec<String>, String> {
    let Some(value) = parsed(object, "category")? else {
        return Ok(Vec::new());
    };
    serde_json::from_value(value).map_err(|_| "`data.category` is not a list of strings".to_owned())
}

pub(super) fn fields(object: &Value) -> Result<Vec<Entry>, String> {
    let entries = match parsed(object, "fields")? {
        None => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err("`data.fields` is not a list".to_owned()),
    };
    let read = |(index, entry)| {
        wire::from_value(entry)
            .map_err(|error| format!("`data.fields`, entry {}: {error}", index + 1))
    };
    entries.into_iter().enumerate().map(read).collect()
}

/// A member of `data`, whose texts are JSON; empty counts as absent.
fn parsed(object: &Value, key: &str) -> Result<Option<Value>, String> {
    let data = object.get("data").and_then(|data| data.get(key));
    let Some(text) = data
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
    else {
        return Ok(None);
    };
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("`data.{key}` is not JSON, as of line {line}, column {column}")
    })?;
    Ok((!value.is_null()).then_some(value))
}

fn text(object: &Value, key: &str) -> String {
    optional(object, key).unwrap_or_default()
}

fn optional(object: &Value, key: &str) -> Option<String> {
    let value = object.get("metadata")?.get(key)?;
    value.as_str().map(str::to_owned)
}

pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    member(object, "annotations", key)
}

fn member<'a>(object: &'a Value, map: &str, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get(map)?.get(key)?.as_str()
}

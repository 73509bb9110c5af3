//! A Kubernetes Secret as read from the API, with its values behind [`Sensitive`]; what the keys
//! mean is left to `connection`.

use std::collections::BTreeMap;
use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::sensitive::Sensitive;

/// Types of Secret that the platform makes for itself; their keys never hint at a connection, and a
/// cluster holds many and large ones.
pub const PLATFORM_TYPES: [&str; 5] = [
    "kubernetes.io/service-account-token",
    "kubernetes.io/tls",
    "kubernetes.io/dockercfg",
    "bootstrap.kubernetes.io/token",
    "helm.sh/release.v1",
];
/// The type that Kubernetes gives a Secret that names none.
pub const OPAQUE: &str = "Opaque";
/// The type whose `.dockerconfigjson` the kubelet reads.
pub const DOCKER_CONFIG_JSON: &str = "kubernetes.io/dockerconfigjson";

/// A Secret: identity, labels and annotations in clear, values sealed in [`Sensitive`].
#[derive(Clone)]
pub struct Secret {
    /// Namespace; empty in a manifest that names none.
    pub namespace: String,
    /// Name, unique in the namespace.
    pub name: String,
    /// The Secret's `type`, [`OPAQUE`] when absent.
    pub type_: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Label and annotation keys whose value was not a string (YAML `true` without quotes).
    pub mistyped: Vec<String>,
    /// `data`, decoded, with `stringData` merged over it as the API server would.
    pub data: BTreeMap<String, Sensitive>,
}

/// Names what there is and leaves texts out: `kubectl apply` keeps all values in an annotation.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("type", &self.type_)
            .field("annotations", &self.annotations.keys())
            .field("data", &self.data.keys())
            .finish_non_exhaustive()
    }
}

/// Why an object is not a readable Secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SecretError {
    /// `kind` or `apiVersion` is another one.
    #[error("the object is a `{0}`, not a v1 Secret")]
    Kind(String),
    /// `metadata.name` is missing.
    #[error("the Secret has no `metadata.name`")]
    Name,
    /// A member of `data` is not base64 text. The text itself is never quoted.
    #[error("`data.{0}` is not base64; put plain text under `stringData` instead")]
    Base64(String),
    /// A member of `data` or `stringData` is not a string.
    #[error("`{0}.{1}` is not a string; put it in quotes")]
    Type(&'static str, String),
}

impl Secret {
    /// Reads a Secret from its JSON form.
    ///
    /// # Errors
    /// When the object is of another kind, has no name, or holds a value that is not base64 text.
    pub fn from_value(object: &Value) -> Result<Self, SecretError> {
        let kind = object
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or("Secret");
        if kind != "Secret" {
            return Err(SecretError::Kind(kind.to_owned()));
        }
        let metadata = object.get("metadata");
        let text = |key| {
            metadata
                .and_then(|m| m.get(key))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let name = text("name");
        if name.is_empty() {
            return Err(SecretError::Name);
        }
        let mut mistyped = Vec::new();
        let mut strings = |key: &str| -> BTreeMap<String, String> {
            let Some(Value::Object(map)) = metadata.and_then(|m| m.get(key)) else {
                return BTreeMap::new();
            };
            map.iter()
                .filter_map(|(k, v)| match v {
                    Value::String(text) => Some((k.clone(), text.clone())),
                    _ => {
                        mistyped.push(k.clone());
                        None
                    }
                })
                .collect()
        };
        Ok(Self {
            namespace: text("namespace"),
            labels: strings("labels"),
            annotations: strings("annotations"),
            mistyped,
            type_: object
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or(OPAQUE)
                .to_owned(),
            data: decode(object)?,
            name,
        })
    }

    /// A value by key.
    pub fn value(&self, key: &str) -> Option<&Sensitive> {
        self.data.get(key)
    }

    /// A value as text without trailing line ends; `None` when absent, empty or not UTF-8.
    pub fn line(&self, key: &str) -> Option<&str> {
        self.value(key)
            .and_then(Sensitive::expose_line)
            .filter(|text| !text.is_empty())
    }

    /// An annotation that is present and not empty.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations
            .get(key)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }
}

fn decode(object: &Value) -> Result<BTreeMap<String, Sensitive>, SecretError> {
    let mut data = BTreeMap::new();
    for (key, value) in members(object, "data") {
        let bytes = match value {
            Value::Null => Vec::new(),
            Value::String(text) => STANDARD
                .decode(text)
                .map_err(|_| SecretError::Base64(key.clone()))?,
            _ => return Err(SecretError::Type("data", key.clone())),
        };
        data.insert(key.clone(), Sensitive::new(bytes));
    }
    for (key, value) in members(object, "stringData") {
        let text = match value {
            Value::Null => "",
            Value::String(text) => text,
            _ => return Err(SecretError::Type("stringData", key.clone())),
        };
        data.insert(key.clone(), Sensitive::new(text));
    }
    Ok(data)
}

fn members<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn string_data_overrides_data_as_the_api_server_does() {
        let secret = Secret::from_value(&json!({
            "kind": "Secret", "metadata": {"name": "a"},
            "data": {"K": "b2xk"}, "stringData": {"K": "new"},
        }));
        let secret = secret.expect("a good Secret");
        assert_eq!(secret.line("K"), Some("new"));
    }

    #[test]
    fn debug_output_has_no_value_even_after_kubectl_apply() {
        let secret = Secret::from_value(&json!({
            "kind": "Secret", "stringData": {"K": "canary"},
            "metadata": {"name": "a", "annotations": {crate::names::LAST_APPLIED: "{canary}"}},
        }));
        let text = format!("{:?}", secret.expect("a good Secret"));
        assert!(
            text.contains("last-applied") && !text.contains("canary"),
            "{text}"
        );
    }

    #[test]
    fn a_value_that_is_not_base64_is_named_and_not_quoted() {
        let error = Secret::from_value(&json!({
            "kind": "Secret", "metadata": {"name": "a"}, "data": {"K": "not base64!"},
        }));
        let text = error.expect_err("must fail").to_string();
        assert!(
            text.contains("data.K") && !text.contains("not base64!"),
            "{text}"
        );
    }
}

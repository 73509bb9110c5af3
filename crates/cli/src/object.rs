//! How an object is named to people: its kind, name and namespace.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// Which object it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ObjectRef {
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name, or what it is generated from.
    pub name: String,
}

impl ObjectRef {
    /// The object of a manifest that may leave its namespace to the command line.
    pub fn of(object: &Value, default_namespace: &str) -> Self {
        let text = |at: &str| {
            object
                .pointer(at)
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
        };
        let name = text("/metadata/name").or_else(|| text("/metadata/generateName"));
        Self {
            kind: text("/kind").unwrap_or("object").to_owned(),
            namespace: text("/metadata/namespace")
                .unwrap_or(default_namespace)
                .to_owned(),
            name: name.unwrap_or_default().to_owned(),
        }
    }

    /// A Secret.
    pub fn secret(namespace: &str, name: &str) -> Self {
        Self {
            kind: "Secret".to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} `{}` in namespace `{}`",
            self.kind, self.name, self.namespace
        )
    }
}

/// Whether it is an object of Kubernetes at all, of whatever kind.
pub fn is_object(value: &Value) -> bool {
    let is_stated = |key: &str| value.get(key).is_some_and(Value::is_string);
    is_stated("apiVersion") && is_stated("kind")
}

/// Whether an object is of this kind of the core group.
pub fn is_core(object: &Value, kind: &str) -> bool {
    object.get("apiVersion").and_then(Value::as_str) == Some("v1")
        && object.get("kind").and_then(Value::as_str) == Some(kind)
}

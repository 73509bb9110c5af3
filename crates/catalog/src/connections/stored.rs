//! A connection as Kubernetes stores it, and the forms between which it changes on the way there and
//! back.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::{Connection, Secret};
use k8s_openapi::api::core::v1::Secret as KubernetesSecret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::types::ConnectionType;
use crate::values::{Input, decode};

/// A connection as it is stored.
#[derive(Clone)]
pub struct Stored {
    /// The connection, values included, all of them sealed.
    pub connection: Connection,
    /// Name, version, times and whatever else Kubernetes keeps; without `managedFields`, and without
    /// the annotation in which `kubectl apply` repeats the values.
    pub metadata: ObjectMeta,
    /// Its type; guessed from the protocol where it names none, absent where the type is gone.
    pub type_: Option<ConnectionType>,
}

/// Annotations are anybody's, so their texts are left out.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("connection", &self.connection)
            .field("resource_version", &self.metadata.resource_version)
            .field("type_", &self.type_.as_ref().map(|type_| &type_.name))
            .finish_non_exhaustive()
    }
}

impl Stored {
    /// The version that was read.
    pub fn resource_version(&self) -> Option<&str> {
        self.metadata.resource_version.as_deref()
    }

    /// The values by the fields of the type; whoever shows them exposes them one by one.
    pub fn values(&self) -> Input {
        decode(self.type_.as_ref(), &self.connection.secret.data)
    }

    /// Whether faces mask the value of a key until somebody asks to see it.
    pub fn is_secret(&self, key: &str) -> bool {
        crate::edit::is_secret(self.type_.as_ref(), key)
    }
}

/// The Secret as core reads it.
pub(super) fn secret(object: &KubernetesSecret) -> Result<Secret> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let unreadable = |why: String| Error::Unreadable {
        what: format!("Secret `{name}`"),
        why,
    };
    let value =
        serde_json::to_value(object).map_err(|_| unreadable("it is not JSON".to_owned()))?;
    Secret::from_value(&value).map_err(|error| unreadable(error.to_string()))
}

/// The Secret as Kubernetes takes it, values in clear.
pub(super) fn object(secret: &Secret) -> Value {
    let data = secret
        .data
        .iter()
        .map(|(key, value)| (key.clone(), json!(STANDARD.encode(value.expose()))));
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": secret.namespace,
            "name": secret.name,
            "labels": secret.labels,
            "annotations": secret.annotations,
        },
        "type": secret.type_,
        "data": Value::Object(data.collect()),
    })
}

/// No text of the parser is passed on, since it may quote.
pub(super) fn typed(object: &Value) -> Result<KubernetesSecret> {
    KubernetesSecret::deserialize(object).map_err(|_| Error::Unreadable {
        what: "the drafted Secret".to_owned(),
        why: "it is not as Kubernetes has it".to_owned(),
    })
}

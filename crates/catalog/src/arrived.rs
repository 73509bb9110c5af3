//! Objects as they arrive from the API, read for what is kept of them, so that a Secret's values
//! are gone before the next object is read. Asking the API is left to `view`.

use std::borrow::Cow;
use std::fmt;

use bowline_core::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Resource;
use kube::api::ApiResource;
use kube::core::DynamicResourceScope;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::kinds::{LAUNCHER, STORE_LABEL};
use crate::references::{PROVIDERS, STORE_KEY};
use crate::row::{Meta, Row};

/// An object of which only what `T` keeps was kept.
#[derive(Debug, Clone)]
pub(crate) struct Arrived<T> {
    /// Identity, version and owners, and nothing else: annotations may repeat values.
    metadata: ObjectMeta,
    pub(crate) kept: T,
}

impl<T> Arrived<T> {
    /// Identity, version and owners.
    pub(crate) const fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What is kept of an object.
pub(crate) trait Keep: Sized {
    fn keep(object: Value) -> Self;
}

/// A Secret becomes a row, if it is or could be a connection.
impl Keep for Option<Box<Row>> {
    fn keep(object: Value) -> Self {
        let metadata = object.get("metadata");
        let text = |key| {
            metadata
                .and_then(|metadata| metadata.get(key))
                .and_then(Value::as_str)
        };
        let meta = Meta {
            resource_version: text("resourceVersion").unwrap_or_default().to_owned(),
            created: text("creationTimestamp").map(str::to_owned),
        };
        let secret = Secret::from_value(&object).ok()?;
        Row::of(secret, meta).map(Box::new)
    }
}

/// Anything else is kept whole, but for the values under `data`: those of the Secret `storage-config`
/// are nobody's to look at, and those of ConfigMaps are large, so that only those stay that name
/// Secrets.
impl Keep for Value {
    fn keep(mut object: Self) -> Self {
        let is_config_map = names_secrets(&object);
        if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
            for (key, value) in data.iter_mut() {
                if !is_config_map || ![PROVIDERS, STORE_KEY].contains(&key.as_str()) {
                    *value = Self::Null;
                }
            }
        }
        object
    }
}

/// Whether it is one of the ConfigMaps by which pipelines are set up.
fn names_secrets(object: &Value) -> bool {
    let metadata = object.get("metadata");
    let name = metadata.and_then(|metadata| metadata.get("name"));
    let labels = metadata.and_then(|metadata| metadata.get("labels"));
    let (label, value) = STORE_LABEL;
    let label = labels.and_then(|labels| labels.get(label));
    name.and_then(Value::as_str) == Some(LAUNCHER) || label.and_then(Value::as_str) == Some(value)
}

impl<'de, T: Keep> Deserialize<'de> for Arrived<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Level::Object.deserialize(deserializer)?;
        let metadata = identity(&object);
        Ok(Self {
            metadata,
            kept: T::keep(object),
        })
    }
}

/// Reads an object without its `managedFields`: who wrote what is often longer than all the rest,
/// and nothing that is kept.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Object,
    Metadata,
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of Kubernetes")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = match (self, name.as_str()) {
                (Self::Object, "metadata") => members.next_value_seed(Self::Metadata)?,
                (Self::Metadata, "managedFields") => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
                _ => members.next_value()?,
            };
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

/// The parts of an object's metadata by which it is known.
fn identity(object: &Value) -> ObjectMeta {
    let metadata = object.get("metadata");
    let text = |key| {
        let text = metadata.and_then(|metadata| metadata.get(key))?.as_str();
        text.map(str::to_owned)
    };
    let owners = metadata.and_then(|metadata| metadata.get("ownerReferences"));
    ObjectMeta {
        name: text("name"),
        namespace: text("namespace"),
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        creation_timestamp: text("creationTimestamp")
            .and_then(|text| serde_json::from_value::<Time>(text.into()).ok()),
        owner_references: owners.and_then(|owners| serde_json::from_value(owners.clone()).ok()),
        ..ObjectMeta::default()
    }
}

impl<T> Resource for Arrived<T> {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use kube::ResourceExt as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_that_arrives_leaves_its_values_behind() {
        let secret = json!({
            "metadata": {
                "name": "tides", "namespace": "harbour", "resourceVersion": "7",
                "annotations": {
                    "opendatahub.io/connection-type-protocol": "uri",
                    "kubectl.kubernetes.io/last-applied-configuration": "canary",
                },
            },
            "data": {"URI": "Y2FuYXJ5"},
        });
        let arrived: Arrived<Option<Box<Row>>> = serde_json::from_value(secret).unwrap();
        let text = format!("{arrived:?}");
        assert!(
            !text.contains("canary") && !text.contains("Y2FuYXJ5"),
            "{text}"
        );
        assert_eq!(arrived.name_any(), "tides");
        assert_eq!(arrived.kept.unwrap().keys, ["URI"]);
    }

    #[test]
    fn of_any_other_object_arrives_all_but_who_wrote_what() {
        let workload = json!({
            "apiVersion": "kubeflow.org/v1", "kind": "Notebook",
            "metadata": {"name": "tides", "annotations": {"managedFields": "stays"}},
            "spec": {"metadata": {"managedFields": 1}, "list": [null, 1.5, {"a": true}]},
        });
        let mut sent = workload.clone();
        sent["metadata"]["managedFields"] =
            json!([{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}]);
        let arrived: Arrived<Value> = serde_json::from_str(&sent.to_string()).unwrap();
        assert_eq!(arrived.kept, workload);
    }

    #[test]
    fn of_a_config_map_of_pipelines_arrives_what_names_secrets() {
        let data = json!({"providers": "a", "store.yaml": "b", "defaultPipelineRoot": "c"});
        let map = json!({"metadata": {"name": "kfp-launcher"}, "data": data});
        let arrived: Arrived<Value> = serde_json::from_value(map).unwrap();
        assert_eq!(
            arrived.kept["data"],
            json!({"providers": "a", "store.yaml": "b", "defaultPipelineRoot": null})
        );
    }

    #[test]
    fn keys_of_storage_config_arrive_without_values() {
        let secret = json!({"metadata": {"name": "storage-config"}, "data": {"tides": "Y2FuYXJ5"}});
        let arrived: Arrived<Value> = serde_json::from_value(secret).unwrap();
        assert_eq!(arrived.kept["data"], json!({"tides": null}));
    }
}

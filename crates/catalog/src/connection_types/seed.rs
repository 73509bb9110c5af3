//! What an installation starts with: the namespaces of types, the right of everybody who is signed in
//! to read them, and the types themselves where they are missing. What is there is left as it is,
//! and an example that somebody deleted does not come back.

use std::collections::BTreeSet;
use std::fmt::Debug;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use bowline_core::names::MANAGED_BY;

use super::Homes;
use crate::error::{Error, Result};
use crate::types::{ConnectionType, builtin, examples, write};

/// Annotation on the namespace: the examples that were put there once, separated by commas.
const SEEDED: &str = "bowline.dev/example-types";
/// Name of the Role and of the RoleBinding.
const READERS: &str = "connection-type-readers";

/// Puts there what is missing, and returns the names of the types that were.
///
/// # Errors
/// When the client may not write in the namespaces, or when the API does not answer.
pub async fn seed(client: &kube::Client, homes: &Homes) -> Result<Vec<String>> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for home in [&homes.opendatahub, &homes.alauda] {
        open(client, &namespaces, home).await?;
    }
    let namespace = homes.opendatahub.as_str();
    let step = format!("reading namespace `{namespace}`");
    let found = namespaces
        .get(namespace)
        .await
        .map_err(Error::of_kubernetes(step))?;
    let annotations = found.metadata.annotations.unwrap_or_default();
    let before = annotations
        .get(SEEDED)
        .map(String::as_str)
        .unwrap_or_default();
    let known: BTreeSet<&str> = before.split(',').filter(|name| !name.is_empty()).collect();
    let examples = examples::all(namespace);
    let is_new = |type_: &ConnectionType| !known.contains(type_.name.as_str());
    let mut put = Vec::new();
    let types: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    for type_ in builtin::all(namespace)
        .into_iter()
        .chain(examples.iter().filter(|type_| is_new(type_)).cloned())
    {
        if create(&types, write::config_map(&type_)).await? {
            put.push(type_.name);
        }
    }
    if examples.iter().any(is_new) {
        let mut names = known;
        names.extend(examples.iter().map(|type_| type_.name.as_str()));
        let names: Vec<&str> = names.into_iter().collect();
        let patch = json!({"metadata": {"annotations": {SEEDED: names.join(",")}}});
        let step = format!("annotating namespace `{namespace}`");
        let patched = namespaces
            .patch(namespace, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched.map_err(Error::of_kubernetes(step))?;
    }
    Ok(put)
}

/// A namespace in which everybody who is signed in may read types.
async fn open(client: &kube::Client, namespaces: &Api<Namespace>, home: &str) -> Result<()> {
    create(
        namespaces,
        json!({"metadata": {"name": home, "labels": labels()}}),
    )
    .await?;
    let roles: Api<Role> = Api::namespaced(client.clone(), home);
    create(&roles, role()).await?;
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), home);
    create(&bindings, binding()).await?;
    Ok(())
}

/// Creates an object; says whether it was missing.
async fn create<K>(api: &Api<K>, object: Value) -> Result<bool>
where
    K: Clone + Debug + Serialize + DeserializeOwned,
{
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let step = format!("creating `{name}`, which connection types need");
    let object = serde_json::from_value(object).map_err(|error| Error::Unreadable {
        what: step.clone(),
        why: error.to_string(),
    })?;
    match api.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(Error::of_kubernetes(step)(error)),
    }
}

fn labels() -> Value {
    let (key, value) = MANAGED_BY;
    json!({key: value})
}

fn role() -> Value {
    json!({
        "metadata": {"name": READERS, "labels": labels()},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}],
    })
}

fn binding() -> Value {
    json!({
        "metadata": {"name": READERS, "labels": labels()},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": READERS},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
    })
}

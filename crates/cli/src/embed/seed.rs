//! What people and the web server need in the embedded API: the connection types, the workload kinds
//! in the roles that everybody is given, and the few rights of the web server's own account, which
//! has none over Secrets.

use std::collections::BTreeMap;

use bowline_apiserver::UserInfo;
use bowline_catalog::connection_types::{Homes, seed};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{at_fault, crds};
use crate::failure::Failure;

/// The account of the web server, and the name of its role.
const SERVER: &str = "system:bowline:server";
const GROUP: &str = "rbac.authorization.k8s.io";

/// Who the web server is by itself.
pub(super) fn account() -> UserInfo {
    UserInfo::new(SERVER, Vec::<String>::new())
}

/// Puts there what is missing, as an administrator.
pub(super) async fn plant(client: &Client, homes: &Homes) -> Result<(), Failure> {
    seed(client, homes)
        .await
        .map_err(|error| at_fault(&error))?;
    let role = json!({
        "metadata": {"name": SERVER},
        "rules": [
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        ],
    });
    let binding = json!({
        "metadata": {"name": SERVER},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": SERVER},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": SERVER}],
    });
    put::<ClusterRole>(client, role).await?;
    put::<ClusterRoleBinding>(client, binding).await?;
    for role in workload_roles() {
        put::<ClusterRole>(client, role).await?;
    }
    Ok(())
}

/// What the operators that own the workload kinds bring to a cluster: whoever may view, edit or
/// administer a project may do so with these kinds too.
fn workload_roles() -> Vec<Value> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for definition in crds::workload_kinds() {
        let text = |path: &str| definition.pointer(path).and_then(Value::as_str);
        if let (Some(group), Some(plural)) = (text("/spec/group"), text("/spec/names/plural")) {
            let resources = groups.entry(group.to_owned()).or_default();
            resources.push(plural.to_owned());
        }
    }
    let role = |name: &str, verbs: &[&str]| {
        let label = format!("{GROUP}/aggregate-to-{name}");
        let rules: Vec<_> = groups
            .iter()
            .map(|(group, resources)| {
                json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
            })
            .collect();
        json!({
            "metadata": {"name": format!("bowline-workloads-{name}"), "labels": {label: "true"}},
            "rules": rules,
        })
    };
    vec![
        role("view", &["get", "list", "watch"]),
        role(
            "edit",
            &[
                "get",
                "list",
                "watch",
                "create",
                "delete",
                "deletecollection",
                "patch",
                "update",
            ],
        ),
        role("admin", &["*"]),
    ]
}

/// Creates an object that may be there.
async fn put<K>(client: &Client, object: Value) -> Result<(), Failure>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::ClusterResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Serialize,
{
    let object: K = serde_json::from_value(object).map_err(|error| at_fault(&error))?;
    match Api::all(client.clone())
        .create(&PostParams::default(), &object)
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        made => made.map(drop).map_err(|error| at_fault(&error)),
    }
}

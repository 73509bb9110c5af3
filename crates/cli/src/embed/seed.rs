//! What the web server of `bowline up` needs in the embedded API: the connection types, and the few
//! rights of its own account, which has none over Secrets.

use bowline_apiserver::UserInfo;
use bowline_catalog::connection_types::{Homes, seed};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::at_fault;
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
    seed(client, &homes.opendatahub)
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
    put::<ClusterRoleBinding>(client, binding).await
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

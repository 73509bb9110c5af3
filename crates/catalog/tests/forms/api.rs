//! A Kubernetes API of a test's own, with one project and people of several rights.

use anyhow::Result;
use bowline_apiserver::{ApiServer, Config, UserInfo};
use bowline_catalog::connection_types::{Homes, Types, seed};
use bowline_catalog::{Connections, Error};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct World {
    server: ApiServer,
    _state: TempDir,
}

impl World {
    /// With the types that come along, a project `team-a`, and `ada`, who may edit in it.
    pub(crate) async fn start() -> Result<Self> {
        let world = Self::empty().await?;
        seed(&world.admin(), &Homes::default()).await?;
        Ok(world)
    }

    /// Without types.
    pub(crate) async fn empty() -> Result<Self> {
        let state = TempDir::new()?;
        let server = ApiServer::open(Config::new(state.path().join("store.sqlite"))).await?;
        let world = Self {
            server,
            _state: state,
        };
        let namespaces: Api<Namespace> = Api::all(world.admin());
        create(&namespaces, json!({"metadata": {"name": "team-a"}})).await?;
        let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "create", "patch", "delete"]}]);
        world.allow("ada", rules).await?;
        Ok(world)
    }

    /// Lets a person do something in `team-a`.
    pub(crate) async fn allow(&self, user: &str, rules: Value) -> Result<()> {
        let roles: Api<Role> = Api::namespaced(self.admin(), "team-a");
        create(&roles, json!({"metadata": {"name": user}, "rules": rules})).await?;
        let bindings: Api<RoleBinding> = Api::namespaced(self.admin(), "team-a");
        let binding = json!({
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        create(&bindings, binding).await
    }

    pub(crate) fn admin(&self) -> kube::Client {
        self.client(UserInfo::administrator("root"))
    }

    /// A person with the rights of those who are signed in, and what was allowed them.
    pub(crate) fn user(&self, name: &str) -> kube::Client {
        self.client(UserInfo::new(name, Vec::<String>::new()))
    }

    fn client(&self, user: UserInfo) -> kube::Client {
        kube::Client::new(self.server.in_process(user), "default")
    }

    pub(crate) fn types(&self) -> Types {
        Types::new(self.admin(), Homes::default())
    }

    pub(crate) fn connections(&self, user: &str) -> Connections {
        Connections::new(self.user(user), self.types())
    }

    /// A Secret as `kubectl` would show it.
    pub(crate) async fn secret(&self, name: &str) -> Result<Value> {
        let secrets: Api<Secret> = Api::namespaced(self.admin(), "team-a");
        Ok(serde_json::to_value(secrets.get(name).await?)?)
    }

    pub(crate) async fn put_secret(&self, secret: Value) -> Result<()> {
        create(&Api::<Secret>::namespaced(self.admin(), "team-a"), secret).await
    }

    pub(crate) async fn patch_secret(&self, name: &str, patch: Value) -> Result<()> {
        let secrets: Api<Secret> = Api::namespaced(self.admin(), "team-a");
        secrets
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        Ok(())
    }

    /// A ConfigMap as `kubectl` would show it.
    pub(crate) async fn config_map(&self, namespace: &str, name: &str) -> Result<Value> {
        let maps: Api<ConfigMap> = Api::namespaced(self.admin(), namespace);
        Ok(serde_json::to_value(maps.get(name).await?)?)
    }

    pub(crate) async fn put_config_map(&self, namespace: &str, map: Value) -> Result<()> {
        create(&Api::<ConfigMap>::namespaced(self.admin(), namespace), map).await
    }

    pub(crate) async fn patch_config_map(&self, name: &str, patch: Value) -> Result<()> {
        let maps: Api<ConfigMap> = Api::namespaced(self.admin(), "opendatahub");
        maps.patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        Ok(())
    }
}

async fn create<K>(api: &Api<K>, object: Value) -> Result<()>
where
    K: Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    api.create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;
    Ok(())
}

/// An object without what differs from run to run.
pub(crate) fn lasting(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    for key in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "managedFields",
    ] {
        metadata.remove(key);
    }
    object
}

/// The words of an error, with its help or its findings.
pub(crate) fn told(error: &Error) -> String {
    match error {
        Error::Invalid { what, findings } => {
            format!("{what}: {}", crate::cases::short(findings).join(", "))
        }
        Error::Changed { what, help }
        | Error::Conflict { what, help }
        | Error::Unseen { what, help }
        | Error::Protected { what, help } => format!("{what}; {help}"),
        other => other.to_string(),
    }
}

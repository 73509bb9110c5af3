//! A Kubernetes API to test with: clients for whoever asks, namespaces and the workload kinds.
//! Where it comes from is left to `control_plane` and `shared`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bowline_core::manifest;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::wait::until;

/// Who the tests' own objects are from.
const MANAGER: &str = "bowline-cluster-tests";

/// A Kubernetes API, and the way to it.
#[derive(Debug)]
pub struct Cluster {
    kubeconfig: Kubeconfig,
    plane: Option<ControlPlane>,
}

impl Cluster {
    /// A new control plane from the programs in `assets`, without any workload kinds.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(assets: &Path) -> Result<Self> {
        Ok(Self::of(ControlPlane::start(assets).await?))
    }

    /// The same, with a log of who asks for what.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub async fn start_audited(assets: &Path) -> Result<Self> {
        Ok(Self::of(ControlPlane::start_audited(assets).await?))
    }

    fn of(plane: ControlPlane) -> Self {
        Self {
            kubeconfig: plane.kubeconfig().clone(),
            plane: Some(plane),
        }
    }

    /// The cluster that a kubeconfig's current context points to. What tests make there stays.
    ///
    /// # Errors
    /// When the file is no kubeconfig.
    pub fn existing(kubeconfig: &Path) -> Result<Self> {
        Ok(Self {
            kubeconfig: Kubeconfig::read_from(kubeconfig)?,
            plane: None,
        })
    }

    /// The processes behind it, where they are ours to stop and start.
    pub const fn control_plane(&mut self) -> Option<&mut ControlPlane> {
        self.plane.as_mut()
    }

    /// The administrator's kubeconfig, for programs; none for a cluster that was there before.
    pub fn kubeconfig_path(&self) -> Option<PathBuf> {
        self.plane.as_ref().map(ControlPlane::kubeconfig_path)
    }

    /// A client of the administrator. Made for the async runtime it is asked for in.
    ///
    /// # Errors
    /// When the kubeconfig is no good.
    pub async fn client(&self) -> Result<Client> {
        Ok(Client::try_from(self.config().await?)?)
    }

    /// A client of this user, by impersonation. The API server adds `system:authenticated`.
    ///
    /// # Errors
    /// As [`Cluster::client`].
    pub async fn client_as(&self, user: &str, groups: &[&str]) -> Result<Client> {
        let mut config = self.config().await?;
        config.auth_info.impersonate = Some(user.to_owned());
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        config.auth_info.impersonate_groups = Some(groups);
        Ok(Client::try_from(config)?)
    }

    /// The configuration behind [`Cluster::client`].
    ///
    /// # Errors
    /// As [`Cluster::client`].
    pub async fn config(&self) -> Result<Config> {
        let options = KubeConfigOptions::default();
        Ok(Config::from_custom_kubeconfig(self.kubeconfig.clone(), &options).await?)
    }

    /// Creates or changes these objects, whatever their kinds, as the administrator.
    ///
    /// # Errors
    /// When the API server refuses one.
    pub async fn apply(&self, objects: &[Value]) -> Result<()> {
        let client = self.client().await?;
        for object in objects {
            let (api, name) = api_of(&client, object)?;
            let params = PatchParams::apply(MANAGER).force();
            api.patch(&name, &params, &Patch::Apply(object))
                .await
                .with_context(|| format!("applying `{name}`"))?;
        }
        Ok(())
    }

    /// The stored form of this object; none where it is not there.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn get(&self, object: &Value) -> Result<Option<Value>> {
        let (api, name) = api_of(&self.client().await?, object)?;
        let found = api.get_opt(&name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// Deletes these objects, and does not wait for what hangs on them.
    ///
    /// # Errors
    /// When the API server refuses, or one is not there.
    pub async fn delete(&self, objects: &[Value]) -> Result<()> {
        let client = self.client().await?;
        for object in objects {
            let (api, name) = api_of(&client, object)?;
            api.delete(&name, &DeleteParams::background())
                .await
                .with_context(|| format!("deleting `{name}`"))?;
        }
        Ok(())
    }

    /// Makes a namespace with the account that pods need, which a controller makes elsewhere.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn namespace(&self, name: &str, labels: &[(&str, &str)]) -> Result<()> {
        let labels: serde_json::Map<String, Value> = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        let metadata = json!({"name": name, "labels": labels});
        let account = json!({"name": "default", "namespace": name});
        self.apply(&[
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}),
        ])
        .await
    }

    /// Installs CustomResourceDefinitions and waits until their kinds are served.
    ///
    /// # Errors
    /// When the API server refuses one, or does not come to serve it.
    pub async fn install(&self, definitions: &[Value]) -> Result<()> {
        let client = self.client().await?;
        let api: Api<CustomResourceDefinition> = Api::all(client);
        for definition in definitions {
            let object: CustomResourceDefinition = serde_json::from_value(definition.clone())?;
            let name = object.metadata.name.clone().context("no name")?;
            match api.create(&PostParams::default(), &object).await {
                // Too big for server-side apply to be quick; and nobody changes them.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                other => drop(other.with_context(|| format!("installing `{name}`"))?),
            }
        }
        for definition in definitions {
            let name = definition["metadata"]["name"]
                .as_str()
                .context("no name")?
                .to_owned();
            until(&format!("`{name}` is served"), || async {
                Ok(is_established(&api.get_status(&name).await?))
            })
            .await?;
        }
        Ok(())
    }
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Established" && condition.status == "True")
}

/// Where an object goes, and its name.
fn api_of(client: &Client, object: &Value) -> Result<(Api<DynamicObject>, String)> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let api_version = text("/apiVersion").context("no apiVersion")?;
    let kind = text("/kind").context("no kind")?;
    let name = text("/metadata/name").context("no name")?.to_owned();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let api = match text("/metadata/namespace") {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    Ok((api, name))
}

/// The project's own, small definitions of the workload kinds.
///
/// # Errors
/// When they cannot be read.
pub fn workload_kinds() -> Result<Vec<Value>> {
    definitions(&root().join("crates/cli/crds"))
}

/// The definitions with whole schemas that the kinds' own projects publish, where somebody put them
/// beside this project; for the other kinds our own.
///
/// # Errors
/// When they cannot be read.
pub fn field_kinds() -> Result<Option<Vec<Value>>> {
    let folder = root().join("../shared/crds");
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut kinds = BTreeMap::new();
    for definition in [
        workload_kinds()?,
        definitions(&folder)?,
        definitions(&folder.join("full"))?,
    ]
    .concat()
    {
        kinds.insert(definition["metadata"]["name"].to_string(), definition);
    }
    Ok(Some(kinds.into_values().collect()))
}

fn definitions(folder: &Path) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = std::fs::read(&path)?;
        let parsed = manifest::parse(&text).with_context(|| path.display().to_string())?;
        objects.extend(parsed);
    }
    Ok(objects)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

//! `bowline pipelines apply --opt-in`: says yes to copies on both sides, with the rights of whoever runs
//! it. What is copied then is left to the operator.

use std::collections::BTreeSet;

use bowline_catalog::Error;
use bowline_pipelines::Deployment;
use bowline_pipelines::copies::{OPTED_IN, SOURCE};
use bowline_setup::objects::FIELD_MANAGER;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, Patch, PatchParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::terminal;

/// Annotates the sources of profiles, and labels the namespaces of profiles that have one. Returns what
/// could not be.
///
/// # Errors
/// When nothing can be printed.
pub async fn run(cluster: &Cluster, deployment: &Deployment) -> Result<Vec<Failure>, Failure> {
    let (annotation, agreed) = SOURCE;
    let (label, enabled) = OPTED_IN;
    let with_keys = deployment.profiles.iter();
    let with_keys = with_keys.filter_map(|one| Some((one.namespace(), one.credentials.keys()?)));
    let sources: BTreeSet<_> = with_keys
        .clone()
        .map(|(_, source)| (source.namespace.as_str(), source.name.as_str()))
        .collect();
    let mut failures = Vec::new();
    for (namespace, name) in sources {
        let api: Api<Secret> = Api::namespaced(cluster.client().clone(), namespace);
        let what = format!("Secret {namespace}/{name}");
        let change = json!({"annotations": {annotation: agreed}});
        match merge(cluster, &api, name, &what, change).await {
            Ok(()) => terminal::print(&format!("{what} agrees to be copied\n"))?,
            Err(failure) => failures.push(failure),
        }
    }
    let api: Api<Namespace> = Api::all(cluster.client().clone());
    for (name, _) in with_keys {
        let what = format!("Namespace {name}");
        let change = json!({"labels": {label: enabled}});
        match merge(cluster, &api, name, &what, change).await {
            Ok(()) => terminal::print(&format!("{what} opted in\n"))?,
            Err(failure) => failures.push(failure),
        }
    }
    Ok(failures)
}

/// Not applied, since that would make a namespace or a Secret that is not there.
async fn merge<K: DeserializeOwned + Clone + std::fmt::Debug>(
    cluster: &Cluster,
    api: &Api<K>,
    name: &str,
    what: &str,
    metadata: Value,
) -> Result<(), Failure> {
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let written = api.patch_metadata(name, &params, &patch).await;
    let step = || format!("changing {what}");
    written
        .map(drop)
        .map_err(|error| cluster.failed(Error::of_kubernetes(step())(error)))
}

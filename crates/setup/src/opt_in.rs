//! Saying yes to copies on both sides, with the rights of whoever calls: the sources agree, and the
//! namespaces opt in. What is copied then is left to the operator.

use std::collections::BTreeSet;

use bowline_catalog::Error;
use bowline_pipelines::Deployment;
use bowline_pipelines::copies::{OPTED_IN, SOURCE};
use kube::Client;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::objects::{FIELD_MANAGER, Identity};

/// One yes.
pub(crate) struct Yes {
    pub(crate) identity: Identity,
    pub(crate) is_source: bool,
}

/// Every yes that an installation needs: of its source Secrets, and of the namespaces that are to have a
/// copy.
pub(crate) fn needed(deployment: &Deployment) -> Vec<Yes> {
    let spaces = &deployment.namespaces;
    let shared = [spaces.kubeflow.as_str(), spaces.argo.as_str()];
    let shared = shared.map(|namespace| (namespace, &deployment.backend));
    let profiles = deployment.profiles.iter();
    let profiles = profiles.map(|one| (one.namespace(), &one.credentials));
    let (mut sources, mut namespaces) = (BTreeSet::new(), Vec::new());
    for (namespace, credentials) in shared.into_iter().chain(profiles) {
        if let Some(source) = credentials.keys() {
            sources.insert((source.namespace.as_str(), source.name.as_str()));
            if !namespaces.contains(&namespace) {
                namespaces.push(namespace);
            }
        }
    }
    let sources = sources.into_iter().map(|(namespace, name)| Yes {
        identity: Identity::core("Secret", namespace, name),
        is_source: true,
    });
    let namespaces = namespaces.into_iter().map(|name| Yes {
        identity: Identity::core("Namespace", "", name),
        is_source: false,
    });
    sources.chain(namespaces).collect()
}

/// Says it. Merged and not applied, since that would make a namespace or a Secret that is not there.
pub(crate) async fn say(client: &Client, yes: &Yes) -> Result<(), Error> {
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let metadata = match yes.is_source {
        true => json!({"annotations": {SOURCE.0: SOURCE.1}}),
        false => json!({"labels": {OPTED_IN.0: OPTED_IN.1}}),
    };
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let identity = &yes.identity;
    let api = identity.api(client);
    let written = api.patch_metadata(identity.name(), &params, &patch).await;
    let step = format!("changing {identity}");
    written.map(drop).map_err(Error::of_kubernetes(step))
}

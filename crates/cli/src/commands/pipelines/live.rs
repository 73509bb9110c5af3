//! Rendered objects against those of a cluster: reading, applying and deleting one, and what of ours is
//! there and no longer rendered. What is shown is left to `diff` and `apply`.

use std::collections::BTreeSet;
use std::fmt;

use bowline_core::names::MANAGED_BY;
use bowline_pipelines::compare::{Change, changes};
use bowline_pipelines::copies::{COPY, STORE};
use bowline_pipelines::render::OWNED;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch,
    PatchParams, Preconditions,
};
use serde::Serialize;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};

/// Whose the fields are that we apply.
pub const FIELD_MANAGER: &str = "bowline-pipelines";

/// Kinds of which some may be wholly ours; those that are not installed have none.
const PRUNABLE: [(&str, &str); 5] = [
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("kyverno.io/v1", "ClusterPolicy"),
];

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    api_version: String,
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    name: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

impl Identity {
    /// That of a rendered object.
    pub fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        Self {
            api_version: text(&object["apiVersion"]),
            kind: text(&object["kind"]),
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]),
        }
    }

    fn api(&self, cluster: &Cluster) -> Api<DynamicObject> {
        let resource = resource(&self.api_version, &self.kind);
        let client = cluster.client().clone();
        match self.namespace.as_str() {
            "" => Api::all_with(client, &resource),
            namespace => Api::namespaced_with(client, namespace, &resource),
        }
    }
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// How a rendered object stands to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// It is not there.
    New,
    /// It is there and would change.
    Changed {
        /// What would.
        changes: Vec<Change>,
    },
    /// It is there and would not change.
    Same,
}

/// How a rendered object stands to the cluster.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn state(cluster: &Cluster, object: &Value) -> Result<State, Failure> {
    let identity = Identity::of(object);
    let live = match identity.api(cluster).get_opt(&identity.name).await {
        Ok(live) => live,
        Err(error) => return Err(failed(cluster, format!("reading {identity}"), error)),
    };
    let Some(live) = live else {
        return Ok(State::New);
    };
    let (label, value) = COPY;
    let labels = live.metadata.labels.as_ref();
    // The operator keeps it, whatever the source held when it was rendered.
    if labels
        .and_then(|labels| labels.get(label))
        .is_some_and(|text| text == value)
    {
        return Ok(State::Same);
    }
    let live = crate::output::value(&live)?;
    let changes = changes(object, &live);
    Ok(match changes.is_empty() {
        true => State::Same,
        false => State::Changed { changes },
    })
}

/// Applies a rendered object on the server's side.
///
/// # Errors
/// When somebody else holds a field of it, or the cluster refuses.
pub async fn apply(cluster: &Cluster, object: &Value, force: bool) -> Result<(), Failure> {
    let identity = Identity::of(object);
    let params = PatchParams {
        force,
        ..PatchParams::apply(FIELD_MANAGER)
    };
    let applied = identity
        .api(cluster)
        .patch(&identity.name, &params, &Patch::Apply(object))
        .await;
    match applied {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = failed(cluster, format!("applying {identity}"), error);
            Err(match failure.kind() {
                Kind::Conflict => failure.help(
                    "look with `bowline pipelines diff`; `--force-conflicts` takes the fields over",
                ),
                _ => failure,
            })
        }
    }
}

/// What is wholly ours in the cluster and not among the rendered objects.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn stale(cluster: &Cluster, objects: &[Value]) -> Result<Vec<Stale>, Failure> {
    let rendered: BTreeSet<Identity> = objects.iter().map(Identity::of).collect();
    let ((manager, us), (label, owned), (_, store)) = (MANAGED_BY, OWNED, STORE);
    // Copies are the operator's to remove.
    let ours = format!("{manager}={us},{label} in ({owned},{store})");
    let ours = ListParams::default().labels(&ours);
    let mut found = Vec::new();
    for (api_version, kind) in PRUNABLE {
        let api: Api<DynamicObject> =
            Api::all_with(cluster.client().clone(), &resource(api_version, kind));
        let metadata = match api.list_metadata(&ours).await {
            Ok(list) => list.items.into_iter().map(|item| item.metadata),
            // A kind that is not installed has no objects.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(error) => {
                return Err(failed(
                    cluster,
                    format!("listing objects of kind {kind}"),
                    error,
                ));
            }
        };
        found.extend(metadata.filter_map(|metadata| {
            let identity = Identity {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                namespace: metadata.namespace.unwrap_or_default(),
                name: metadata.name.unwrap_or_default(),
            };
            let is_stale = !rendered.contains(&identity);
            is_stale.then_some(Stale {
                identity,
                uid: metadata.uid,
            })
        }));
    }
    Ok(found)
}

/// An object that is ours and no longer rendered.
pub struct Stale {
    /// Which.
    pub identity: Identity,
    uid: Option<String>,
}

/// Deletes an object that is no longer rendered, unless another took its place.
///
/// # Errors
/// When the cluster refuses.
pub async fn prune(cluster: &Cluster, stale: &Stale) -> Result<(), Failure> {
    let params = DeleteParams {
        preconditions: stale.uid.clone().map(|uid| Preconditions {
            uid: Some(uid),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let identity = &stale.identity;
    match identity.api(cluster).delete(&identity.name, &params).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(failed(cluster, format!("deleting {identity}"), error)),
    }
}

pub(super) fn failed(cluster: &Cluster, step: String, error: kube::Error) -> Failure {
    cluster.failed(bowline_catalog::Error::Kubernetes {
        step,
        source: Box::new(error),
    })
}

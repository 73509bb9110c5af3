//! Rendered objects against those of a cluster: reading, applying and deleting one, and what of an
//! installation is there and no longer rendered. Whoever calls brings the client, and so the rights.

use std::collections::BTreeSet;
use std::fmt;

use bowline_catalog::Error;
use bowline_pipelines::compare::{Change, changes};
use bowline_pipelines::copies::COPY;
use bowline_pipelines::render::OWNED;
use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, ObjectMeta, Patch,
    PatchParams, Preconditions,
};
use serde::Serialize;
use serde_json::{Value, json};

/// Whose the fields are that we apply.
pub const FIELD_MANAGER: &str = "bowline-pipelines";

/// Kinds of which some may be wholly ours; those that are not installed have none.
const PRUNABLE: [(&str, &str); 10] = [
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("kyverno.io/v1", "ClusterPolicy"),
    ("kubeflow.org/v1alpha1", "PodDefault"),
    ("networking.istio.io/v1alpha3", "DestinationRule"),
    ("security.istio.io/v1beta1", "AuthorizationPolicy"),
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

    /// That of an object of the API's core.
    pub(crate) fn core(kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// As it stands in a sentence.
    pub(crate) fn quoted(&self) -> String {
        format!("{} `{}/{}`", self.kind, self.namespace, self.name)
    }

    pub(crate) fn api(&self, client: &Client) -> Api<DynamicObject> {
        let resource = resource(&self.api_version, &self.kind);
        let client = client.clone();
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

/// Whether an object is there, by its metadata alone.
pub(crate) async fn exists(client: &Client, identity: &Identity) -> Result<bool, Error> {
    let found = identity.api(client).get_metadata_opt(&identity.name).await;
    let found = found.map_err(Error::of_kubernetes(format!("reading {identity}")))?;
    Ok(found.is_some())
}

/// Whether a namespace has a label; what cannot be read has none.
pub(crate) async fn has_label(client: &Client, namespace: &str, label: (&str, &str)) -> bool {
    let identity = Identity::core("Namespace", "", namespace);
    let found = identity.api(client).get_metadata_opt(namespace).await;
    let labels = found.ok().flatten().and_then(|found| found.metadata.labels);
    labels.is_some_and(|labels| labels.get(label.0).is_some_and(|text| text == label.1))
}

/// How a rendered object stands to the cluster.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn state(client: &Client, object: &Value) -> Result<State, Error> {
    let identity = Identity::of(object);
    let live = identity.api(client).get_opt(&identity.name).await;
    let live = live.map_err(Error::of_kubernetes(format!("reading {identity}")))?;
    let Some(live) = live else {
        return Ok(State::New);
    };
    // The operator keeps it, whatever the source held when it was rendered.
    if is_copy(&live.metadata) {
        return Ok(State::Same);
    }
    // An object as the API sent it always has a JSON form.
    let live = serde_json::to_value(&live).unwrap_or_default();
    let changes = changes(object, &live);
    Ok(match changes.is_empty() {
        true => State::Same,
        false => State::Changed { changes },
    })
}

/// What applying did with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applied {
    /// It was not there.
    Created,
    /// It was there, and other.
    Changed,
    /// It was there as it is to be.
    Unchanged,
}

impl Applied {
    /// The word that people read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Applies a rendered object on the server's side, where it is not yet as it is to be.
///
/// # Errors
/// When somebody else holds a field of it, when only a part of it is ours to set and it is not there, or
/// when the cluster refuses.
pub async fn apply(client: &Client, object: &Value, force: bool) -> Result<Applied, Error> {
    let identity = Identity::of(object);
    let done = match state(client, object).await? {
        State::Same => return Ok(Applied::Unchanged),
        // A part of something that somebody else installs, and has not.
        State::New if is_a_part(object) => {
            let what = format!("{identity}, of which only a part is ours to set");
            return Err(Error::NotFound { what });
        }
        State::New => Applied::Created,
        State::Changed { .. } => Applied::Changed,
    };
    let params = PatchParams {
        force,
        ..PatchParams::apply(FIELD_MANAGER)
    };
    let patch = Patch::Apply(object);
    let applied = identity
        .api(client)
        .patch(&identity.name, &params, &patch)
        .await;
    applied.map_err(Error::of_kubernetes(format!("applying {identity}")))?;
    Ok(done)
}

/// Whether somebody else installs the object, and we set a part of it.
pub(crate) fn is_a_part(object: &Value) -> bool {
    let is_ours = object["metadata"]["labels"][OWNED].is_string();
    object["kind"] == "Deployment" && !is_ours
}

/// What of an installation is in the cluster and not among its rendered objects.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn stale(client: &Client, owner: &str, objects: &[Value]) -> Result<Vec<Stale>, Error> {
    let rendered: BTreeSet<Identity> = objects.iter().map(Identity::of).collect();
    let ours = ListParams::default().labels(&format!("{OWNED}={owner}"));
    let mut found = Vec::new();
    for (api_version, kind) in PRUNABLE {
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource(api_version, kind));
        let metadata = match api.list_metadata(&ours).await {
            // Copies are the operator's to remove.
            Ok(list) => list
                .items
                .into_iter()
                .map(|item| item.metadata)
                .filter(|one| !is_copy(one)),
            // A kind that is not installed has no objects.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(error) => {
                let step = format!("listing objects of kind {kind}");
                return Err(Error::of_kubernetes(step)(error));
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

/// Whether the operator keeps the object.
fn is_copy(metadata: &ObjectMeta) -> bool {
    let (label, value) = COPY;
    let labels = metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(label))
        .is_some_and(|text| text == value)
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
pub async fn prune(client: &Client, stale: &Stale) -> Result<(), Error> {
    let params = DeleteParams {
        preconditions: stale.uid.clone().map(|uid| Preconditions {
            uid: Some(uid),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let identity = &stale.identity;
    match identity.api(client).delete(&identity.name, &params).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::of_kubernetes(format!("deleting {identity}"))(error)),
    }
}

/// Everything that applying would do.
pub struct Difference {
    /// Each rendered object, and how it stands to the cluster.
    pub states: Vec<(Identity, State)>,
    /// What is ours and no longer rendered.
    pub stale: Vec<Stale>,
}

/// Compares all objects of an installation with the cluster's.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn difference(
    client: &Client,
    owner: &str,
    objects: &[Value],
) -> Result<Difference, Error> {
    let mut states = Vec::with_capacity(objects.len());
    for object in objects {
        states.push((Identity::of(object), state(client, object).await?));
    }
    let stale = stale(client, owner, objects).await?;
    Ok(Difference { states, stale })
}

impl Difference {
    /// Whether applying would do nothing.
    pub fn is_nothing(&self) -> bool {
        self.states.iter().all(|(_, state)| *state == State::Same) && self.stale.is_empty()
    }

    /// For programs.
    pub fn value(&self) -> Value {
        let states = self.states.iter().map(|(identity, state)| {
            // Both are plain objects, which always have a JSON form.
            let mut object = serde_json::to_value(identity).unwrap_or_default();
            let state = serde_json::to_value(state).unwrap_or_default();
            if let (Value::Object(object), Value::Object(state)) = (&mut object, state) {
                object.extend(state);
            }
            object
        });
        let stale = self.stale.iter().map(|stale| {
            let mut object = serde_json::to_value(&stale.identity).unwrap_or_default();
            object["state"] = json!("stale");
            object
        });
        json!({ "objects": states.chain(stale).collect::<Vec<_>>() })
    }
}

//! Tells workloads that use a connection whether they still run with what it holds: an annotation
//! (for models an entry in a ConfigMap), and an Event when that changes. Restarts nothing.

use std::sync::Arc;

use bowline_core::drift::{self, State, Statuses};
use bowline_core::names;
use bowline_core::names::MANAGED_BY;
use k8s_openapi::api::core::v1::{ConfigMap, ObjectReference};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::core::ObjectMeta;
use kube::runtime::events::{Event, EventType, Recorder};
use serde_json::{Value, json};

use super::fingerprint::Fingerprints;
use super::inventory::{Inventory, Workload, WorkloadRef};
use super::kinds::Kind;
use super::{ATTEMPTS, ReconcileError, is_written};

/// ConfigMap of a namespace that holds the statuses of its models.
///
/// KServe copies every annotation of a model onto its pods, so an annotation that changes would
/// restart them.
pub const STATUS_CONFIG_MAP: &str = "bowline-connection-status";

/// Keeps statuses.
pub struct StatusController {
    client: kube::Client,
    recorder: Recorder,
    inventory: Arc<Inventory>,
    fingerprints: Fingerprints,
}

impl StatusController {
    /// Reads and writes with the rights of `client`.
    pub const fn new(
        client: kube::Client,
        recorder: Recorder,
        inventory: Arc<Inventory>,
        fingerprints: Fingerprints,
    ) -> Self {
        Self {
            client,
            recorder,
            inventory,
            fingerprints,
        }
    }

    /// Brings the statuses of one workload up to date. Writes nothing when they are.
    ///
    /// # Errors
    /// When the API cannot be read or written.
    pub async fn reconcile(&self, reference: &WorkloadRef) -> Result<(), ReconcileError> {
        let workload = self.inventory.workload(reference);
        let what = || format!("keep the connection status of {reference}");
        let Some(kind) = Kind::named(reference.kind) else {
            return Ok(());
        };
        let done = if kind.workload.is_serving() {
            self.enter(reference, workload.as_ref()).await
        } else {
            self.annotate(reference, kind, workload.as_ref()).await
        };
        match done {
            Ok(()) => Ok(()),
            Err(Failure::Reconcile(error)) => Err(error),
            Err(Failure::Api(error)) => Err(ReconcileError::api(what(), error)),
        }
    }

    /// Writes the annotation; takes it away from what uses nothing any more.
    async fn annotate(
        &self,
        reference: &WorkloadRef,
        kind: &Kind,
        workload: Option<&Workload>,
    ) -> Result<(), Failure> {
        let version = workload.map_or(kind.versions[0], |workload| workload.version);
        let resource = kind.resource(version);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &reference.namespace, &resource);
        for _ in 0..ATTEMPTS {
            let Some(found) = api.get_metadata_opt(&reference.name).await? else {
                return Ok(());
            };
            let text = found
                .metadata
                .annotations
                .as_ref()
                .and_then(|annotations| annotations.get(names::STATUS));
            let before = parse(text);
            let after = self.statuses(reference, workload, &before).await?;
            if after == before && text.is_some() != after.is_empty() {
                return Ok(());
            }
            let patch = json!({"metadata": {
                "resourceVersion": found.metadata.resource_version,
                "annotations": {names::STATUS: to_text(&after)},
            }});
            let params = PatchParams::default();
            let patch = Patch::Merge(patch);
            if is_written(api.patch_metadata(&reference.name, &params, &patch).await)? {
                let written = to_text(&after);
                self.inventory.learn_status(reference, written.as_str());
                self.tell(reference, workload, &before, &after).await;
                return Ok(());
            }
        }
        Err(Failure::Reconcile(ReconcileError::busy(reference)))
    }

    /// Writes the entry of a model; takes it away from one that uses nothing any more.
    async fn enter(
        &self,
        reference: &WorkloadRef,
        workload: Option<&Workload>,
    ) -> Result<(), Failure> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &reference.namespace);
        let key = entry(reference);
        for _ in 0..ATTEMPTS {
            let found = api.get_opt(STATUS_CONFIG_MAP).await?;
            let data = found.as_ref().and_then(|found| found.data.as_ref());
            let text = data.and_then(|data| data.get(&key));
            let before = parse(text);
            let after = self.statuses(reference, workload, &before).await?;
            if after == before && text.is_some() != after.is_empty() {
                return Ok(());
            }
            let is_last = after.is_empty() && data.is_none_or(|data| data.len() <= 1);
            let written = write(
                &api,
                found.map(|found| found.metadata),
                &key,
                &after,
                is_last,
            );
            if written.await? {
                self.tell(reference, workload, &before, &after).await;
                return Ok(());
            }
        }
        Err(Failure::Reconcile(ReconcileError::busy(reference)))
    }

    async fn statuses(
        &self,
        reference: &WorkloadRef,
        workload: Option<&Workload>,
        before: &Statuses,
    ) -> Result<Statuses, ReconcileError> {
        let Some(workload) = workload else {
            return Ok(Statuses::new());
        };
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let now = now.to_string();
        let mut after = Statuses::new();
        for name in &workload.usage.connections {
            let namespace = &reference.namespace;
            let fingerprint = self
                .fingerprints
                .of(&self.inventory, namespace, name)
                .await?;
            let before = before.get(name);
            let status = drift::status(before, fingerprint.as_deref(), workload.running, &now);
            after.insert(name.clone(), status);
        }
        Ok(after)
    }

    /// Events are for people who look; one that cannot be written is no reason to try again.
    async fn tell(
        &self,
        reference: &WorkloadRef,
        workload: Option<&Workload>,
        before: &Statuses,
        after: &Statuses,
    ) {
        let Some(workload) = workload else {
            return;
        };
        let regarding = ObjectReference {
            api_version: Some(workload.kind.resource(workload.version).api_version),
            kind: Some(reference.kind.to_owned()),
            namespace: Some(reference.namespace.clone()),
            name: Some(reference.name.clone()),
            uid: Some(workload.uid.clone()),
            ..ObjectReference::default()
        };
        for (name, status) in after {
            let was = before.get(name).map(|status| status.state);
            let Some(event) = event(name, was, status.state) else {
                continue;
            };
            if let Err(error) = self.recorder.publish(&event, &regarding).await {
                let error = crate::kubernetes::describe(error);
                tracing::warn!(workload = %reference, %error, "event not written");
            }
        }
    }
}

enum Failure {
    Api(kube::Error),
    Reconcile(ReconcileError),
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        Self::Api(error)
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        Self::Reconcile(error)
    }
}

/// Writes one entry of the ConfigMap; `false` when somebody else was faster.
async fn write(
    api: &Api<ConfigMap>,
    found: Option<ObjectMeta>,
    key: &str,
    statuses: &Statuses,
    is_last: bool,
) -> Result<bool, kube::Error> {
    let text = to_text(statuses);
    let Some(meta) = found else {
        let Value::String(text) = text else {
            return Ok(true);
        };
        let (label, value) = MANAGED_BY;
        let made = ConfigMap {
            metadata: ObjectMeta {
                name: Some(STATUS_CONFIG_MAP.to_owned()),
                labels: Some([(label.to_owned(), value.to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some([(key.to_owned(), text)].into()),
            ..ConfigMap::default()
        };
        return is_written(api.create(&PostParams::default(), &made).await);
    };
    if is_last {
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: meta.uid,
                resource_version: meta.resource_version,
            }),
            ..DeleteParams::default()
        };
        return is_written(api.delete(STATUS_CONFIG_MAP, &params).await);
    }
    let patch = json!({
        "metadata": {"resourceVersion": meta.resource_version},
        "data": {key: text},
    });
    let params = PatchParams::default();
    is_written(
        api.patch(STATUS_CONFIG_MAP, &params, &Patch::Merge(patch))
            .await,
    )
}

/// The entry of a model in the ConfigMap.
fn entry(reference: &WorkloadRef) -> String {
    format!("{}.{}", reference.kind.to_lowercase(), reference.name)
}

/// What cannot be read was written by somebody else, and is written anew.
fn parse(text: Option<&String>) -> Statuses {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// Null takes an annotation or entry away.
fn to_text(statuses: &Statuses) -> Value {
    if statuses.is_empty() {
        return Value::Null;
    }
    serde_json::to_string(statuses).map_or(Value::Null, Value::String)
}

fn event(name: &str, was: Option<State>, is: State) -> Option<Event> {
    let (type_, reason, note) = match (was, is) {
        (was, is) if was == Some(is) => return None,
        (None, State::Current) => return None,
        (_, State::Stale) => (
            EventType::Warning,
            "ConnectionChanged",
            format!(
                "connection `{name}` has changed since this workload was started; restart it to \
                 use the new values"
            ),
        ),
        (_, State::Missing) => (
            EventType::Warning,
            "ConnectionMissing",
            format!(
                "connection `{name}` does not exist; create the Secret again, or take its name \
                 out of the annotation `{}`",
                names::CONNECTIONS
            ),
        ),
        (_, State::Current) => (
            EventType::Normal,
            "ConnectionCurrent",
            format!("this workload runs with what connection `{name}` holds"),
        ),
    };
    Some(Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: "Track".to_owned(),
        secondary: None,
    })
}

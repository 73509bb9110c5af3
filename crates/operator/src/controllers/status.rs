//! Tells workloads that use a connection whether they still run with what it holds: an annotation
//! (for models an entry in a ConfigMap), and an Event when that changes. Restarts nothing.

use std::sync::Arc;

use bowline_core::drift::{self, State, Statuses};
use bowline_core::names;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use serde_json::json;

use super::fingerprint::Fingerprints;
use super::inventory::{Inventory, Workload, WorkloadRef};
use super::kinds::Kind;
use super::status_map::StatusMap;
use super::{ATTEMPTS, ReconcileError};
use crate::kubernetes::is_written;

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
                self.inventory.learn_status(reference, written.as_deref());
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
        let key = entry(reference);
        for _ in 0..ATTEMPTS {
            let map = StatusMap::read(&self.client, &reference.namespace).await?;
            let text = map.entry(&key);
            let before = parse(text);
            let after = self.statuses(reference, workload, &before).await?;
            if after == before && text.is_some() != after.is_empty() {
                return Ok(());
            }
            if map.set(&key, to_text(&after)).await? {
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

/// The entry of a model in the ConfigMap.
fn entry(reference: &WorkloadRef) -> String {
    format!("{}.{}", reference.kind.to_lowercase(), reference.name)
}

/// What cannot be read was written by somebody else, and is written anew.
fn parse(text: Option<&String>) -> Statuses {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// None takes an annotation or entry away.
fn to_text(statuses: &Statuses) -> Option<String> {
    if statuses.is_empty() {
        return None;
    }
    serde_json::to_string(statuses).ok()
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

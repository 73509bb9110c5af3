//! Keeps a copy of the store's keys in each namespace that is to have one. Who that is, and what a copy
//! holds, is decided by `bowline_pipelines::copies`; here it is fetched and carried out.

mod profiles;
mod statuses;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::Sensitive;
use bowline_core::names::MANAGED_BY;
use bowline_core::secret::OPAQUE;
use bowline_pipelines::copies::{
    self as decisions, COPIED_FROM, COPIED_VERSION, COPY, Decision, Keys, Status,
};
use bowline_pipelines::model::SecretRef;
use bowline_pipelines::render::NATIVE_COPY;
use kube::api::{DynamicObject, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::events::{Event, EventType};
use serde_json::{Map, Value, json};

use super::queue::{End, Queue};
use super::{ATTEMPTS, Key, ReconcileError};
use crate::kubernetes::{delete, secret_of, secrets, unless_conflict};

pub use profiles::{Profiles, Told};
use statuses::Statuses;

/// Keeps copies in all namespaces.
pub struct Copies {
    client: kube::Client,
    profiles: Arc<Profiles>,
    statuses: Statuses,
    /// By namespace.
    good: Mutex<HashMap<String, Good>>,
}

/// A copy that held what its source did when both were last read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Good {
    source: SecretRef,
    source_version: String,
    version: String,
}

/// What became of a profile.
enum Outcome {
    /// The store does not say what is to be, so all stays as it is.
    AsItWas,
    /// This is its status, if there is anything to say.
    Now(Option<Status>),
}

impl Copies {
    /// Reads and writes with the rights of `client`; statuses are kept in `namespace`.
    pub fn new(
        client: kube::Client,
        profiles: Arc<Profiles>,
        queue: Arc<Queue<Key>>,
        namespace: &str,
    ) -> Self {
        Self {
            statuses: Statuses::new(client.clone(), queue, namespace),
            client,
            profiles,
            good: Mutex::default(),
        }
    }

    /// Brings one namespace up to date. Writes nothing when it is, and reads no values of copies that
    /// are known to be good. Returns an Event about the namespace when its source went or came back.
    ///
    /// # Errors
    /// When the API cannot be read or written.
    pub async fn reconcile(&self, namespace: &str) -> Result<Option<Event>, ReconcileError> {
        let what = || format!("keep Secret `{NATIVE_COPY}` of namespace `{namespace}`");
        let failed = |error| ReconcileError::api(what(), error);
        self.statuses.load().await.map_err(failed)?;
        for _ in 0..ATTEMPTS {
            match self.attempt(namespace).await.map_err(failed)? {
                None => {}
                Some(Outcome::AsItWas) => return Ok(None),
                Some(Outcome::Now(status)) => return Ok(self.tell(namespace, status)),
            }
        }
        Err(ReconcileError::busy(format!("Secret `{NATIVE_COPY}`")))
    }

    /// Brings the statuses of all namespaces up to date.
    ///
    /// # Errors
    /// When the API cannot be read or written.
    pub async fn write_statuses(&self) -> Result<End, ReconcileError> {
        let failed = |error| ReconcileError::api("keep the statuses of copies", error);
        self.statuses.load().await.map_err(failed)?;
        let trouble = self.profiles.trouble();
        self.statuses.write(trouble).await.map_err(failed)
    }

    /// `None` when somebody else wrote in between.
    async fn attempt(&self, namespace: &str) -> Result<Option<Outcome>, kube::Error> {
        let status = match self.profiles.decision(namespace) {
            None => return Ok(Some(Outcome::AsItWas)),
            Some(Decision::Copy(source)) => match self.read(namespace, &source).await? {
                Source::Good => Some(decisions::copied(&source)),
                Source::Not(status) => Some(status),
                Source::Read(version, keys) => {
                    let written = self.write(namespace, &source, version, &keys).await?;
                    return Ok(written.map(|status| Outcome::Now(Some(status))));
                }
            },
            Some(Decision::Told(status)) => Some(status),
            Some(Decision::Nothing) => None,
        };
        // A copy whose source is missing is of use until somebody says no.
        let is_kept = matches!(status, Some(Status::Copied(_) | Status::Missing(_)));
        let is_done = is_kept || self.take_away(namespace).await?;
        Ok(is_done.then_some(Outcome::Now(status)))
    }

    /// The keys of a source, unless they are known to be in the copy.
    async fn read(&self, namespace: &str, source: &SecretRef) -> Result<Source, kube::Error> {
        let api = secrets(&self.client, &source.namespace);
        let known = self
            .profiles
            .source_version(&source.namespace, &source.name);
        match known {
            Some(version) if self.is_good(namespace, source, &version) => return Ok(Source::Good),
            Some(_) => {}
            // Values are read of those only that agree.
            None => {
                let Some(found) = api.get_metadata_opt(&source.name).await? else {
                    return Ok(Source::Not(decisions::missing(source)));
                };
                let annotations = found.metadata.annotations.unwrap_or_default();
                if let Err(status) = decisions::agrees(source, &annotations) {
                    return Ok(Source::Not(status));
                }
            }
        }
        let Some(object) = api.get_opt(&source.name).await? else {
            return Ok(Source::Not(decisions::missing(source)));
        };
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let version = object.metadata.resource_version.clone().unwrap_or_default();
        let version = Version {
            stamp: format!("{uid}/{version}"),
            version,
        };
        let Some(secret) = secret_of(object) else {
            return Ok(Source::Not(decisions::missing(source)));
        };
        // It may have changed its mind since.
        let agreed = decisions::agrees(source, &secret.annotations);
        Ok(
            match agreed.and_then(|()| decisions::keys(source, &secret)) {
                Ok(keys) => Source::Read(version, keys),
                Err(status) => Source::Not(status),
            },
        )
    }

    /// Writes a copy, unless it holds the keys already; `None` when somebody else was faster.
    async fn write(
        &self,
        namespace: &str,
        source: &SecretRef,
        version: Version,
        keys: &Keys,
    ) -> Result<Option<Status>, kube::Error> {
        let api = secrets(&self.client, namespace);
        let found = api.get_opt(NATIVE_COPY).await?;
        let written = match change(found.as_ref(), source, &version.stamp, keys) {
            Change::Foreign => return Ok(Some(decisions::foreign(namespace))),
            Change::None => Ok(found),
            Change::Create(object) => {
                let object = DynamicObject {
                    types: None,
                    metadata: serde_json::from_value(object["metadata"].clone())
                        .unwrap_or_default(),
                    data: object,
                };
                api.create(&PostParams::default(), &object).await.map(Some)
            }
            Change::Patch(patch) => {
                let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
                api.patch(NATIVE_COPY, &params, &patch).await.map(Some)
            }
        };
        let Some(written) = unless_conflict(written)? else {
            return Ok(None);
        };
        let written = written.and_then(|object| object.metadata.resource_version);
        let good = Good {
            source: source.clone(),
            source_version: version.version,
            version: written.unwrap_or_default(),
        };
        self.good().insert(namespace.to_owned(), good);
        Ok(Some(decisions::copied(source)))
    }

    /// Removes a copy that is kept here; `false` when somebody else changed it in between.
    async fn take_away(&self, namespace: &str) -> Result<bool, kube::Error> {
        self.good().remove(namespace);
        let held = self.profiles.held(namespace).filter(|held| held.is_kept);
        let Some(held) = held else {
            return Ok(true);
        };
        let held = ObjectMeta {
            uid: held.uid,
            resource_version: Some(held.version),
            ..ObjectMeta::default()
        };
        delete(&secrets(&self.client, namespace), NATIVE_COPY, held).await
    }

    fn is_good(&self, namespace: &str, source: &SecretRef, source_version: &str) -> bool {
        let held = self.profiles.held(namespace);
        self.good().get(namespace).is_some_and(|good| {
            good.source == *source
                && good.source_version == source_version
                && held.is_some_and(|held| held.version == good.version)
        })
    }

    /// Notes a status. An Event is due when a source goes, or comes back.
    fn tell(&self, namespace: &str, status: Option<Status>) -> Option<Event> {
        let is_copied = matches!(status, Some(Status::Copied(_)));
        let now = status.map(|status| status.to_string());
        let before = self.statuses.set(namespace, now.clone())?;
        if !self.profiles.has_namespace(namespace) {
            return None;
        }
        let is_missing =
            |text: &Option<String>| text.as_deref().is_some_and(Status::is_source_missing);
        let (type_, reason) = match (is_missing(&before), is_missing(&now)) {
            (false, true) => (EventType::Warning, "PipelinesSourceMissing"),
            (true, false) if is_copied => (EventType::Normal, "PipelinesSourceBack"),
            _ => return None,
        };
        Some(Event {
            type_,
            reason: reason.to_owned(),
            note: now,
            action: "Copy".to_owned(),
            secondary: None,
        })
    }

    fn good(&self) -> MutexGuard<'_, HashMap<String, Good>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source that was looked at.
enum Source {
    /// The copy holds its keys.
    Good,
    /// It gives no keys.
    Not(Status),
    Read(Version, Keys),
}

/// Which state of a source was read.
struct Version {
    version: String,
    /// The same for people, with the uid.
    stamp: String,
}

/// What is to be done about a copy.
enum Change {
    None,
    /// It is not ours to write, or cannot be written.
    Foreign,
    Create(Value),
    Patch(Value),
}

fn change(found: Option<&DynamicObject>, source: &SecretRef, stamp: &str, keys: &Keys) -> Change {
    let from = format!("{}/{}", source.namespace, source.name);
    let encode = |(key, value): (&&str, &Sensitive)| {
        (
            (*key).to_owned(),
            Value::from(STANDARD.encode(value.expose())),
        )
    };
    let mut data: Map<String, Value> = keys.iter().map(encode).collect();
    let notes = json!({COPIED_FROM: from, COPIED_VERSION: stamp});
    let Some(found) = found else {
        return Change::Create(json!({
            "apiVersion": "v1", "kind": "Secret", "type": OPAQUE,
            "metadata": {
                "name": NATIVE_COPY,
                "labels": BTreeMap::from([MANAGED_BY, COPY]),
                "annotations": notes,
            },
            "data": data,
        }));
    };
    let none = BTreeMap::new();
    let labels = found.metadata.labels.as_ref().unwrap_or(&none);
    let annotations = found.metadata.annotations.as_ref().unwrap_or(&none);
    let is_fixed = found.data["type"] != OPAQUE || found.data["immutable"] == true;
    if is_fixed || !decisions::is_ours(labels, annotations) {
        return Change::Foreign;
    }
    let held = found.data["data"].as_object();
    let is_same = held.is_some_and(|held| *held == data)
        && annotations.get(COPIED_FROM) == Some(&from)
        && decisions::is_kept(labels, annotations);
    if is_same {
        return Change::None;
    }
    for key in held.into_iter().flat_map(Map::keys) {
        data.entry(key.clone()).or_insert(Value::Null);
    }
    Change::Patch(json!({
        "metadata": {
            "resourceVersion": found.metadata.resource_version,
            // One that somebody applied is kept here from now on.
            "labels": BTreeMap::from([COPY]),
            "annotations": notes,
        },
        "data": data,
    }))
}

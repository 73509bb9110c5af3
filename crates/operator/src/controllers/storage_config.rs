//! Keeps a namespace's `storage-config`: one entry for every S3 connection that a model uses or
//! that is labelled for it. What an entry says, and what is left alone, is decided by core.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::storage_config::{
    self as decisions, Change, Entry, Merge, Missing, Mode, NAME, Update, annotations,
};
use bowline_core::{Secret, Sensitive, ca_bundle, names};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Map, Value, json};

use super::inventory::{Followed, Inventory};
use super::status_map::StatusMap;
use super::{ATTEMPTS, Notice, ReconcileError};
use crate::kubernetes::{delete, secret_of, secrets, unless_conflict};

/// How many connections of a namespace are read at the same time.
const READERS: usize = 8;

/// Keeps `storage-config` in all namespaces.
pub struct StorageConfig {
    client: kube::Client,
    inventory: Arc<Inventory>,
    mode: Mode,
    annotates: bool,
    seen: Mutex<HashMap<String, Seen>>,
}

/// What a namespace looked like when it was last brought up to date; no values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    /// Version of `storage-config`; empty where there is none.
    version: String,
    has_bundle: bool,
    /// Versions of the connections that its entries were made from.
    connections: BTreeMap<String, String>,
    /// Those of them that are no S3 connections, and so have no entry.
    others: BTreeSet<String>,
    /// What was said about it.
    notices: BTreeSet<Notice>,
    /// The condition that was written; `None` before the first time.
    condition: Option<Option<String>>,
}

impl StorageConfig {
    /// Reads and writes with the rights of `client`; `annotates` adds KServe's own annotations.
    pub fn new(
        client: kube::Client,
        inventory: Arc<Inventory>,
        mode: Mode,
        annotates: bool,
    ) -> Self {
        Self {
            client,
            inventory,
            mode,
            annotates,
            seen: Mutex::default(),
        }
    }

    /// Brings one namespace up to date. Writes nothing when it is, and reads the values only of
    /// connections that have changed since. Returns what people should know and were not told.
    ///
    /// # Errors
    /// When the API cannot be read or written.
    pub async fn reconcile(&self, namespace: &str) -> Result<Vec<Notice>, ReconcileError> {
        if self.mode == Mode::Off {
            return Ok(Vec::new());
        }
        let failed = |error| {
            let what = format!("keep Secret `{NAME}` of namespace `{namespace}`");
            ReconcileError::api(what, error)
        };
        for _ in 0..ATTEMPTS {
            if let Some(notices) = self.attempt(namespace).await.map_err(failed)? {
                return Ok(notices);
            }
        }
        Err(ReconcileError::busy(format!("Secret `{NAME}`")))
    }

    /// `None` when somebody else wrote it in between.
    async fn attempt(&self, namespace: &str) -> Result<Option<Vec<Notice>>, kube::Error> {
        let api = secrets(&self.client, namespace);
        let found = api.get_opt(NAME).await?;
        let names = self.inventory.for_storage(namespace);
        if found.is_none() && names.is_empty() {
            // Also where nothing is known of it: who led before may have left one.
            self.write_condition(namespace, None).await?;
            self.seen().remove(namespace);
            return Ok(Some(Vec::new()));
        }
        let before = self.seen().get(namespace).cloned().unwrap_or_default();
        let mut now = Seen {
            version: version(found.as_ref()),
            has_bundle: self.has_bundle(namespace).await?,
            ..Seen::default()
        };
        let metadata = found.as_ref().map(|found| found.metadata.clone());
        let existing = found.and_then(secret_of);
        let kept = Kept {
            is_known: before.version == now.version && before.has_bundle == now.has_bundle,
            before: &before,
            existing: existing.as_ref(),
        };
        let read = self.read(namespace, names, &kept, now.has_bundle).await?;
        let mut wanted = BTreeMap::new();
        for connection in read {
            let is_there = connection.version.is_some();
            if let Some(version) = connection.version {
                now.connections.insert(connection.name.clone(), version);
            }
            now.notices.extend(connection.notices);
            if let Some(entry) = connection.entry {
                wanted.insert(connection.name, entry);
            } else if is_there {
                now.others.insert(connection.name);
            }
        }
        let Merge { change, missing } = decisions::merge(existing.as_ref(), &wanted, self.mode);
        now.notices.extend(missing.iter().map(|(name, why)| Notice {
            secret: name.clone(),
            reason: "NotInStorageConfig",
            note: format!("models cannot read connection `{name}`: {why}"),
        }));
        let Some(version) = write(&api, metadata, change).await? else {
            return Ok(None);
        };
        now.version = version.unwrap_or(now.version);
        now.condition = Some(condition(&missing));
        if now.condition != before.condition {
            self.write_condition(namespace, condition(&missing)).await?;
        }
        let news = now.notices.difference(&before.notices).cloned().collect();
        self.seen().insert(namespace.to_owned(), now);
        Ok(Some(news))
    }

    async fn read(
        &self,
        namespace: &str,
        names: BTreeSet<String>,
        kept: &Kept<'_>,
        has_bundle: bool,
    ) -> Result<Vec<Connection>, kube::Error> {
        futures::stream::iter(names)
            .map(|name| async move {
                let followed = self.inventory.followed(namespace, &name);
                if let Some(known) = kept.entry(&name, followed.version().as_deref()) {
                    return Ok(known);
                }
                self.read_one(namespace, name, &followed, has_bundle).await
            })
            .buffer_unordered(READERS)
            .try_collect()
            .await
    }

    async fn read_one(
        &self,
        namespace: &str,
        name: String,
        followed: &Followed,
        has_bundle: bool,
    ) -> Result<Connection, kube::Error> {
        let api = secrets(&self.client, namespace);
        let Some(mut object) = api.get_opt(&name).await? else {
            return Ok(Connection::without_entry(name, None));
        };
        let mut secret = secret_of(object.clone());
        if let Some(changes) = secret
            .as_ref()
            .filter(|_| self.annotates)
            .map(|secret| annotations(secret, has_bundle))
            .filter(|changes| !changes.is_empty())
        {
            let patch = json!({"metadata": {
                "resourceVersion": object.metadata.resource_version,
                "annotations": changes,
            }});
            let params = PatchParams::default();
            // Somebody else's change comes with news of its own, and this is looked at again.
            if let Some(after) =
                unless_conflict(api.patch(&name, &params, &Patch::Merge(patch)).await)?
            {
                object = after;
                secret = secret_of(object.clone());
            }
        }
        let version = object.metadata.resource_version.clone();
        if let Some(version) = &version {
            followed.learn(version);
        }
        let Some(entry) = secret.and_then(|secret| Entry::of(secret, has_bundle)) else {
            return Ok(Connection::without_entry(name, version));
        };
        let notices = entry.gaps.iter().map(|gap| Notice {
            secret: name.clone(),
            reason: "NotForKServe",
            note: format!("KServe does not read connection `{name}` as it is meant: {gap}"),
        });
        Ok(Connection {
            notices: notices.collect(),
            entry: Some(entry.json),
            name,
            version,
        })
    }

    async fn has_bundle(&self, namespace: &str) -> Result<bool, kube::Error> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let found = api.get_opt(ca_bundle::NAME).await?;
        let text = found.and_then(|found| found.data?.remove(ca_bundle::KEY));
        Ok(text.is_some_and(|text| !text.trim().is_empty()))
    }

    /// Somebody else's change in between leads to the next attempt, or to the next look.
    async fn write_condition(
        &self,
        namespace: &str,
        condition: Option<String>,
    ) -> Result<(), kube::Error> {
        for _ in 0..ATTEMPTS {
            let map = StatusMap::read(&self.client, namespace).await?;
            if map.entry(NAME) == condition.as_ref() || map.set(NAME, condition.clone()).await? {
                break;
            }
        }
        Ok(())
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What people are told for as long as models cannot read some connections: a condition as
/// Kubernetes has it, though without a time, so that the same state is the same text.
fn condition(missing: &BTreeMap<String, Missing>) -> Option<String> {
    let (_, first) = missing.first_key_value()?;
    let without: Vec<String> = missing
        .iter()
        .map(|(name, why)| format!("connection `{name}` has no entry: {why}"))
        .collect();
    let condition = json!({
        "type": "Complete",
        "status": "False",
        "reason": first.reason(),
        "message": without.join("; "),
    });
    Some(condition.to_string())
}

/// A connection that was read, or did not need to be.
struct Connection {
    name: String,
    version: Option<String>,
    entry: Option<Sensitive>,
    notices: Vec<Notice>,
}

impl Connection {
    const fn without_entry(name: String, version: Option<String>) -> Self {
        Self {
            name,
            version,
            entry: None,
            notices: Vec::new(),
        }
    }
}

/// Entries that are good as they stand: neither they nor their connection have changed.
struct Kept<'a> {
    is_known: bool,
    before: &'a Seen,
    existing: Option<&'a Secret>,
}

impl Kept<'_> {
    fn entry(&self, name: &str, version: Option<&str>) -> Option<Connection> {
        let version = version?;
        let same = self.before.connections.get(name).map(String::as_str) == Some(version);
        if same && self.before.others.contains(name) {
            let version = Some(version.to_owned());
            return Some(Connection::without_entry(name.to_owned(), version));
        }
        if !self.is_known || !same {
            return None;
        }
        let is_about = |notice: &&Notice| notice.secret == name && notice.reason == "NotForKServe";
        let ours = self
            .existing
            .is_some_and(|existing| decisions::remembered(existing).contains(name));
        let entry = self.existing.filter(|_| ours).and_then(|it| it.value(name));
        // Without an entry of ours it did not get one: read again.
        entry.map(|entry| Connection {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            entry: Some(entry.clone()),
            notices: self
                .before
                .notices
                .iter()
                .filter(is_about)
                .cloned()
                .collect(),
        })
    }
}

/// Carries out a change. `None` when somebody else was faster; else the version afterwards, where
/// something was written.
async fn write(
    api: &Api<DynamicObject>,
    found: Option<kube::core::ObjectMeta>,
    change: Change,
) -> Result<Option<Option<String>>, kube::Error> {
    let written = match change {
        Change::None => return Ok(Some(None)),
        Change::Create(update) => {
            let mut object = body(&update, None);
            object["metadata"]["name"] = json!(NAME);
            let object = DynamicObject {
                types: None,
                metadata: serde_json::from_value(object["metadata"].take()).unwrap_or_default(),
                data: json!({"apiVersion": "v1", "kind": "Secret", "data": object["data"].take()}),
            };
            unless_conflict(api.create(&PostParams::default(), &object).await)?
        }
        Change::Update(update) => {
            let version = found.and_then(|found| found.resource_version);
            let patch = Patch::Merge(body(&update, version));
            unless_conflict(api.patch(NAME, &PatchParams::default(), &patch).await)?
        }
        Change::Delete => {
            let is_gone = delete(api, NAME, found.unwrap_or_default()).await?;
            return Ok(is_gone.then(|| Some(String::new())));
        }
    };
    Ok(written.map(|object| Some(version(Some(&object)))))
}

fn body(update: &Update, version: Option<String>) -> Value {
    let set = update
        .set
        .iter()
        .map(|(name, entry)| (name.clone(), Value::String(STANDARD.encode(entry.expose()))));
    let remove = update.remove.iter().map(|name| (name.clone(), Value::Null));
    let data: Map<String, Value> = set.chain(remove).collect();
    let (label, value) = names::MANAGED_BY;
    let mut metadata = json!({
        "labels": {label: update.is_ours.then_some(value)},
        "annotations": {names::ENTRIES: update.entries},
    });
    if let Some(version) = version {
        metadata["resourceVersion"] = version.into();
    }
    json!({"metadata": metadata, "data": data})
}

fn version(object: Option<&DynamicObject>) -> String {
    object
        .and_then(|object| object.metadata.resource_version.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, Response, StatusCode};
    use kube::client::Body;

    use super::*;

    #[tokio::test]
    async fn nothing_is_remembered_of_a_namespace_where_nothing_is_stored_or_wanted() {
        let nothing = |_: Request<Body>| async {
            let text =
                r#"{"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}"#;
            let answer = Response::builder().status(StatusCode::NOT_FOUND);
            answer.body(Body::from(text.as_bytes().to_vec()))
        };
        let client = kube::Client::new(tower::service_fn(nothing), "default");
        let storage = StorageConfig::new(client, Arc::default(), Mode::Own, false);
        let told = storage.reconcile("team-a").await.expect("it is up to date");
        assert_eq!((told.len(), storage.seen().len()), (0, 0));
    }
}

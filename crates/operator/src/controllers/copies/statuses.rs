//! How each profile stands, in a ConfigMap for people: one entry for each, written a moment after
//! something has changed, and once for all that changed meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowline_core::names::MANAGED_BY;
use bowline_pipelines::copies::STATUS;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::controllers::Key;
use crate::controllers::queue::{End, Priority, Queue};
use crate::kubernetes::{delete, is_written};

/// The entry about the store itself. No namespace has such a name.
const STORE: &str = "_store";
/// How long nothing must have changed before it is written, and when it is written all the same.
const CALM: Duration = Duration::from_millis(300);
const LATEST: Duration = Duration::from_secs(3);

/// The statuses of all namespaces.
pub(super) struct Statuses {
    api: Api<ConfigMap>,
    queue: Arc<Queue<Key>>,
    loaded: OnceCell<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    texts: BTreeMap<String, String>,
    /// When they first and last changed without being written since.
    changed: Option<(Instant, Instant)>,
}

impl Statuses {
    pub(super) fn new(client: kube::Client, queue: Arc<Queue<Key>>, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            queue,
            loaded: OnceCell::new(),
            state: Mutex::default(),
        }
    }

    /// Takes in what whoever led before has said, and asks for a look at each: so that nothing is told
    /// twice, and nothing stays that is no longer so.
    pub(super) async fn load(&self) -> Result<(), kube::Error> {
        self.loaded.get_or_try_init(|| self.take_in()).await?;
        Ok(())
    }

    async fn take_in(&self) -> Result<(), kube::Error> {
        let found = self.api.get_opt(STATUS).await?;
        let data = found.filter(is_ours).and_then(|found| found.data);
        let mut texts = data.unwrap_or_default();
        texts.remove(STORE);
        for name in texts.keys() {
            self.queue.add(Key::Copy(name.clone()), Priority::Refresh);
        }
        self.state().texts = texts;
        Ok(())
    }

    /// Notes the status of a namespace. Where that is another one, returns the one before.
    #[expect(
        clippy::option_option,
        reason = "no change, and a change from nothing, differ"
    )]
    pub(super) fn set(&self, namespace: &str, text: Option<String>) -> Option<Option<String>> {
        let mut state = self.state();
        if state.texts.get(namespace) == text.as_ref() {
            return None;
        }
        let before = match text {
            Some(text) => state.texts.insert(namespace.to_owned(), text),
            None => state.texts.remove(namespace),
        };
        let now = Instant::now();
        let first = state.changed.map(|(first, _)| first);
        state.changed = Some((first.unwrap_or(now), now));
        drop(state);
        if first.is_none() {
            self.queue.add(Key::CopyStatus, Priority::Urgent);
        }
        Some(before)
    }

    /// Writes what differs, once it is calm.
    pub(super) async fn write(&self, trouble: Option<String>) -> Result<End, kube::Error> {
        let mut texts = {
            let mut state = self.state();
            if let Some((first, last)) = state.changed
                && last.elapsed() < CALM
                && first.elapsed() < LATEST
            {
                return Ok(End::Later(CALM));
            }
            state.changed = None;
            state.texts.clone()
        };
        texts.extend(trouble.map(|why| {
            (
                STORE.to_owned(),
                format!("refused: {why}; all copies stay as they are"),
            )
        }));
        match self.put(&texts).await? {
            true => Ok(End::Done),
            false => Ok(End::Later(CALM)),
        }
    }

    /// `false` when somebody else wrote in between.
    async fn put(&self, texts: &BTreeMap<String, String>) -> Result<bool, kube::Error> {
        let Some(found) = self.api.get_opt(STATUS).await? else {
            if texts.is_empty() {
                return Ok(true);
            }
            let made = self.api.create(&PostParams::default(), &new(texts)).await;
            return is_written(made);
        };
        if !is_ours(&found) {
            tracing::warn!(
                configmap = STATUS,
                "not written, since it was not made by Bowline"
            );
            return Ok(true);
        }
        let meta = found.metadata;
        if texts.is_empty() {
            return delete(&self.api, STATUS, meta).await;
        }
        let held = found.data.unwrap_or_default();
        let changed = texts
            .iter()
            .filter(|(name, text)| held.get(*name) != Some(*text));
        let gone = held.keys().filter(|name| !texts.contains_key(*name));
        let changes: Map<String, Value> = changed
            .map(|(name, text)| (name.clone(), json!(text)))
            .chain(gone.map(|name| (name.clone(), Value::Null)))
            .collect();
        if changes.is_empty() {
            return Ok(true);
        }
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": meta.resource_version},
            "data": changes,
        }));
        is_written(
            self.api
                .patch(STATUS, &PatchParams::default(), &patch)
                .await,
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_ours(map: &ConfigMap) -> bool {
    let (label, value) = MANAGED_BY;
    let labels = map.metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(label))
        .is_some_and(|text| text == value)
}

fn new(texts: &BTreeMap<String, String>) -> ConfigMap {
    let (label, value) = MANAGED_BY;
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(STATUS.to_owned()),
            labels: Some([(label.to_owned(), value.to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some(texts.clone()),
        ..ConfigMap::default()
    }
}

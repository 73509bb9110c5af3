//! The baseline of the controllers: one worker, one line for whatever comes, nothing remembered
//! and nothing merged. It writes a digest of the connection on each Notebook that uses it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use futures::TryStreamExt as _;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::runtime::watcher::{Config, Event, watcher};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::controllers::until;
use crate::embedded::{api_of, connection, notebook};

/// Annotation for the digest.
pub const DIGEST: &str = "example.com/connection-digest";

/// The loop over one namespace, at work until dropped.
pub struct Naive {
    line: Line,
    _tasks: JoinSet<Result<()>>,
}

/// Names of Notebooks to look at.
#[derive(Clone)]
struct Line {
    sender: UnboundedSender<String>,
    pending: Arc<AtomicUsize>,
    unsynced: Arc<AtomicUsize>,
}

impl Line {
    fn push(&self, name: String) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let _ = self.sender.send(name);
    }
}

impl Naive {
    /// Starts it with the rights of `client`.
    ///
    /// # Errors
    /// Never; as the operator's.
    pub fn start(client: &kube::Client, namespace: &str) -> Result<Self> {
        let (sender, names) = unbounded_channel();
        let line = Line {
            sender,
            pending: Arc::default(),
            unsynced: Arc::new(AtomicUsize::new(2)),
        };
        let secrets = api_of(client, &connection(namespace, ""))?;
        let notebooks = api_of(client, &notebook(namespace, "", ""))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(follow_notebooks(notebooks.clone(), line.clone()));
        tasks.spawn(follow_secrets(
            secrets.clone(),
            notebooks.clone(),
            line.clone(),
        ));
        tasks.spawn(work(names, secrets, notebooks, line.clone()));
        Ok(Self {
            line,
            _tasks: tasks,
        })
    }

    /// Looks at a Notebook, in its turn.
    pub fn refresh(&self, name: &str) {
        self.line.push(name.to_owned());
    }

    /// How many Notebooks are still to be looked at.
    pub fn pending(&self) -> usize {
        self.line.pending.load(Ordering::Relaxed)
    }

    /// Waits until everything was listed, and nothing is left to do.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn until_idle(&self) -> Result<()> {
        until(|| self.line.unsynced.load(Ordering::Relaxed) == 0 && self.pending() == 0).await
    }
}

async fn follow_notebooks(notebooks: Api<DynamicObject>, line: Line) -> Result<()> {
    let mut news = pin!(watcher(notebooks, Config::default()));
    while let Some(event) = news.try_next().await? {
        match event {
            Event::Apply(object) | Event::InitApply(object) => {
                line.push(object.metadata.name.unwrap_or_default());
            }
            Event::InitDone => {
                line.unsynced.fetch_sub(1, Ordering::Relaxed);
            }
            Event::Init | Event::Delete(_) => {}
        }
    }
    Ok(())
}

/// Whoever uses a Secret that was heard of is looked at.
async fn follow_secrets(
    secrets: Api<DynamicObject>,
    notebooks: Api<DynamicObject>,
    line: Line,
) -> Result<()> {
    let mut news = pin!(watcher(secrets, Config::default()));
    while let Some(event) = news.try_next().await? {
        match event {
            Event::Apply(secret) => {
                let changed = secret.metadata.name.unwrap_or_default();
                for notebook in notebooks.list(&ListParams::default()).await? {
                    if used_by(&notebook).is_some_and(|name| name == changed) {
                        line.push(notebook.metadata.name.unwrap_or_default());
                    }
                }
            }
            Event::InitDone => {
                line.unsynced.fetch_sub(1, Ordering::Relaxed);
            }
            Event::Init | Event::InitApply(_) | Event::Delete(_) => {}
        }
    }
    Ok(())
}

async fn work(
    mut names: UnboundedReceiver<String>,
    secrets: Api<DynamicObject>,
    notebooks: Api<DynamicObject>,
    line: Line,
) -> Result<()> {
    while let Some(name) = names.recv().await {
        let notebook = notebooks.get(&name).await?;
        let used = used_by(&notebook).context("a connection")?;
        let secret = secrets.get(used).await?;
        let digest = digest(&secret.data["data"]);
        let annotations = notebook.metadata.annotations.as_ref();
        if annotations.and_then(|all| all.get(DIGEST)) != Some(&digest) {
            let patch = Patch::Merge(json!({"metadata": {"annotations": {DIGEST: digest}}}));
            notebooks
                .patch(&name, &PatchParams::default(), &patch)
                .await?;
        }
        line.pending.fetch_sub(1, Ordering::Relaxed);
    }
    Ok(())
}

/// The connection that a Notebook uses.
fn used_by(notebook: &DynamicObject) -> Option<&str> {
    let annotations = notebook.metadata.annotations.as_ref()?;
    let (_, name) = annotations
        .get("opendatahub.io/connections")?
        .split_once('/')?;
    Some(name)
}

fn digest(data: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    data.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

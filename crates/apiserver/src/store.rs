//! The state of the API: one `SQLite` file with every object, its version and a bounded history of
//! changes, Secret values sealed. What an object means, who may see it and whether it is valid is
//! left to the callers.

mod answered;
mod backup;
mod check;
mod error;
mod feed;
mod key;
mod layout;
mod open;
mod opened;
mod reader;
mod reseal;
mod restore;
mod seal;
#[cfg(test)]
mod tests;
mod text;
mod watch;
mod writer;

pub use backup::{BackedUp, backup};
pub use check::{Checked, check};
pub use error::StoreError;
pub(crate) use opened::ObjectText;
pub use restore::restore;
pub(crate) use text::{Kept, Shape};
pub use watch::Watch;

use feed::Feed;
use key::Keys;
use reader::{Headings, Reader};
use seal::Seal;
use serde_json::{Map, Value};
use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{Mutex, mpsc, oneshot};
use writer::{Message, Rekeying, Request};

/// Which object: its resource, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// `group/plural`, the core group being empty: `/secrets`, `apps/deployments`.
    pub resource: String,
    /// Empty for a cluster-scoped object.
    pub namespace: String,
    /// The name within resource and namespace.
    pub name: String,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = self.resource.trim_start_matches('/');
        match self.namespace.as_str() {
            "" => write!(f, "{plural} `{}`", self.name),
            namespace => write!(f, "{plural} `{namespace}/{}`", self.name),
        }
    }
}

/// An object as the store holds it; `metadata.resourceVersion` of `value` is `version`.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// The whole object, opened.
    pub value: Value,
    /// The store's version when the object was last written.
    pub version: u64,
}

/// One change asked of [`Store::write`].
#[derive(Clone)]
pub enum Write {
    /// Stores a new object; fails where one of that key exists.
    Create {
        /// Its key.
        key: ObjectKey,
        /// The object; `metadata.resourceVersion` is set by the store.
        value: Value,
    },
    /// Replaces an object that exists.
    Update {
        /// Its key.
        key: ObjectKey,
        /// The object; `metadata.resourceVersion` is set by the store.
        value: Value,
        /// The version that the object must have now, where it matters.
        expected: Option<u64>,
    },
    /// Removes an object that exists.
    Delete {
        /// Its key.
        key: ObjectKey,
        /// The version that the object must have now, where it matters.
        expected: Option<u64>,
    },
}

impl Write {
    /// The key of the object that is changed.
    pub fn key(&self) -> &ObjectKey {
        match self {
            Self::Create { key, .. } | Self::Update { key, .. } | Self::Delete { key, .. } => key,
        }
    }
}

/// Chooses objects of a list before they count towards its limit.
#[derive(Clone)]
pub struct Filter {
    /// The members of an object that decide, besides its name, namespace and labels. None of them
    /// is sealed.
    pub members: Arc<[String]>,
    /// Whether an object is chosen, of which there may be no more than what decides.
    pub accepts: Arc<dyn Fn(&Value) -> bool + Send + Sync>,
}

/// What [`Store::list`] shall return.
#[derive(Clone, Default)]
pub struct ListQuery {
    /// `group/plural`.
    pub resource: String,
    /// One namespace, or all.
    pub namespace: Option<String>,
    /// Only objects after this (namespace, name); the `next` of the page before.
    pub after: Option<(String, String)>,
    /// At most this many objects.
    pub limit: Option<usize>,
    /// The state at this version instead of now, so that pages make one consistent list.
    pub at: Option<u64>,
    /// Only objects that this accepts (selectors); all pages see one state even so.
    pub filter: Option<Filter>,
}

/// One page of a list, ordered by namespace and name.
#[derive(Clone)]
pub struct Listed<T = Value> {
    /// The objects.
    pub items: Vec<T>,
    /// The version of the state that was read: watch from here, or pass it as `at` for the next page.
    pub version: u64,
    /// Where the next page starts; none where this was the last.
    pub next: Option<(String, String)>,
    /// How many objects follow this page; none where a filter makes it unknown.
    pub remaining: Option<u64>,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was created.
    Added,
    /// It was replaced.
    Modified,
    /// It was removed.
    Deleted,
}

impl Change {
    /// How the change is written in the history.
    const fn code(self) -> i64 {
        match self {
            Change::Added => 1,
            Change::Modified => 2,
            Change::Deleted => 3,
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        [Change::Added, Change::Modified, Change::Deleted]
            .into_iter()
            .find(|c| c.code() == code)
    }
}

/// One change, as seen by a watch.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The version that the change made.
    pub version: u64,
    /// What happened.
    pub change: Change,
    /// The state after the change; of a deleted object its last state. `resourceVersion` is `version`.
    pub object: Arc<Value>,
    /// The state before it, where there was one; a selector compares both to see objects come and go.
    pub before: Option<Arc<Value>>,
}

/// Which parts of an object are sealed: a JSON pointer, and whether it names one value or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedPath {
    /// The value at this pointer, as in `/metadata/annotations/example.com~1note`.
    Value(&'static str),
    /// Every member of the object at this pointer, as in `/data`; their names stay readable.
    Members(&'static str),
}

/// Where the key that seals values is kept; while it is changed, the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// In a file beside the store, named like it with `.key` appended.
    #[default]
    Beside,
    /// In this file.
    File(PathBuf),
    /// A program prints them, each in base64 on a line, the newest first. These are its name and
    /// its arguments; no shell is involved.
    Command(Vec<String>),
}

/// How much of the past is kept for watches and consistent pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimit {
    /// At most this many changes.
    pub changes: usize,
    /// At most this many bytes of earlier states.
    pub bytes: u64,
}

impl Default for HistoryLimit {
    fn default() -> Self {
        Self {
            changes: 10_000,
            bytes: 64 << 20,
        }
    }
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `SQLite` file; it and its directory are created where missing.
    pub path: PathBuf,
    /// Where the key is.
    pub key: KeySource,
    /// The parts of a resource (`group/plural`) that are sealed.
    pub sealed: fn(resource: &str) -> &'static [SealedPath],
    /// How much of the past is kept.
    pub history: HistoryLimit,
}

/// What a change of the key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// Short name of the key that everything is sealed with now.
    pub key: String,
    /// Short name of the key that nothing is sealed with any more.
    pub retired: Option<String>,
    /// Whether that key was taken away from where it was kept; a program still prints it.
    pub is_forgotten: bool,
    /// How many states were sealed anew, those of the past included.
    pub resealed: u64,
}

/// A handle on an open store; clones share it, and the last one closes it. It is used from
/// within a tokio runtime.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

/// What the handles share. Fields are dropped in this order: the lock goes last.
struct Shared {
    messages: Option<mpsc::UnboundedSender<Message>>,
    writer: Option<JoinHandle<()>>,
    reader: Arc<Reader>,
    feed: Arc<Feed>,
    seal: Arc<Seal>,
    keys: Keys,
    /// Held while the key is changed: one change after another.
    rekeying: Mutex<()>,
    _lock: File,
}

impl Store {
    /// Opens the store, creating what is missing: its directory (0700), its file and its key
    /// (0600). It is refused, and left as it is, where the key is wrong, missing or readable by
    /// others, or where the store is open already.
    pub fn open(options: Options) -> Result<Store, StoreError> {
        open::open(options)
    }

    /// Reads one object.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.0.reader.get(key.clone()).await
    }

    /// Reads one page of objects from one consistent state.
    pub async fn list(&self, query: ListQuery) -> Result<Listed, StoreError> {
        self.0.reader.list(query).await
    }

    /// Reads one object as text, opened and in this shape.
    pub(crate) async fn get_text(
        &self,
        key: &ObjectKey,
        shape: Arc<Shape>,
    ) -> Result<Option<ObjectText>, StoreError> {
        self.0.reader.get_text(key.clone(), shape).await
    }

    /// Reads one page as texts, opened and in this shape.
    pub(crate) async fn list_texts(
        &self,
        query: ListQuery,
        shape: Arc<Shape>,
    ) -> Result<Listed<ObjectText>, StoreError> {
        self.0.reader.list_texts(query, shape).await
    }

    /// Metadata of objects that are owned or on their way out, from here on; no sealed value is
    /// opened. Some may be neither.
    pub(crate) async fn tied(&self, after: i64) -> Result<Headings, StoreError> {
        self.0.reader.tied(after).await
    }

    /// Metadata of deleted objects, from here on, for as long as the history has it.
    pub(crate) async fn gone(&self, after: i64) -> Result<Headings, StoreError> {
        self.0.reader.gone(after).await
    }

    /// Makes all changes or none; each gets the next version. A deletion returns the last state.
    /// When this returns, the changes are on disk. A replacement by an equal object is a change
    /// too: whether to ask for it is the caller's choice.
    pub async fn write(&self, writes: Vec<Write>) -> Result<Vec<Stored>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Write(Request { writes, reply }))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Seals everything with another key, while the store is read and written, and forgets the key
    /// before once nothing needs it. For a key in a file a new one is made; a program must print
    /// the new one before the present one. Where this is cut short, both keys are kept, and it goes
    /// on when the store is opened again.
    pub async fn rekey(&self) -> Result<Rekeyed, StoreError> {
        let _one_at_a_time = self.0.rekeying.lock().await;
        let sealer = self.0.seal.get();
        let next = match sealer.retiring_id() {
            Some(_) => None,
            None => {
                let keys = self.0.keys.clone();
                let asked = tokio::task::spawn_blocking(move || keys.next(sealer.key_id()));
                Some(asked.await.map_err(|_| StoreError::Closed)??)
            }
        };
        let (reply, answer) = oneshot::channel();
        self.send(Message::Rekey(Rekeying { next, reply }))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        let messages = self.0.messages.as_ref().ok_or(StoreError::Closed)?;
        messages.send(message).map_err(|_| StoreError::Closed)
    }

    /// Every change with a version above `from`, in order, none left out and none twice. Where
    /// that cannot be had, because `from` is older than the history or newer than the store, or
    /// because the watch fell behind what is kept, the stream ends with [`StoreError::Gone`].
    pub fn watch(&self, resource: &str, namespace: Option<&str>, from: u64) -> Watch {
        let (reader, feed) = (self.0.reader.clone(), self.0.feed.clone());
        Watch::new(
            reader,
            feed,
            resource.to_owned(),
            namespace.map(str::to_owned),
            from,
        )
    }

    /// The version of the latest change.
    pub async fn version(&self) -> Result<u64, StoreError> {
        Ok(self.0.feed.latest())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The writer ends when nobody can ask any more; only then may others open the store.
        self.messages = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to finish.
            let _ = writer.join();
        }
    }
}

/// Sets `metadata.resourceVersion`; false where the value has no place for it.
fn set_version(value: &mut Value, version: u64) -> bool {
    let Value::Object(object) = value else {
        return false;
    };
    let metadata = object
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(metadata) = metadata else {
        return false;
    };
    metadata.insert(
        "resourceVersion".to_owned(),
        Value::String(version.to_string()),
    );
    true
}

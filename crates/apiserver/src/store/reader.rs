//! Everything that is read from the store. Each read sees one consistent state, on one of a few
//! threads, each with a connection of its own. What lists and histories are made of is left to
//! the modules below.

mod headings;
mod history;
mod list;

pub(crate) use headings::Headings;
pub(super) use history::Changes;

use super::answered::{Answered, Question};
use super::error::{StoreError, database, file};
use super::opened::{ObjectText, Opened};
use super::seal::{Place, Seal, Sealer, glance};
use super::{ListQuery, Listed, ObjectKey, Shape, Stored, layout};
use rusqlite::{Connection, Row};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use tokio::sync::oneshot;

/// How many reads go on at a time; each costs a thread and a connection's cache.
const THREADS: usize = 4;
/// How many short reads go on at a time without a thread of their own.
const AT_ONCE: usize = 2;
/// A list of at most so many objects is short.
const FEW: usize = 16;

type Job = Box<dyn FnOnce(&mut Connection, &Common) + Send>;

/// Hands reads to the threads. A read is done whether or not the caller polls for it, so that a
/// watch whose client has stopped reading keeps nobody else waiting.
pub(super) struct Reader {
    jobs: mpsc::Sender<Job>,
    /// For reads of few objects, which are done at once: going to a thread and back costs several
    /// times what they do.
    at_once: Mutex<Vec<Connection>>,
    common: Arc<Common>,
    opened: Arc<Opened>,
}

/// What all reads have in common.
struct Common {
    seal: Arc<Seal>,
    /// Told of every version that somebody is about to be told, so that no list that is known is
    /// older.
    answered: Arc<Answered>,
}

impl Reader {
    /// Starts the threads; they end when the reader is dropped and their work is done.
    pub(super) fn start(
        path: &Path,
        seal: &Arc<Seal>,
        answered: Arc<Answered>,
    ) -> Result<Self, StoreError> {
        let common = Arc::new(Common {
            seal: Arc::clone(seal),
            answered,
        });
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..THREADS {
            let mut connection = layout::reading(path)?;
            let (common, waiting) = (common.clone(), waiting.clone());
            let thread = std::thread::Builder::new().name("store-reader".to_owned());
            let started = thread.spawn(move || {
                while let Some(job) = next(&waiting) {
                    // A filter that panics fails its own read, not those that come after it.
                    let run = AssertUnwindSafe(|| job(&mut connection, &common));
                    let _ = catch_unwind(run);
                }
            });
            file("start a reader of", path, started)?;
        }
        let at_once = (0..AT_ONCE).map(|_| layout::reading(path));
        Ok(Self {
            jobs,
            at_once: Mutex::new(at_once.collect::<Result<_, _>>()?),
            common,
            opened: Arc::default(),
        })
    }

    pub(super) async fn get(&self, key: ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.read_one(move |state| state.get(&key)).await
    }

    pub(super) async fn get_text(
        &self,
        key: ObjectKey,
        shape: Arc<Shape>,
    ) -> Result<Option<ObjectText>, StoreError> {
        let opened = Arc::clone(&self.opened);
        self.read_one(move |state| {
            state.get_as(&key, |place, bytes| {
                opened.text(place, bytes, &shape, || {
                    state.sealer.text(place, bytes, &shape)
                })
            })
        })
        .await
    }

    /// Reads by one statement, which sees one state by itself: at once where a connection is free.
    async fn read_one<T: Send + 'static>(
        &self,
        work: impl Fn(&State<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let free = self.free().pop();
        let Some(connection) = free else {
            return self.read(work).await;
        };
        let result = opening(&self.common.seal, |sealer| {
            work(&State {
                connection: &connection,
                sealer,
                answered: &self.common.answered,
            })
        });
        self.free().push(connection);
        result
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Nothing that can panic happens under this lock.
        self.at_once.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn list(&self, query: ListQuery) -> Result<Listed, StoreError> {
        let list = move |state: &State<'_>| {
            let page = state.list_as(&query, |place, bytes| {
                let value = state.sealer.decode(place, bytes)?;
                let filter = query.filter.as_ref();
                let is_chosen = filter.is_none_or(|filter| (filter.accepts)(&value));
                Ok(is_chosen.then_some(value))
            })?;
            state.counted(&query, page)
        };
        self.read(list).await
    }

    pub(super) async fn list_texts(
        &self,
        query: ListQuery,
        shape: Arc<Shape>,
    ) -> Result<Listed<ObjectText>, StoreError> {
        self.opened.age();
        let question = match (&query.after, query.at, &query.filter) {
            (None, None, None) => Question {
                resource: query.resource.clone(),
                namespace: query.namespace.clone(),
                limit: query.limit,
                shape: shape.clone(),
            },
            _ => return self.read_texts(query, shape).await,
        };
        let ticket = match self.common.answered.find(&question) {
            Ok(listed) => return Ok(listed),
            Err(ticket) => ticket,
        };
        let listed = self.read_texts(query, shape).await?;
        self.common.answered.keep(ticket, &question, &listed);
        Ok(listed)
    }

    async fn read_texts(
        &self,
        query: ListQuery,
        shape: Arc<Shape>,
    ) -> Result<Listed<ObjectText>, StoreError> {
        let opened = Arc::clone(&self.opened);
        let page = move |state: &State<'_>, query: &ListQuery| {
            state.list_as(query, |place, bytes| {
                if let Some(filter) = &query.filter
                    && !(filter.accepts)(&glance(place.key, bytes, filter)?)
                {
                    return Ok(None);
                }
                let open = || state.sealer.text(place, bytes, &shape);
                opened.text(place, bytes, &shape, open).map(Some)
            })
        };
        // How many objects of a filtered list, or of an earlier state, are looked at nobody knows.
        let is_short = query.at.is_none() && query.filter.is_none();
        let free = is_short.then(|| self.free().pop()).flatten();
        if let Some(mut connection) = free {
            let few = ListQuery {
                limit: Some(query.limit.map_or(FEW, |limit| limit.min(FEW))),
                ..query.clone()
            };
            let listed = on_one_state(&mut connection, &self.common, |state| page(state, &few));
            self.free().push(connection);
            let listed = listed?;
            if listed.next.is_none() {
                return Ok(Listed {
                    remaining: Some(0),
                    ..listed
                });
            }
        }
        self.read(move |state| state.counted(&query, page(state, &query)?))
            .await
    }

    /// Refuses a version that the store did not give out yet, or whose history is gone.
    pub(super) async fn known(&self, version: u64) -> Result<(), StoreError> {
        self.read(move |state| state.known(version)).await
    }

    pub(super) async fn changes(
        &self,
        resource: String,
        namespace: Option<String>,
        after: u64,
    ) -> Result<Changes, StoreError> {
        self.read(move |state| state.changes(&resource, namespace.as_deref(), after))
            .await
    }

    pub(super) async fn tied(&self, after: i64) -> Result<Headings, StoreError> {
        self.read(move |state| state.tied(after)).await
    }

    pub(super) async fn gone(&self, after: i64) -> Result<Headings, StoreError> {
        self.read(move |state| state.gone(after)).await
    }

    /// Runs `work` on one state of the store.
    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&State<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: &mut Connection, common: &Common| {
            // Nobody waits for it any more.
            if reply.is_closed() {
                return;
            }
            let _ = reply.send(on_one_state(connection, common, work));
        };
        self.jobs
            .send(Box::new(job))
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

fn on_one_state<T>(
    connection: &mut Connection,
    common: &Common,
    work: impl Fn(&State<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    opening(&common.seal, |sealer| {
        let transaction = connection
            .transaction()
            .map_err(database("begin to read"))?;
        work(&State {
            connection: &transaction,
            sealer,
            answered: &common.answered,
        })
    })
}

/// Between the keys that are at hand and the state that is read the key may change; then what does
/// not open is read again.
fn opening<T>(
    seal: &Seal,
    mut read: impl FnMut(&Sealer) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        let sealer = seal.get();
        match read(&sealer) {
            Err(StoreError::Corrupt { .. }) if !Arc::ptr_eq(&sealer, &seal.get()) => {}
            result => return result,
        }
    }
}

fn next(waiting: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    // No job runs under this lock, so none can poison it.
    waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// One state of the store.
struct State<'a> {
    connection: &'a Connection,
    sealer: &'a Sealer,
    answered: &'a Answered,
}

impl State<'_> {
    fn get(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        self.get_as(key, |place, bytes| {
            Ok(Stored {
                value: self.sealer.decode(place, bytes)?,
                version: place.version,
            })
        })
    }

    /// Reads one object as `open` makes it of what is stored.
    fn get_as<T>(
        &self,
        key: &ObjectKey,
        open: impl Fn(Place<'_>, &[u8]) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let sql = "SELECT version, value FROM objects \
                   WHERE resource = ?1 AND namespace = ?2 AND name = ?3";
        let step = || database("read an object");
        let mut statement = self.connection.prepare_cached(sql).map_err(step())?;
        let mut rows = statement
            .query([&key.resource, &key.namespace, &key.name])
            .map_err(step())?;
        let Some(row) = rows.next().map_err(step())? else {
            return Ok(None);
        };
        let version = row.get(0).map_err(step())?;
        self.answered.tells(version);
        open(Place { key, version }, blob(row, 1).map_err(step())?).map(Some)
    }

    /// The version of the present state, which somebody is about to be told.
    fn present(&self) -> Result<u64, StoreError> {
        let version = layout::number(self.connection, "version")?;
        self.answered.tells(version);
        Ok(version)
    }

    /// Refuses a version whose later changes are no longer known, or that is yet to come.
    fn known(&self, asked: u64) -> Result<(), StoreError> {
        let oldest = layout::number(self.connection, "oldest")?;
        let newest = self.present()?;
        if (oldest..=newest).contains(&asked) {
            Ok(())
        } else {
            Err(StoreError::Gone {
                asked,
                oldest,
                newest,
            })
        }
    }
}

/// A column's bytes, where they lie.
fn blob<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    let value = row.get_ref(column)?;
    value.as_blob().map_err(rusqlite::Error::from)
}

//! Everything that is read from the store. Each read sees one consistent state, on a blocking
//! thread, through a small pool of connections. What lists and histories are made of is left to
//! the modules below.

mod history;
mod list;

pub(super) use history::Changes;

use super::error::{StoreError, database};
use super::seal::Sealer;
use super::{ListQuery, Listed, ObjectKey, Stored, layout};
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// At most this many reads at a time; each costs a connection's cache.
const CONNECTIONS: usize = 4;

/// The pool.
pub(super) struct Reader {
    path: PathBuf,
    sealer: Arc<Sealer>,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Reader {
    pub(super) fn new(path: PathBuf, sealer: Arc<Sealer>) -> Self {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        Self {
            path,
            sealer,
            idle: Mutex::default(),
            places,
        }
    }

    pub(super) async fn get(
        self: &Arc<Self>,
        key: ObjectKey,
    ) -> Result<Option<Stored>, StoreError> {
        self.read(move |state| state.get(&key)).await
    }

    pub(super) async fn list(self: &Arc<Self>, query: ListQuery) -> Result<Listed, StoreError> {
        self.read(move |state| state.list(&query)).await
    }

    /// Refuses a version that the store did not give out yet, or whose history is gone.
    pub(super) async fn known(self: &Arc<Self>, version: u64) -> Result<(), StoreError> {
        self.read(move |state| state.known(version)).await
    }

    pub(super) async fn changes(
        self: &Arc<Self>,
        resource: String,
        namespace: Option<String>,
        after: u64,
    ) -> Result<Changes, StoreError> {
        self.read(move |state| state.changes(&resource, namespace.as_deref(), after))
            .await
    }

    /// Runs `work` on one state of the store.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&State<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let reader = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _place = place;
            let mut connection = reader.take()?;
            let result = connection
                .transaction()
                .map_err(database("begin to read"))
                .and_then(|transaction| {
                    work(&State {
                        transaction,
                        sealer: &reader.sealer,
                    })
                });
            reader.idle().push(connection);
            result
        });
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(StoreError::Closed),
        }
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| layout::reading(&self.path), Ok)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Nothing that can panic happens under this lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One state of the store.
struct State<'a> {
    transaction: Transaction<'a>,
    sealer: &'a Sealer,
}

impl State<'_> {
    fn get(&self, key: &ObjectKey) -> Result<Option<Stored>, StoreError> {
        let sql = "SELECT version, value FROM objects \
                   WHERE resource = ?1 AND namespace = ?2 AND name = ?3";
        let row = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row([&key.resource, &key.namespace, &key.name], |row| {
                        Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
                    })
                    .optional()
            })
            .map_err(database("read an object"))?;
        let open = |(version, bytes): (u64, Vec<u8>)| {
            Ok(Stored {
                value: self.sealer.decode(key, &bytes)?,
                version,
            })
        };
        row.map(open).transpose()
    }

    /// Refuses a version whose later changes are no longer known, or that is yet to come.
    fn known(&self, asked: u64) -> Result<(), StoreError> {
        let oldest = layout::number(&self.transaction, "oldest")?;
        let newest = layout::number(&self.transaction, "version")?;
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

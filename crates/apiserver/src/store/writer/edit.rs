//! What one write does to the tables: check, replace, remember what was replaced. The
//! transaction around it is the writer's.

use crate::store::error::{StoreError, database};
use crate::store::seal::{Place, Sealer};
use crate::store::{Change, ObjectKey, Write, set_version};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

/// Access to the tables within a transaction.
pub(super) struct Edit<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sealer: &'a Sealer,
}

/// A write that was made.
pub(super) struct Applied {
    pub(super) version: u64,
    /// The state before; of an update only where it was asked for.
    pub(super) before: Option<Value>,
    /// Stored sizes of the states before and after.
    pub(super) replaced: usize,
    pub(super) written: usize,
}

impl Applied {
    /// What a deletion returns: the object as it was, at the version of its end.
    pub(super) fn last_state(&self) -> Value {
        let mut last = self.before.clone().unwrap_or_default();
        set_version(&mut last, self.version);
        last
    }
}

/// The stored state that a write replaces.
struct Current {
    id: i64,
    version: u64,
    bytes: Vec<u8>,
}

impl Edit<'_> {
    /// Makes the change under `version`; `is_watched` asks for the state before an update.
    pub(super) fn apply(
        &self,
        write: &mut Write,
        version: u64,
        is_watched: bool,
    ) -> Result<Applied, StoreError> {
        match write {
            Write::Create { key, value } => self.create(key, value, version),
            Write::Update {
                key,
                value,
                expected,
            } => {
                let current = self.current(key, *expected)?;
                self.update(key, value, version, &current, is_watched)
            }
            Write::Delete { key, expected } => {
                let current = self.current(key, *expected)?;
                self.delete(key, version, &current)
            }
        }
    }

    fn create(
        &self,
        key: &ObjectKey,
        value: &mut Value,
        version: u64,
    ) -> Result<Applied, StoreError> {
        if self.find(key)?.is_some() {
            return Err(StoreError::AlreadyExists { key: key.clone() });
        }
        let bytes = self.encode(key, value, version)?;
        self.execute(
            "INSERT INTO objects (resource, namespace, name, version, value) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key.resource, key.namespace, key.name, version, bytes],
        )?;
        self.remember(key, version, Change::Added, None)?;
        Ok(Applied {
            version,
            before: None,
            replaced: 0,
            written: bytes.len(),
        })
    }

    fn update(
        &self,
        key: &ObjectKey,
        value: &mut Value,
        version: u64,
        current: &Current,
        is_watched: bool,
    ) -> Result<Applied, StoreError> {
        let before = is_watched.then(|| self.decode(key, current)).transpose()?;
        let bytes = self.encode(key, value, version)?;
        self.execute(
            "UPDATE objects SET version = ?2, value = ?3 WHERE id = ?1",
            params![current.id, version, bytes],
        )?;
        self.remember(key, version, Change::Modified, Some(current))?;
        Ok(Applied {
            version,
            before,
            replaced: current.bytes.len(),
            written: bytes.len(),
        })
    }

    fn delete(
        &self,
        key: &ObjectKey,
        version: u64,
        current: &Current,
    ) -> Result<Applied, StoreError> {
        let before = Some(self.decode(key, current)?);
        self.execute("DELETE FROM objects WHERE id = ?1", params![current.id])?;
        self.remember(key, version, Change::Deleted, Some(current))?;
        Ok(Applied {
            version,
            before,
            replaced: current.bytes.len(),
            written: 0,
        })
    }

    fn find(&self, key: &ObjectKey) -> Result<Option<Current>, StoreError> {
        let sql = "SELECT id, version, value FROM objects \
                   WHERE resource = ?1 AND namespace = ?2 AND name = ?3";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row([&key.resource, &key.namespace, &key.name], |row| {
                        Ok(Current {
                            id: row.get(0)?,
                            version: row.get(1)?,
                            bytes: row.get(2)?,
                        })
                    })
                    .optional()
            })
            .map_err(database("read the present state"))
    }

    /// The stored state, which must be the one that the caller expects.
    fn current(&self, key: &ObjectKey, expected: Option<u64>) -> Result<Current, StoreError> {
        let current = self
            .find(key)?
            .ok_or_else(|| StoreError::NotFound { key: key.clone() })?;
        match expected {
            Some(expected) if expected != current.version => {
                let found = current.version;
                Err(StoreError::Conflict {
                    key: key.clone(),
                    expected,
                    found,
                })
            }
            _ => Ok(current),
        }
    }

    fn encode(
        &self,
        key: &ObjectKey,
        value: &mut Value,
        version: u64,
    ) -> Result<Vec<u8>, StoreError> {
        if !set_version(value, version) {
            let why = "it must be an object, and its `metadata` too";
            return Err(StoreError::Unfit {
                key: key.clone(),
                why,
            });
        }
        self.sealer.encode(Place { key, version }, value)
    }

    fn decode(&self, key: &ObjectKey, current: &Current) -> Result<Value, StoreError> {
        let version = current.version;
        self.sealer.decode(Place { key, version }, &current.bytes)
    }

    /// The bytes go into the history as they are: sealed already, and for the same place.
    fn remember(
        &self,
        key: &ObjectKey,
        version: u64,
        change: Change,
        before: Option<&Current>,
    ) -> Result<(), StoreError> {
        let bytes = before.map(|current| &current.bytes);
        self.execute(
            "INSERT INTO history \
             (version, resource, namespace, name, change, bytes, before_version, before) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                version,
                key.resource,
                key.namespace,
                key.name,
                change.code(),
                bytes.map_or(0, Vec::len),
                before.map(|current| current.version),
                bytes,
            ],
        )
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(drop)
            .map_err(database("write a change"))
    }
}

//! The rows that a check looks at, one at a time. What they should say is left to `check`.

use crate::store::error::{StoreError, database};
use crate::store::{Change, ObjectKey};
use rusqlite::{Connection, Row as Raw};

/// A stored state, and the change that should have led to it.
pub(super) struct Row {
    pub(super) key: ObjectKey,
    pub(super) version: u64,
    pub(super) bytes: Vec<u8>,
    /// The version of the last kept change of the object before whatever replaced this state;
    /// none where none is kept. A deletion leads to no state, and counts as version 0.
    pub(super) last_change: Option<u64>,
}

const OBJECTS: &str = "
    SELECT o.resource, o.namespace, o.name, o.version, o.value,
        (SELECT CASE h.change WHEN 3 THEN 0 ELSE h.version END FROM history h
         WHERE h.resource = o.resource AND h.namespace = o.namespace AND h.name = o.name
         ORDER BY h.version DESC LIMIT 1)
    FROM objects o";

const PAST: &str = "
    SELECT p.resource, p.namespace, p.name, p.before_version, p.before,
        (SELECT CASE h.change WHEN 3 THEN 0 ELSE h.version END FROM history h
         WHERE h.resource = p.resource AND h.namespace = p.namespace AND h.name = p.name
           AND h.version < p.version
         ORDER BY h.version DESC LIMIT 1)
    FROM history p WHERE p.before NOT NULL";

const LOST: &str = "
    SELECT h.resource, h.namespace, h.name FROM history h
    WHERE h.change <> 3
      AND NOT EXISTS (SELECT 1 FROM history n
        WHERE n.resource = h.resource AND n.namespace = h.namespace AND n.name = h.name
          AND n.version > h.version)
      AND NOT EXISTS (SELECT 1 FROM objects o
        WHERE o.resource = h.resource AND o.namespace = h.namespace AND o.name = h.name)";

const _: () = assert!(Change::Deleted.code() == 3, "the queries above say so");

/// Visits every object as it is now; returns how many there are.
pub(super) fn objects(connection: &Connection, visit: impl FnMut(&Row)) -> Result<u64, StoreError> {
    states(connection, OBJECTS, visit)
}

/// Visits every state of the past; returns how many there are.
pub(super) fn past(connection: &Connection, visit: impl FnMut(&Row)) -> Result<u64, StoreError> {
    states(connection, PAST, visit)
}

/// Visits what the history says exists and does not.
pub(super) fn lost(
    connection: &Connection,
    mut visit: impl FnMut(&ObjectKey),
) -> Result<(), StoreError> {
    each(connection, LOST, |row| {
        visit(&key(row)?);
        Ok(())
    })
    .map(drop)
}

fn states(
    connection: &Connection,
    sql: &str,
    mut visit: impl FnMut(&Row),
) -> Result<u64, StoreError> {
    each(connection, sql, |row| {
        visit(&Row {
            key: key(row)?,
            version: row.get(3)?,
            // Whoever alters a row may leave a text where bytes were.
            bytes: row.get_ref(4)?.as_bytes()?.to_vec(),
            last_change: row.get(5)?,
        });
        Ok(())
    })
}

fn each(
    connection: &Connection,
    sql: &str,
    mut visit: impl FnMut(&Raw<'_>) -> rusqlite::Result<()>,
) -> Result<u64, StoreError> {
    let mut walk = || {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query(())?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            visit(row)?;
            count += 1;
        }
        Ok(count)
    };
    walk().map_err(database("read what is to be checked"))
}

fn key(row: &Raw<'_>) -> rusqlite::Result<ObjectKey> {
    Ok(ObjectKey {
        resource: row.get(0)?,
        namespace: row.get(1)?,
        name: row.get(2)?,
    })
}

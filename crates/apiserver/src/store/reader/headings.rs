//! The metadata of objects that are owned, on their way out or gone already: what a server that was
//! killed may have left undone. Found by pieces of text, so that little is parsed and no value opened.

use super::{State, blob};
use crate::store::error::{StoreError, database};
use crate::store::{Change, ObjectKey};
use rusqlite::{Params, params};
use serde::Deserialize;
use serde_json::Value;

/// At most so many are read at once.
const PAGE: usize = 500;
/// Members of metadata, as texts of JSON have them; elsewhere they are chance, and do no harm.
const OWNED: &[u8] = b"\"ownerReferences\"";
const GOING: &[u8] = b"\"deletionTimestamp\"";

const PRESENT: &str = "
    SELECT id, resource, namespace, name, value FROM objects
    WHERE id > ?1 AND (instr(value, ?2) > 0 OR instr(value, ?3) > 0) ORDER BY id LIMIT ?4";
const GONE: &str = "
    SELECT version, resource, namespace, name, before FROM history
    WHERE version > ?1 AND change = ?2 ORDER BY version LIMIT ?3";

/// Keys and metadata of objects, and where the next ones are read from.
pub(crate) struct Headings {
    pub(crate) items: Vec<(ObjectKey, Value)>,
    pub(crate) next: Option<i64>,
}

#[derive(Deserialize)]
struct Heading {
    metadata: Value,
}

impl State<'_> {
    /// Objects that are owned or on their way out, and a few others perhaps.
    pub(super) fn tied(&self, after: i64) -> Result<Headings, StoreError> {
        self.headings(PRESENT, params![after, OWNED, GOING, PAGE])
    }

    /// The last states of deleted objects, for as long as the history has them.
    pub(super) fn gone(&self, after: i64) -> Result<Headings, StoreError> {
        self.headings(GONE, params![after, Change::Deleted.code(), PAGE])
    }

    fn headings(&self, sql: &str, values: impl Params) -> Result<Headings, StoreError> {
        let step = || database("look for what is owned or gone");
        let mut statement = self.connection.prepare_cached(sql).map_err(step())?;
        let mut rows = statement.query(values).map_err(step())?;
        let (mut items, mut last, mut n_rows) = (Vec::new(), None, 0);
        while let Some(row) = rows.next().map_err(step())? {
            last = Some(row.get(0).map_err(step())?);
            let key = ObjectKey {
                resource: row.get(1).map_err(step())?,
                namespace: row.get(2).map_err(step())?,
                name: row.get(3).map_err(step())?,
            };
            n_rows += 1;
            // What is damaged is for others to find, and holds up nothing.
            if let Ok(Heading { metadata }) = serde_json::from_slice(blob(row, 4).map_err(step())?)
            {
                items.push((key, metadata));
            }
        }
        let next = last.filter(|_| n_rows == PAGE);
        Ok(Headings { items, next })
    }
}

//! Changes read back from the history, for watches that come late or fall behind.

use super::State;
use crate::store::error::{StoreError, database};
use crate::store::seal::Place;
use crate::store::{Change, Event, ObjectKey, set_version};
use rusqlite::{Row, params};
use std::collections::VecDeque;
use std::sync::Arc;

/// At most this many changes are read at once,
const CHANGES: usize = 64;
/// and not many more bytes: whoever watches and does not read keeps them.
const BYTES: usize = 256 << 10;

/// What a change led to is what the next change of the object replaced, or its state now.
const SQL: &str = "
    SELECT h.namespace, h.name, h.version, h.change, h.before_version, h.before,
        CASE WHEN h.change <> ?4 THEN ifnull(
            (SELECT n.before FROM history n
             WHERE n.resource = h.resource AND n.namespace = h.namespace
               AND n.name = h.name AND n.version > h.version
             ORDER BY n.version LIMIT 1),
            (SELECT o.value FROM objects o
             WHERE o.resource = h.resource AND o.namespace = h.namespace
               AND o.name = h.name)) END
    FROM history h
    WHERE h.version > ?1 AND h.resource = ?2 AND (?3 IS NULL OR h.namespace = ?3)
    ORDER BY h.version LIMIT ?5";

/// Changes after some version, in order, and the version up to which they are all.
pub(in crate::store) struct Changes {
    pub(in crate::store) events: VecDeque<Event>,
    pub(in crate::store) upto: u64,
}

impl State<'_> {
    pub(super) fn changes(
        &self,
        resource: &str,
        namespace: Option<&str>,
        after: u64,
    ) -> Result<Changes, StoreError> {
        self.known(after)?;
        let newest = self.present()?;
        let step = || database("read the history");
        let mut statement = self.connection.prepare_cached(SQL).map_err(step())?;
        let mut rows = statement
            .query(params![
                after,
                resource,
                namespace,
                Change::Deleted.code(),
                CHANGES
            ])
            .map_err(step())?;
        let (mut events, mut bytes): (VecDeque<Event>, usize) = (VecDeque::new(), 0);
        let is_enough = |events: &VecDeque<Event>, bytes| events.len() == CHANGES || bytes > BYTES;
        while !is_enough(&events, bytes)
            && let Some(row) = rows.next().map_err(step())?
        {
            let (event, size) = self.event(row, resource)?;
            events.push_back(event);
            bytes += size;
        }
        let upto = match events.back() {
            Some(last) if is_enough(&events, bytes) => last.version,
            _ => newest,
        };
        Ok(Changes { events, upto })
    }

    /// A change, and how large what it is made of is.
    fn event(&self, row: &Row<'_>, resource: &str) -> Result<(Event, usize), StoreError> {
        let read = || -> rusqlite::Result<_> {
            let key = ObjectKey {
                resource: resource.to_owned(),
                namespace: row.get(0)?,
                name: row.get(1)?,
            };
            let before: Option<Vec<u8>> = row.get(5)?;
            let after: Option<Vec<u8>> = row.get(6)?;
            let before_version: Option<u64> = row.get(4)?;
            Ok((
                key,
                row.get(2)?,
                row.get(3)?,
                before_version.zip(before),
                after,
            ))
        };
        let (key, version, code, before, after) = read().map_err(database("read a change"))?;
        let size = before.as_ref().map_or(0, |(_, bytes)| bytes.len())
            + after.as_ref().map_or(0, Vec::len);
        let decode = |(version, bytes): (u64, Vec<u8>)| {
            let place = Place { key: &key, version };
            self.sealer.decode(place, &bytes)
        };
        let before = before.map(decode).transpose()?;
        let (change, object) = match (Change::from_code(code), &before, after) {
            (Some(Change::Deleted), Some(before), _) => {
                let mut last = before.clone();
                set_version(&mut last, version);
                (Change::Deleted, last)
            }
            (Some(change), _, Some(after)) => (change, decode((version, after))?),
            _ => {
                let what = "its history is incomplete".to_owned();
                return Err(StoreError::Corrupt { key, what });
            }
        };
        let event = Event {
            version,
            change,
            object: Arc::new(object),
            before: before.map(Arc::new),
        };
        Ok((event, size))
    }
}

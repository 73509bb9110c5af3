//! Rewriting what is stored without changing what it says: sealed anew under another key, or for
//! more than it was sealed for. Which key, and when, is left to the writer and to `open`.

use super::error::{StoreError, database};
use super::seal::{Place, Sealer, mark};
use super::{ObjectKey, layout};
use rusqlite::{Connection, Row, params};

/// At most this much is looked at and rewritten at once, so that others get their turn.
const ROWS: usize = 512;
const BYTES: usize = 1 << 20;

/// Where states are kept: those of now, then those of the past. While the first are rewritten, more
/// of them may join the second, at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Objects,
    History,
}

impl Table {
    fn select(self) -> &'static str {
        match self {
            Table::Objects => {
                "SELECT id, resource, namespace, name, version, value FROM objects \
                 WHERE id > ?1 ORDER BY id LIMIT ?2"
            }
            Table::History => {
                "SELECT version, resource, namespace, name, before_version, before FROM history \
                 WHERE version > ?1 AND before NOT NULL ORDER BY version LIMIT ?2"
            }
        }
    }

    fn update(self) -> &'static str {
        match self {
            Table::Objects => "UPDATE objects SET value = ?2 WHERE id = ?1",
            Table::History => "UPDATE history SET before = ?2 WHERE version = ?1",
        }
    }
}

/// How far a walk over everything has come.
pub(super) struct Walk {
    table: Table,
    after: i64,
    /// How many states were rewritten.
    pub(super) rewritten: u64,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            table: Table::Objects,
            after: 0,
            rewritten: 0,
        }
    }
}

impl Walk {
    /// Goes on for a bounded number of states; false where nothing is left. `rewrite` returns none
    /// for what stays as it is. Where this fails, the walk stays where it was.
    pub(super) fn go_on(
        &mut self,
        connection: &Connection,
        sealer: &Sealer,
        rewrite: impl Fn(Place<'_>, &[u8]) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<bool, StoreError> {
        let step = || database("read what is to be sealed anew");
        let mut changed = Vec::new();
        let (mut seen, mut bytes, mut last) = (0, 0, None);
        let mut statement = connection
            .prepare_cached(self.table.select())
            .map_err(step())?;
        let mut rows = statement.query(params![self.after, ROWS]).map_err(step())?;
        while bytes < BYTES
            && let Some(row) = rows.next().map_err(step())?
        {
            let id: i64 = row.get(0).map_err(step())?;
            (seen, last) = (seen + 1, Some(id));
            let key = object_key(row).map_err(step())?;
            if !sealer.seals(&key.resource) {
                continue;
            }
            let version = row.get(4).map_err(step())?;
            let stored: Vec<u8> = row.get(5).map_err(step())?;
            bytes += stored.len();
            if let Some(new) = rewrite(Place { key: &key, version }, &stored)? {
                changed.push((id, new));
            }
        }
        drop(rows);
        let mut update = connection
            .prepare_cached(self.table.update())
            .map_err(database("seal anew"))?;
        for (id, new) in &changed {
            update
                .execute(params![id, new])
                .map_err(database("seal anew"))?;
        }
        self.rewritten += changed.len() as u64;
        Ok(self.advance(last.filter(|_| seen == ROWS || bytes >= BYTES)))
    }

    /// Where the walk goes on after `last`, or after the end of a table.
    fn advance(&mut self, last: Option<i64>) -> bool {
        match (last, self.table) {
            (Some(last), _) => self.after = last,
            (None, Table::Objects) => (self.table, self.after) = (Table::History, 0),
            (None, Table::History) => return false,
        }
        true
    }
}

fn object_key(row: &Row<'_>) -> rusqlite::Result<ObjectKey> {
    Ok(ObjectKey {
        resource: row.get(1)?,
        namespace: row.get(2)?,
        name: row.get(3)?,
    })
}

/// The state under the sealer's key, where it is sealed with the key before.
pub(super) fn with_new_key(
    sealer: &Sealer,
    place: Place<'_>,
    stored: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let old = sealer.retiring_id().map(mark).unwrap_or_default();
    let is_old = stored
        .windows(old.len().max(1))
        .any(|window| window == old.as_bytes());
    is_old
        .then(|| sealer.encode(place, &mut sealer.decode(place, stored)?))
        .transpose()
}

/// Seals every value of a store of the layout before for its version too: all of them, or none.
pub(super) fn bind_versions(
    connection: &mut Connection,
    sealer: &Sealer,
) -> Result<(), StoreError> {
    let transaction = connection
        .transaction()
        .map_err(database("begin to bring the store up to date"))?;
    let mut walk = Walk::default();
    while walk.go_on(&transaction, sealer, |place, stored| {
        let mut value = sealer.decode_unversioned(place.key, stored)?;
        sealer.encode(place, &mut value).map(Some)
    })? {}
    transaction
        .pragma_update(None, "user_version", layout::LAYOUT)
        .map_err(database("raise the layout of the store"))?;
    transaction
        .commit()
        .map_err(database("bring the store up to date"))?;
    // Free pages may hold what was deleted before it was overwritten. Where there is no room to
    // copy the store, they stay.
    let _ = connection.execute_batch("VACUUM");
    Ok(())
}

//! The tables of the store and how connections to them are set up.
//!
//! `history` is an undo log: each row tells what a change replaced. The state after a change is
//! what the object's next row replaced, or what `objects` holds; so a creation costs no second
//! copy, forgetting the oldest rows never harms a younger one, and the state at a kept version
//! can be read back.

use super::error::{StoreError, database};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::path::Path;
use std::time::Duration;

/// Marks the file as a store of ours: "blkv" in ASCII.
const APPLICATION: i64 = 0x626c_6b76;

/// Raised with every change of the tables, or of what values are sealed for.
pub(super) const LAYOUT: i64 = 2;
/// The layout before: values were not sealed for their version.
pub(super) const UNVERSIONED: i64 = 1;

/// Names in `meta`, of short names of keys: the one that seals, the one before while something may
/// still be sealed with it, and one that nothing is sealed with any more, until it is forgotten.
pub(super) const KEY: &str = "key";
pub(super) const RETIRING: &str = "retiring";
pub(super) const RETIRED: &str = "retired";

/// How long a connection waits for another one.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
    CREATE TABLE objects (
        id INTEGER PRIMARY KEY,
        resource TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        value BLOB NOT NULL,
        UNIQUE (resource, namespace, name)
    );
    CREATE TABLE history (
        version INTEGER PRIMARY KEY,
        resource TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        change INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        before_version INTEGER,
        before BLOB
    );
    CREATE INDEX history_of_object ON history (resource, namespace, name, version, bytes);
    INSERT INTO meta VALUES ('version', 0), ('oldest', 0);
";

/// What is to be known of a store before it is opened.
pub(super) struct Head {
    /// The layout of its tables.
    pub(super) layout: i64,
    /// The short name of the key that seals.
    pub(super) key: String,
    /// That of the key before, while something may still be sealed with it.
    pub(super) retiring: Option<String>,
    /// That of a key that nothing is sealed with any more, until it is forgotten.
    pub(super) retired: Option<String>,
}

/// Looks into the store at `path`; none where the store is still to be made. Changes nothing.
pub(super) fn head(path: &Path) -> Result<Option<Head>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let step = "look into the store";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database(step))?;
    let number = |pragma| connection.query_row(pragma, (), |row| row.get::<_, i64>(0));
    let foreign = || StoreError::Foreign {
        path: path.to_owned(),
    };
    let application = number("PRAGMA application_id").map_err(|error| match error {
        error if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => foreign(),
        error => database(step)(error),
    })?;
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(database(step))?;
    let layout = number("PRAGMA user_version").map_err(database(step))?;
    match (application, tables, layout) {
        (0, 0, 0) => return Ok(None),
        (APPLICATION, _, UNVERSIONED | LAYOUT) => {}
        (APPLICATION, _, found) => {
            return Err(StoreError::Layout {
                path: path.to_owned(),
                found,
                known: LAYOUT,
            });
        }
        _ => return Err(foreign()),
    }
    let note = |name| note(&connection, name).map_err(database(step));
    Ok(Some(Head {
        layout,
        key: note(KEY)?.ok_or_else(foreign)?,
        retiring: note(RETIRING)?,
        retired: note(RETIRED)?,
    }))
}

/// The one connection that changes the store; makes the tables where they are missing.
pub(super) fn writing(path: &Path, key_id: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags)?;
    // FULL: what was acknowledged is on the disk, not only in the system's memory. What was deleted
    // is overwritten, so that no free page keeps what was sealed with a key that is gone.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA journal_size_limit = 4194304; PRAGMA secure_delete = ON;",
        )
        .map_err(database("set up the store"))?;
    create_tables(&mut connection, key_id).map_err(database("make the tables of the store"))?;
    Ok(connection)
}

fn create_tables(connection: &mut Connection, key_id: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let layout: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if layout != 0 {
        return Ok(());
    }
    transaction.execute_batch(TABLES)?;
    set_note(&transaction, KEY, Some(key_id))?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    transaction.commit()
}

/// A connection that only reads.
pub(super) fn reading(path: &Path) -> Result<Connection, StoreError> {
    connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(database("open the store"))?;
    // A statement is planned once, not again for each value that is bound to it. Little is cached here
    // (kibibytes): the system caches the file, and memory stays flat.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .and_then(|_| {
            connection.execute_batch(
                "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
            )
        })
        .and_then(|()| connection.busy_timeout(PATIENCE))
        .map_err(database("set up a connection to the store"))?;
    Ok(connection)
}

/// A number in `meta`.
pub(super) fn number(connection: &Connection, name: &str) -> Result<u64, StoreError> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)))
        .map_err(database("read the version of the store"))
}

/// A text in `meta`.
fn note(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
}

/// Sets a text in `meta`, or takes it away.
pub(super) fn set_note(
    connection: &Connection,
    name: &str,
    value: Option<&str>,
) -> rusqlite::Result<()> {
    match value {
        Some(value) => {
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", [name, value])
        }
        None => connection.execute("DELETE FROM meta WHERE name = ?1", [name]),
    }
    .map(drop)
}

/// Sets a number in `meta`.
pub(super) fn set_number(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?
        .execute(params![name, value])
        .map(drop)
}

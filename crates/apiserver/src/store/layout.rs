//! The tables of the store and how connections to them are set up.
//!
//! `history` is an undo log: each row tells what a change replaced. The state after a change is
//! what the object's next row replaced, or what `objects` holds; so a creation costs no second
//! copy, forgetting the oldest rows never harms a younger one, and the state at a kept version
//! can be read back.

use super::error::{StoreError, database};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::path::Path;

/// Marks the file as a store of ours: "blkv" in ASCII.
const APPLICATION: i64 = 0x626c_6b76;

/// Raised with every change of the tables.
const LAYOUT: i64 = 1;

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

/// The short name of the key that sealed the store at `path`; none where the store is still to
/// be made. Changes nothing.
pub(super) fn sealed_with(path: &Path) -> Result<Option<String>, StoreError> {
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
        (APPLICATION, _, LAYOUT) => {}
        (APPLICATION, _, found) => {
            return Err(StoreError::Layout {
                path: path.to_owned(),
                found,
                known: LAYOUT,
            });
        }
        _ => return Err(foreign()),
    }
    let id = connection
        .query_row("SELECT value FROM meta WHERE name = 'key'", (), |row| {
            row.get(0)
        })
        .optional()
        .map_err(database(step))?;
    id.ok_or_else(foreign).map(Some)
}

/// The one connection that changes the store; makes the tables where they are missing.
pub(super) fn writing(path: &Path, key_id: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags)?;
    // FULL: what was acknowledged is on the disk, not only in the system's memory.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA journal_size_limit = 4194304;",
        )
        .map_err(database("set up the store"))?;
    create_tables(&mut connection, key_id).map_err(database("make the tables of the store"))?;
    Ok(connection)
}

fn create_tables(connection: &mut Connection, key_id: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let layout: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    if layout == LAYOUT {
        return Ok(());
    }
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO meta VALUES ('key', ?1)", [key_id])?;
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
    // Little is cached here (kibibytes): the system caches the file, and memory stays flat.
    connection
        .execute_batch(
            "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; \
             PRAGMA busy_timeout = 5000;",
        )
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

//! A copy of the whole store at one moment, as sealed as the store is. It needs no key, and nobody
//! has to stop for it: `SQLite` lets another process read while one writes.

use super::error::{StoreError, database, file};
use super::key::{private_file, sync_directory, with_suffix};
use super::layout;
use std::fs::{self, File};
use std::path::Path;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// How many objects.
    pub objects: u64,
    /// The version of the latest change.
    pub version: u64,
    /// Short name of the key that opens it.
    pub key: String,
    /// How large it is.
    pub bytes: u64,
}

/// Copies the store at `path` into a new file that only its owner may read. The file appears whole
/// or not at all, and is never overwritten.
pub fn backup(path: &Path, to: &Path) -> Result<BackedUp, StoreError> {
    if to.exists() {
        return Err(StoreError::Exists {
            path: to.to_owned(),
            help: "choose another name",
        });
    }
    let draft = with_suffix(to, ".unfinished");
    copy(path, &draft)?;
    let done = describe(path, &draft).and_then(|done| {
        file("give its name to", to, fs::rename(&draft, to))?;
        sync_directory(to)?;
        Ok(done)
    });
    if done.is_err() {
        let _ = fs::remove_file(&draft);
    }
    done
}

/// Copies the store at `path` as it is at this moment, without its free pages and its log.
pub(super) fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    if layout::head(path)?.is_none() {
        return Err(StoreError::Missing {
            path: path.to_owned(),
        });
    }
    let source = layout::reading(path)?;
    let name = to
        .to_str()
        .ok_or_else(|| std::io::Error::other("its name is not UTF-8"));
    let name = file("create", to, name)?;
    match fs::remove_file(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return file("remove the unfinished", to, Err(error));
        }
        _ => {}
    }
    // Made before it is filled, so that it is private from the start.
    file("create", to, private_file(to))?;
    let copied = source
        .execute("VACUUM INTO ?1", [name])
        .map_err(database("copy the store"))
        .and_then(|_| {
            let synced = File::open(to).and_then(|copy| copy.sync_all());
            file("write to disk", to, synced)
        });
    if copied.is_err() {
        let _ = fs::remove_file(to);
    }
    copied
}

fn describe(path: &Path, copy: &Path) -> Result<BackedUp, StoreError> {
    let missing = || StoreError::Missing {
        path: copy.to_owned(),
    };
    let head = layout::head(copy)?.ok_or_else(missing)?;
    // One of its keys is about to be forgotten.
    if head.retiring.is_some() {
        return Err(StoreError::Rekeying {
            path: path.to_owned(),
        });
    }
    let connection = layout::reading(copy)?;
    let objects = connection
        .query_row("SELECT count(*) FROM objects", (), |row| row.get(0))
        .map_err(database("count objects"))?;
    Ok(BackedUp {
        objects,
        version: layout::number(&connection, "version")?,
        key: head.key,
        bytes: file("measure", copy, fs::metadata(copy))?.len(),
    })
}

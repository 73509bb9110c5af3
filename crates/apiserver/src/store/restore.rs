//! Putting a backup in the place of the store. The moment that counts is one rename: before it the
//! store is the old one, after it the new one, and what is left to be done then is done by whoever
//! opens the store next.

use super::error::{StoreError, database, file};
use super::key::{sync_directory, with_suffix};
use super::{Checked, Options, backup, check, layout, open};
use rusqlite::Connection;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// What versions go on with, so that none is given out twice: watches from before end, and clients
/// list again.
const LEAP: u64 = 1_000_000_000;

/// Replaces the store by a backup, which must open with the store's keys and be undamaged. A store
/// that exists is left alone unless `overwrite` says otherwise, and so is one that is in use.
pub fn restore(options: &Options, from: &Path, overwrite: bool) -> Result<Checked, StoreError> {
    let path = &options.path;
    let checked = sound(options, from)?;
    open::make_directory(path)?;
    let _lock = open::lock(path)?;
    settle(path)?;
    if path.exists() && !overwrite {
        return Err(StoreError::Exists {
            path: path.clone(),
            help: "back it up, then say `--force` to lose it",
        });
    }
    let draft = with_suffix(path, ".restoring");
    backup::copy(from, &draft)?;
    leap(&draft)?;
    let ready = with_suffix(path, READY);
    file("move the backup to", &ready, fs::rename(&draft, &ready))?;
    sync_directory(&ready)?;
    settle(path)?;
    Ok(checked)
}

fn sound(options: &Options, from: &Path) -> Result<Checked, StoreError> {
    let keys = super::key::Keys::of(&options.key, &options.path);
    let checked = check::check_with(from, &keys, options.sealed)?;
    match checked.findings.first() {
        None => Ok(checked),
        Some(first) => Err(StoreError::Damaged {
            path: from.to_owned(),
            count: checked.findings.len(),
            first: first.clone(),
        }),
    }
}

/// A file of this name is the store from now on.
const READY: &str = ".restored";

/// Finishes a restore that has passed its moment. A log belongs to the file that it was written
/// for, so the old one goes first.
pub(super) fn settle(path: &Path) -> Result<(), StoreError> {
    let ready = with_suffix(path, READY);
    if !ready.exists() {
        return Ok(());
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let old = with_suffix(path, suffix);
        match fs::remove_file(&old) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return file("remove", &old, Err(error));
            }
            _ => {}
        }
    }
    sync_directory(path)?;
    file("move the restored store to", path, fs::rename(&ready, path))?;
    sync_directory(path)
}

/// Makes the copy a store that has forgotten its history.
fn leap(path: &Path) -> Result<(), StoreError> {
    let step = || database("prepare the restored store");
    let mut connection = Connection::open(path).map_err(step())?;
    let version = layout::number(&connection, "version")? + LEAP;
    let transaction = connection.transaction().map_err(step())?;
    transaction
        .execute("DELETE FROM history", ())
        .and_then(|_| layout::set_number(&transaction, "version", version))
        .and_then(|()| layout::set_number(&transaction, "oldest", version))
        .map_err(step())?;
    transaction.commit().map_err(step())?;
    connection.close().map_err(|(_, error)| step()(error))
}

//! What can go wrong in the store. No text ever holds a stored value.

use super::ObjectKey;
use std::path::{Path, PathBuf};

/// Which step on which object or file failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A creation met an object of the same key.
    #[error("{key} exists already")]
    AlreadyExists {
        /// The key in question.
        key: ObjectKey,
    },
    /// An update or deletion met no object.
    #[error("{key} does not exist")]
    NotFound {
        /// The key in question.
        key: ObjectKey,
    },
    /// The object is not at the version that the change was made for.
    #[error("{key} is at version {found}, not {expected}: read it again and repeat the change")]
    Conflict {
        /// The key in question.
        key: ObjectKey,
        /// The version that the caller knew.
        expected: u64,
        /// The version that is stored.
        found: u64,
    },
    /// The version asked for is older than the kept history, or newer than the store.
    #[error(
        "version {asked} is not kept, only {oldest} to {newest}: list again and go on from there"
    )]
    Gone {
        /// The version asked for.
        asked: u64,
        /// The oldest version from which all changes are still known.
        oldest: u64,
        /// The version of the latest change.
        newest: u64,
    },
    /// The value is not one that the store can give back.
    #[error("{key} cannot be stored: {why}")]
    Unfit {
        /// The key in question.
        key: ObjectKey,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key is not the one that the store was sealed with.
    #[error(
        "store `{path}` is sealed with key {wanted}, but `{key_path}` holds key {found}: \
         put the right key file in place (nothing was changed)"
    )]
    WrongKey {
        /// The store.
        path: PathBuf,
        /// The key file that was read.
        key_path: PathBuf,
        /// Short name of the key that sealed the store.
        wanted: String,
        /// Short name of the key in the file.
        found: String,
    },
    /// The store exists, the key file does not.
    #[error("store `{path}` is sealed, but its key file `{key_path}` is missing: put it back")]
    KeyMissing {
        /// The store.
        path: PathBuf,
        /// Where the key file should be.
        key_path: PathBuf,
    },
    /// The key file does not hold a key.
    #[error("key file `{path}` does not hold exactly 32 bytes: put the right key file in place")]
    KeyMalformed {
        /// The key file.
        path: PathBuf,
    },
    /// Others than the owner may read the key file.
    #[error("key file `{path}` has mode {mode:04o}, others can read it: chmod 600 '{path}'")]
    KeyFileReadable {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The store is open already, in this process or in another.
    #[error("store `{path}` is in use: stop the process that has it open, or choose another path")]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{path}` is not a store: choose another path")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is a store with a layout unknown here.
    #[error(
        "store `{path}` has layout {found}, this program knows {known}: use the one that wrote it"
    )]
    Layout {
        /// The store.
        path: PathBuf,
        /// The layout found.
        found: i64,
        /// The layout that this program reads and writes.
        known: i64,
    },
    /// What was stored comes back changed.
    #[error("{key} is damaged in the store ({what}): restore the store from a backup")]
    Corrupt {
        /// The damaged object.
        key: ObjectKey,
        /// Which part, and how it shows.
        what: String,
    },
    /// A file operation failed.
    #[error("cannot {step} `{path}`")]
    File {
        /// What was being done.
        step: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The database refused.
    #[error("cannot {step}")]
    Database {
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The system gave no random bytes for a key or nonce.
    #[error("cannot get random bytes from the system")]
    Random(#[source] getrandom::Error),
    /// The writer has ended, so nothing can be stored any more.
    #[error("the store has been closed")]
    Closed,
}

/// Names the step on which a file operation failed.
pub(super) fn file<T>(
    step: &'static str,
    path: &Path,
    result: std::io::Result<T>,
) -> Result<T, StoreError> {
    result.map_err(|source| StoreError::File {
        step,
        path: path.to_owned(),
        source,
    })
}

/// Names the step on which the database refused; for `map_err`.
pub(super) fn database(step: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |source| StoreError::Database { step, source }
}

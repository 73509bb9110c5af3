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
    /// No key at hand is the one that the store was sealed with.
    #[error(
        "store `{path}` is sealed with key {wanted}, but {keys} holds key {found}: \
         put the right key in place (nothing was changed)"
    )]
    WrongKey {
        /// The store.
        path: PathBuf,
        /// Where keys were read from.
        keys: String,
        /// Short name of the key that sealed the store.
        wanted: String,
        /// Short name of the newest key that was read.
        found: String,
    },
    /// The store exists, the key file does not.
    #[error("store `{path}` is sealed, but its {keys} is missing: put it back")]
    KeyMissing {
        /// The store.
        path: PathBuf,
        /// Where the key should be.
        keys: String,
    },
    /// What was read as keys are none.
    #[error(
        "{keys} does not hold a key: put the right one in place \
         (a file holds 32 bytes for each key, a command prints each in base64 on a line)"
    )]
    KeyMalformed {
        /// Where keys were read from.
        keys: String,
    },
    /// The program that gives the keys did not.
    #[error("{keys} gave no key ({why}): run it by itself to see why")]
    KeyCommand {
        /// The program.
        keys: String,
        /// What went wrong.
        why: String,
    },
    /// The key that the store is sealed with is not among those at hand any more.
    #[error(
        "{keys} no longer holds key {wanted}, which the store is sealed with: \
         put it back (nothing was changed)"
    )]
    KeyGone {
        /// Where keys were read from.
        keys: String,
        /// Short name of the key that sealed the store.
        wanted: String,
    },
    /// There is no key to follow the present one.
    #[error(
        "{keys} gives no new key: let it print the new one first, and the present one after it"
    )]
    NoNewKey {
        /// Where keys were read from.
        keys: String,
    },
    /// Values are being sealed anew.
    #[error("the key of store `{path}` is being changed: try again when that is done")]
    Rekeying {
        /// The store.
        path: PathBuf,
    },
    /// A file that would be overwritten.
    #[error("`{path}` exists already: {help}")]
    Exists {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        help: &'static str,
    },
    /// There is no store where one is needed.
    #[error("there is no store at `{path}`: name the right one")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A backup that does not hold what was stored.
    #[error(
        "`{path}` is damaged in {count} places, the first being: {first} (nothing was changed)"
    )]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// How many findings there are.
        count: usize,
        /// The first of them.
        first: String,
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

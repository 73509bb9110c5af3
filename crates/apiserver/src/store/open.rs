//! Everything between a path and a store that serves: directory, lock, key, tables, writer.

use super::error::{StoreError, file};
use super::key::{Key, private_file, with_suffix};
use super::reader::Reader;
use super::seal::Sealer;
use super::writer::Writer;
use super::{KeySource, Options, Shared, Store, layout};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

pub(super) fn open(options: Options) -> Result<Store, StoreError> {
    let Options {
        path,
        key,
        sealed,
        history,
    } = options;
    make_directory(&path)?;
    let lock = lock(&path)?;
    let key = key_for(&path, &key)?;
    match private_file(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => drop(file("create store", &path, created)?),
    }
    let connection = layout::writing(&path, &key.id)?;
    let sealer = Arc::new(Sealer::new(key, sealed));
    let (writer, feed) = Writer::new(connection, sealer.clone(), history)?;
    let reader = Arc::new(Reader::start(&path, &sealer)?);
    let (requests, waiting) = mpsc::unbounded_channel();
    let thread = std::thread::Builder::new().name("store-writer".to_owned());
    let thread = thread.spawn(move || writer.run(waiting));
    Ok(Store(Arc::new(Shared {
        requests: Some(requests),
        writer: Some(file("start the writer of", &path, thread)?),
        reader,
        feed,
        _lock: lock,
    })))
}

fn make_directory(path: &Path) -> Result<(), StoreError> {
    let Some(directory) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    file("create directory", directory, builder.create(directory))
}

/// One opener at a time. The lock is on a file of its own: `SQLite` gives up its locks on the
/// store when any handle on that file is closed.
fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = with_suffix(path, ".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = file("open lock file", &lock_path, options.open(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => file("lock", &lock_path, Err(error)),
    }
}

/// The key that the store is sealed with, or for a new store the key it shall be sealed with.
fn key_for(path: &Path, source: &KeySource) -> Result<Key, StoreError> {
    let key_path = match source {
        KeySource::Beside => with_suffix(path, ".key"),
        KeySource::File(path) => path.clone(),
    };
    match (layout::sealed_with(path)?, Key::read(&key_path)?) {
        (None, Some(key)) => Ok(key),
        (None, None) => Key::create(&key_path),
        (Some(_), None) => Err(StoreError::KeyMissing {
            path: path.to_owned(),
            key_path,
        }),
        (Some(wanted), Some(key)) if wanted == key.id => Ok(key),
        (Some(wanted), Some(key)) => Err(StoreError::WrongKey {
            path: path.to_owned(),
            key_path,
            wanted,
            found: key.id,
        }),
    }
}

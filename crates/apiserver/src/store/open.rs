//! Everything between a path and a store that serves: directory, lock, key, tables, writer.

use super::answered::Answered;
use super::error::{StoreError, database, file};
use super::feed::Feed;
use super::key::{Keys, private_file, with_suffix};
use super::layout::Head;
use super::reader::Reader;
use super::seal::{Seal, Sealer};
use super::writer::{Shares, Writer};
use super::{Options, SealedPath, Shared, Store, layout, reseal, restore};
use rusqlite::Connection;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A lock outlives its holder for a moment: a process that ends lets go of it last, and one that has
/// just been started holds those of its parent until its own program runs.
const LETTING_GO: Duration = Duration::from_millis(200);

pub(super) fn open(options: Options) -> Result<Store, StoreError> {
    let Options {
        path,
        key,
        sealed,
        history,
    } = options;
    make_directory(&path)?;
    let lock = lock(&path)?;
    restore::settle(&path)?;
    let keys = Keys::of(&key, &path);
    let head = layout::head(&path)?;
    let sealer = sealer(&path, &keys, head.as_ref(), sealed)?;
    match private_file(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => drop(file("create store", &path, created)?),
    }
    let mut connection = layout::writing(&path, sealer.key_id())?;
    if let Some(head) = head {
        bring_up_to_date(&mut connection, &head, &sealer, &keys)?;
    }
    let seal = Arc::new(Seal::new(sealer));
    let version = layout::number(&connection, "version")?;
    let answered = Arc::new(Answered::new(version));
    let feed = Arc::new(Feed::new(version));
    let shares = Shares {
        seal: Arc::clone(&seal),
        keys: keys.clone(),
        answered: Arc::clone(&answered),
        feed: Arc::clone(&feed),
    };
    let mut writer = Writer::new(connection, shares, history)?;
    writer.resume();
    let reader = Arc::new(Reader::start(&path, &seal, answered)?);
    let (messages, waiting) = mpsc::unbounded_channel();
    let thread = std::thread::Builder::new().name("store-writer".to_owned());
    let thread = thread.spawn(move || writer.run(waiting));
    Ok(Store(Arc::new(Shared {
        messages: Some(messages),
        writer: Some(file("start the writer of", &path, thread)?),
        reader,
        feed,
        seal,
        keys,
        rekeying: tokio::sync::Mutex::new(()),
        _lock: lock,
    })))
}

/// What an earlier process left to be done, or did in an earlier way.
fn bring_up_to_date(
    connection: &mut Connection,
    head: &Head,
    sealer: &Sealer,
    keys: &Keys,
) -> Result<(), StoreError> {
    if head.layout == layout::UNVERSIONED {
        reseal::bind_versions(connection, sealer)?;
    }
    if let Some(retired) = &head.retired {
        match keys.retire(retired) {
            Ok(_) => layout::set_note(connection, layout::RETIRED, None)
                .map_err(database("note that a key is gone"))?,
            Err(error) => tracing::warn!(%error, "a key that is not needed is still there"),
        }
    }
    Ok(())
}

pub(super) fn make_directory(path: &Path) -> Result<(), StoreError> {
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
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = with_suffix(path, ".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = file("open lock file", &lock_path, options.open(&lock_path))?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if start.elapsed() < LETTING_GO => {
                std::thread::sleep(LETTING_GO / 20);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return file("lock", &lock_path, Err(error)),
        }
    }
}

/// What opens and seals the values of the store; a new store gets the newest key at hand, or a new
/// one.
pub(super) fn sealer(
    path: &Path,
    keys: &Keys,
    head: Option<&Head>,
    sealed: fn(&str) -> &'static [SealedPath],
) -> Result<Sealer, StoreError> {
    let ring = keys.read()?;
    let Some(head) = head else {
        let newest = ring.and_then(|ring| ring.into_iter().next());
        let key = newest.map_or_else(|| keys.create(), Ok)?;
        return Ok(Sealer::new(key, None, sealed));
    };
    let ring = ring.ok_or_else(|| StoreError::KeyMissing {
        path: path.to_owned(),
        keys: keys.to_string(),
    })?;
    let find = |wanted: &String| {
        let found = ring.iter().find(|key| key.id == *wanted);
        found.cloned().ok_or_else(|| StoreError::WrongKey {
            path: path.to_owned(),
            keys: keys.to_string(),
            wanted: wanted.clone(),
            found: ring.first().map(|key| key.id.clone()).unwrap_or_default(),
        })
    };
    let retiring = head.retiring.as_ref().map(find).transpose()?;
    Ok(Sealer::new(find(&head.key)?, retiring, sealed))
}

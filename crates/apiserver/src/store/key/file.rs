//! Keys in a file: whole or not at all, and for its owner only. Which keys belong there is left to
//! `key`.

use super::{Keys, LENGTH, MOST, Raw, from_bytes};
use crate::store::error::{StoreError, file};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Reads a key file; none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<Raw>>, StoreError> {
    let opened = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => file("open key file", path, other)?,
    };
    refuse_readable(path, &opened)?;
    // One byte more than keys have, to notice a longer file without reading all of it.
    let most = LENGTH * MOST + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    let read = opened.take(most as u64).read_to_end(&mut bytes);
    file("read key file", path, read)?;
    let malformed = || Keys::File(path.to_owned()).malformed();
    from_bytes(&bytes).ok_or_else(malformed).map(Some)
}

/// Makes or replaces a key file. It appears whole or not at all, even across a crash.
pub(super) fn write(path: &Path, keys: &[Raw]) -> Result<(), StoreError> {
    // Where the file is a link, what it leads to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let draft = with_suffix(path, ".new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return file("remove the unfinished key file", &draft, Err(error));
        }
        _ => {}
    }
    let written = private_file(&draft).and_then(|mut file| {
        keys.iter()
            .try_for_each(|key| file.write_all(key.as_ref()))?;
        file.sync_all()
    });
    file("write key file", &draft, written)?;
    file("move key file to", path, fs::rename(&draft, path))?;
    sync_directory(path)
}

/// Makes what was created or renamed at `path` outlive a crash.
pub(in crate::store) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    file("sync directory", directory, synced)
}

/// `path` with `suffix` after its whole file name.
pub(in crate::store) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a file that only its owner may read; fails where it exists.
pub(in crate::store) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn refuse_readable(path: &Path, opened: &File) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file("inspect key file", path, opened.metadata())?
        .permissions()
        .mode()
        & 0o7777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(StoreError::KeyFileReadable {
            path: path.to_owned(),
            mode,
        }),
    }
}

#[cfg(not(unix))]
fn refuse_readable(_: &Path, _: &File) -> Result<(), StoreError> {
    Ok(())
}

//! The files of certificates and keys: written whole or not at all, private ones for the owner only.

use super::{TlsError, Validity};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

pub(super) fn make_directory(path: &Path) -> Result<(), TlsError> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|source| TlsError::File {
        step: "make the directory",
        path: path.to_owned(),
        source,
    })
}

pub(super) fn read(path: &Path) -> Result<Option<String>, TlsError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TlsError::File {
            step: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

pub(super) fn remove(path: &Path) -> Result<(), TlsError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(TlsError::File {
            step: "remove",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), TlsError> {
    replace(path, content, 0o644)
}

/// Replaces a file by one that only its owner can read: whoever looks finds the old one or the new
/// one, never half of one.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), TlsError> {
    replace(path, content, 0o600)
}

pub(super) fn read_validity(path: &Path) -> Result<Option<Validity>, TlsError> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    let wanted = "the validity of a certificate";
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|_| TlsError::Content {
            path: path.to_owned(),
            wanted,
        })
}

pub(super) fn write_validity(path: &Path, validity: &Validity) -> Result<(), TlsError> {
    let text = serde_json::to_string(validity).map_err(std::io::Error::from);
    let text = text.map_err(|source| TlsError::File {
        step: "write",
        path: path.to_owned(),
        source,
    })?;
    write(path, text.as_bytes())
}

/// Writes beside the file first, so that nobody ever reads half of one.
fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), TlsError> {
    let beside = path.with_extension("new");
    let written = remove_if_there(&beside)
        .and_then(|()| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&beside)
        })
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| TlsError::File {
        step: "write",
        path: path.to_owned(),
        source,
    })
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

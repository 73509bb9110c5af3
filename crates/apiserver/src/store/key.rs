//! The key that seals values: its file, its short name. What is sealed with it, and how, is left
//! to `seal`.

use super::error::{StoreError, file};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const LENGTH: usize = 32;

/// A key with its short name.
pub(super) struct Key {
    pub(super) cipher: XChaCha20Poly1305,
    pub(super) id: String,
}

impl Key {
    fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
        let cipher = XChaCha20Poly1305::new(bytes.into());
        let id = name_of(&cipher);
        Self { cipher, id }
    }

    /// Reads the key file; none where there is no such file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let opened = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => file("open key file", path, other)?,
        };
        refuse_readable(path, &opened)?;
        // One byte more than a key has, to notice a longer file without reading all of it.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH + 1));
        let read = opened.take(LENGTH as u64 + 1).read_to_end(&mut bytes);
        file("read key file", path, read)?;
        match bytes.as_slice().try_into() {
            Ok(key) => Ok(Some(Self::from_bytes(key))),
            Err(_) => Err(StoreError::KeyMalformed {
                path: path.to_owned(),
            }),
        }
    }

    /// Makes a new key and its file. The file appears whole or not at all, even across a crash.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        getrandom::fill(bytes.as_mut()).map_err(StoreError::Random)?;
        let draft = with_suffix(path, ".new");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return file("remove the unfinished key file", &draft, Err(error));
            }
            _ => {}
        }
        let written = private_file(&draft).and_then(|mut file| {
            file.write_all(bytes.as_ref())?;
            file.sync_all()
        });
        file("write key file", &draft, written)?;
        file("move key file to", path, fs::rename(&draft, path))?;
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        file("sync directory", directory, synced)?;
        Ok(Self::from_bytes(&bytes))
    }
}

/// A short name that tells keys apart and tells nothing about the key: the authentication tag of
/// an empty message under a nonce of zeros, which no sealed value uses (theirs are random).
fn name_of(cipher: &XChaCha20Poly1305) -> String {
    let name = Payload {
        msg: &[],
        aad: b"key id",
    };
    let tag = cipher
        .encrypt(&XNonce::default(), name)
        .expect("an empty message is never too long to encrypt");
    tag.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `path` with `suffix` after its whole file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a file that only its owner may read; fails where it exists.
pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
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

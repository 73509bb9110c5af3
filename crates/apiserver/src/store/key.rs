//! The keys that seal values: their short names, and the ring of those that a store needs at one
//! time. Where keys are kept is left to `file` and `command`; what is sealed, and how, to `seal`.

mod command;
mod file;

pub(super) use file::{private_file, sync_directory, with_suffix};

use super::{KeySource, StoreError};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

const LENGTH: usize = 32;

/// At most this many keys are kept at one place; two are needed while one follows another.
const MOST: usize = 8;

/// The bytes of a key.
type Raw = Zeroizing<[u8; LENGTH]>;

/// A key with its short name.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) cipher: Arc<XChaCha20Poly1305>,
    pub(super) id: String,
}

impl Key {
    fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
        let cipher = XChaCha20Poly1305::new(bytes.into());
        let id = name_of(&cipher);
        let cipher = Arc::new(cipher);
        Self { cipher, id }
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

fn random() -> Result<Raw, StoreError> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    getrandom::fill(bytes.as_mut()).map_err(StoreError::Random)?;
    Ok(bytes)
}

/// The place where the keys of one store are kept, the newest first.
#[derive(Clone)]
pub(super) enum Keys {
    File(PathBuf),
    Command(Vec<String>),
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keys::File(path) => write!(f, "key file `{}`", path.display()),
            // What follows the program's name is nobody's business.
            Keys::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(f, "key command `{program}`")
            }
        }
    }
}

impl Keys {
    pub(super) fn of(source: &KeySource, store: &Path) -> Self {
        match source {
            KeySource::Beside => Keys::File(with_suffix(store, ".key")),
            KeySource::File(path) => Keys::File(path.clone()),
            KeySource::Command(words) => Keys::Command(words.clone()),
        }
    }

    /// All keys of the place; none where it is a file that does not exist.
    pub(super) fn read(&self) -> Result<Option<Vec<Key>>, StoreError> {
        let keys = self.raw()?;
        Ok(keys.map(|keys| keys.iter().map(|key| Key::from_bytes(key)).collect()))
    }

    /// The first key of a new store, in a file of its own.
    pub(super) fn create(&self) -> Result<Key, StoreError> {
        match self {
            Keys::File(path) => {
                let bytes = random()?;
                file::write(path, std::slice::from_ref(&bytes))?;
                Ok(Key::from_bytes(&bytes))
            }
            // A command that ends well gives at least one key, so that this is not reached.
            Keys::Command(_) => Err(self.malformed()),
        }
    }

    /// The key that shall follow `current`: the one that is before it at its place already, else
    /// for a file a new one, put there before this returns.
    pub(super) fn next(&self, current: &str) -> Result<Key, StoreError> {
        let mut keys = self.raw()?.unwrap_or_default();
        let newest = keys.first().map(|key| Key::from_bytes(key));
        let holds_current = keys.iter().any(|key| Key::from_bytes(key).id == current);
        match (newest, self) {
            (Some(newest), _) if newest.id != current && holds_current => Ok(newest),
            (Some(_), Keys::File(path)) if holds_current && keys.len() < MOST => {
                let bytes = random()?;
                let key = Key::from_bytes(&bytes);
                keys.insert(0, bytes);
                file::write(path, &keys)?;
                Ok(key)
            }
            (Some(_), Keys::Command(_)) if holds_current => Err(StoreError::NoNewKey {
                keys: self.to_string(),
            }),
            (Some(_), Keys::File(_)) if holds_current => Err(self.malformed()),
            _ => Err(StoreError::KeyGone {
                keys: self.to_string(),
                wanted: current.to_owned(),
            }),
        }
    }

    /// Takes a key away from the file that nothing is sealed with any more. What a command gives
    /// is changed by whoever keeps it. Returns whether the key is gone.
    pub(super) fn retire(&self, id: &str) -> Result<bool, StoreError> {
        let Keys::File(path) = self else {
            return Ok(false);
        };
        let mut keys = self.raw()?.unwrap_or_default();
        let all = keys.len();
        keys.retain(|key| Key::from_bytes(key).id != id);
        if keys.is_empty() {
            return Ok(false);
        }
        if keys.len() < all {
            file::write(path, &keys)?;
        }
        Ok(true)
    }

    fn raw(&self) -> Result<Option<Vec<Raw>>, StoreError> {
        match self {
            Keys::File(path) => file::read(path),
            Keys::Command(words) => command::run(self, words).map(Some),
        }
    }

    fn malformed(&self) -> StoreError {
        StoreError::KeyMalformed {
            keys: self.to_string(),
        }
    }
}

/// Keys one after another, as a file holds them.
fn from_bytes(bytes: &[u8]) -> Option<Vec<Raw>> {
    let (keys, rest) = bytes.as_chunks::<LENGTH>();
    let is_good = rest.is_empty() && (1..=MOST).contains(&keys.len());
    is_good.then(|| keys.iter().copied().map(Zeroizing::new).collect())
}

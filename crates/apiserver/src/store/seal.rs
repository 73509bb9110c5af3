//! Turns objects into the bytes that are stored and back, sealing the parts that must not be
//! readable at rest. Where the bytes go is left to the reader and the writer.

use super::key::Key;
use super::text::{self, Members, Shape, Text};
use super::{Filter, ObjectKey, SealedPath, StoreError};
use crate::patch::{DEPTH, is_shallow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Payload};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// Encodes and decodes objects under one key, and decodes those of the key before it.
pub(super) struct Sealer {
    key: Key,
    /// The key before, while something may still be sealed with it.
    retiring: Option<Key>,
    sealed: fn(&str) -> &'static [SealedPath],
}

/// Where an object stands: which one, and the version that its state is of.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) version: u64,
}

impl Sealer {
    pub(super) fn new(
        key: Key,
        retiring: Option<Key>,
        sealed: fn(&str) -> &'static [SealedPath],
    ) -> Self {
        Self {
            key,
            retiring,
            sealed,
        }
    }

    /// The same, sealing with another key from now on.
    pub(super) fn followed_by(&self, key: Key) -> Self {
        Self::new(key, Some(self.key.clone()), self.sealed)
    }

    /// The same, without the key before.
    pub(super) fn without_retiring(&self) -> Self {
        Self::new(self.key.clone(), None, self.sealed)
    }

    /// The short name of the key that seals.
    pub(super) fn key_id(&self) -> &str {
        &self.key.id
    }

    /// The short name of the key before.
    pub(super) fn retiring_id(&self) -> Option<&str> {
        self.retiring.as_ref().map(|key| key.id.as_str())
    }

    /// Whether any part of such an object is sealed.
    pub(super) fn seals(&self, resource: &str) -> bool {
        !(self.sealed)(resource).is_empty()
    }

    /// The bytes to store, sealed anew; the object is the same afterwards.
    pub(super) fn encode(
        &self,
        place: Place<'_>,
        value: &mut Value,
    ) -> Result<Vec<u8>, StoreError> {
        let Place { key, version } = place;
        if !is_shallow(value, DEPTH) {
            let why = "it is nested deeper than 127 levels";
            return Err(StoreError::Unfit {
                key: key.clone(),
                why,
            });
        }
        let paths = (self.sealed)(&key.resource);
        if paths.is_empty() {
            return Ok(value.to_string().into_bytes());
        }
        let uid = uid_of(value);
        let mut plain = Vec::new();
        let sealed = each_sealed(value, paths, |field, part| {
            let context = context(key, &uid, field, &self.key.id, Some(version));
            let sealed = Value::String(seal(&self.key, &context, part)?);
            plain.push(std::mem::replace(part, sealed));
            Ok(())
        });
        let bytes = sealed.map(|()| value.to_string().into_bytes());
        // Parts are visited in the same order again.
        let mut plain = plain.into_iter();
        each_sealed(value, paths, |_, part| {
            if let Some(plain) = plain.next() {
                *part = plain;
            }
            Ok(())
        })?;
        bytes
    }

    /// The object that was stored.
    pub(super) fn decode(&self, place: Place<'_>, bytes: &[u8]) -> Result<Value, StoreError> {
        let value = self.opened(place.key, bytes, Some(place.version))?;
        let said = value
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        if said.and_then(|text| text.parse().ok()) != Some(place.version) {
            return Err(corrupt(place.key, "it is not the state of its version"));
        }
        Ok(value)
    }

    /// The object as the first layout of the store sealed it, without its version.
    pub(super) fn decode_unversioned(
        &self,
        key: &ObjectKey,
        bytes: &[u8],
    ) -> Result<Value, StoreError> {
        self.opened(key, bytes, None)
    }

    fn opened(
        &self,
        key: &ObjectKey,
        bytes: &[u8],
        version: Option<u64>,
    ) -> Result<Value, StoreError> {
        let mut value: Value =
            serde_json::from_slice(bytes).map_err(|_| corrupt(key, "its text is not JSON"))?;
        let paths = (self.sealed)(&key.resource);
        if paths.is_empty() {
            return Ok(value);
        }
        let uid = uid_of(&value);
        each_sealed(&mut value, paths, |field, part| {
            let opened = part.as_str().and_then(|text| {
                let (with, sealed) = self.sealed_with(text)?;
                open(with, &context(key, &uid, field, &with.id, version), sealed)
            });
            *part = opened.ok_or_else(|| corrupt(key, &format!("`{field}` does not open")))?;
            Ok(())
        })?;
        Ok(value)
    }

    /// The stored text with its sealed parts opened, in this shape. What need not be opened or
    /// changed goes out as it was stored, so this is much quicker than [`Sealer::decode`].
    pub(super) fn text(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        shape: &Shape,
    ) -> Result<Vec<u8>, StoreError> {
        let Place { key, version } = place;
        let broken = |_| corrupt(key, "its text is not JSON");
        let object: Members<'_> = serde_json::from_slice(bytes).map_err(broken)?;
        let metadata: Members<'_> = match object.get("metadata") {
            Some(metadata) => serde_json::from_str(metadata.get()).map_err(broken)?,
            None => Members::default(),
        };
        if metadata
            .text("resourceVersion")
            .and_then(|text| text.parse().ok())
            != Some(version)
        {
            return Err(corrupt(key, "it is not the state of its version"));
        }
        let uid = metadata.text("uid").unwrap_or_default();
        let open = |field: &str, part: &str| {
            let text: Cow<'_, str> = serde_json::from_str::<Text<'_>>(part).ok()?.0;
            let (with, sealed) = self.sealed_with(&text)?;
            unseal(
                with,
                &context(key, &uid, field, &with.id, Some(version)),
                sealed,
            )
        };
        let paths = (self.sealed)(&key.resource);
        shape
            .write(&object, &metadata, paths, open, bytes.len())
            .map_err(|what| corrupt(key, &what))
    }

    /// Which key opens the text, and what is sealed.
    fn sealed_with<'a>(&self, text: &'a str) -> Option<(&Key, &'a str)> {
        let keys = std::iter::once(&self.key).chain(&self.retiring);
        keys.filter_map(|key| Some((key, text.strip_prefix(&mark(&key.id))?)))
            .next()
    }
}

/// A ciphertext opens only where it was sealed: same object, same field, same version, same key.
/// Lengths come first, so that no two places make the same context.
fn context(key: &ObjectKey, uid: &str, field: &str, key_id: &str, version: Option<u64>) -> Vec<u8> {
    let parts = [&key.resource, &key.namespace, &key.name, uid, field, key_id];
    let mut context = Vec::with_capacity(256);
    for part in parts {
        context.extend_from_slice(&(part.len() as u64).to_be_bytes());
        context.extend_from_slice(part.as_bytes());
    }
    if let Some(version) = version {
        context.extend_from_slice(&version.to_be_bytes());
    }
    context
}

fn seal(key: &Key, context: &[u8], part: &Value) -> Result<String, StoreError> {
    let mut sealed = nonce()?.to_vec();
    let nonce = XNonce::try_from(sealed.as_slice()).expect("its length is that of a nonce");
    let plain = Zeroizing::new(part.to_string());
    let payload = Payload {
        msg: plain.as_bytes(),
        aad: context,
    };
    let encrypted = key.cipher.encrypt(&nonce, payload);
    sealed.extend(encrypted.expect("no object comes near the cipher's limit of 256 GiB"));
    let mut text = mark(&key.id);
    STANDARD.encode_string(sealed, &mut text);
    Ok(text)
}

/// Random, and long enough for that: among 2⁴⁸ values under one key, two share a nonce with a
/// probability below 2⁻⁹⁶.
pub(super) fn nonce() -> Result<[u8; NONCE], StoreError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(StoreError::Random)?;
    Ok(nonce)
}

fn open(key: &Key, context: &[u8], sealed: &str) -> Option<Value> {
    serde_json::from_slice(&unseal(key, context, sealed)?).ok()
}

/// The JSON text that was sealed.
fn unseal(key: &Key, context: &[u8], sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = STANDARD.decode(sealed).ok()?;
    let (nonce, encrypted) = sealed.split_at_checked(NONCE)?;
    let payload = Payload {
        msg: encrypted,
        aad: context,
    };
    let nonce = XNonce::try_from(nonce).ok()?;
    key.cipher.decrypt(&nonce, payload).ok().map(Zeroizing::new)
}

/// Which key opens a value, so that a store can be given a new key value by value.
pub(super) fn mark(key_id: &str) -> String {
    format!("sealed:{key_id}:")
}

/// The sealer of the moment, which a change of the key replaces.
pub(super) struct Seal(RwLock<Arc<Sealer>>);

impl Seal {
    pub(super) fn new(sealer: Sealer) -> Self {
        Self(RwLock::new(Arc::new(sealer)))
    }

    pub(super) fn get(&self) -> Arc<Sealer> {
        // Nothing that can panic happens under this lock.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set(&self, sealer: Sealer) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sealer);
    }
}

/// Visits every part to be sealed with its JSON pointer. A null says nothing and stays as it is.
fn each_sealed(
    value: &mut Value,
    paths: &[SealedPath],
    mut visit: impl FnMut(&str, &mut Value) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for path in paths {
        let (SealedPath::Value(pointer) | SealedPath::Members(pointer)) = path;
        match (path, value.pointer_mut(pointer)) {
            (_, None | Some(Value::Null)) => {}
            (SealedPath::Members(_), Some(Value::Object(members))) => {
                for (name, part) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    visit(&format!("{pointer}/{name}"), part)?;
                }
            }
            // Where a map was expected and something else is found, all of it is sealed.
            (_, Some(part)) => visit(pointer, part)?,
        }
    }
    Ok(())
}

fn uid_of(value: &Value) -> String {
    value
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// What of a stored text decides whether a filter chooses the object.
pub(super) fn glance(key: &ObjectKey, bytes: &[u8], filter: &Filter) -> Result<Value, StoreError> {
    text::glance(bytes, &filter.members).ok_or_else(|| corrupt(key, "its text is not JSON"))
}

fn corrupt(key: &ObjectKey, what: &str) -> StoreError {
    StoreError::Corrupt {
        key: key.clone(),
        what: what.to_owned(),
    }
}

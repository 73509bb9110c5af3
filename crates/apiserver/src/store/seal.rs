//! Turns objects into the bytes that are stored and back, sealing the parts that must not be
//! readable at rest. Where the bytes go is left to the reader and the writer.

use super::key::Key;
use super::{ObjectKey, SealedPath, StoreError};
use crate::patch::{DEPTH, is_shallow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Payload};
use serde_json::Value;

const NONCE: usize = 24;

/// Encodes and decodes objects under one key.
pub(super) struct Sealer {
    key: Key,
    sealed: fn(&str) -> &'static [SealedPath],
}

impl Sealer {
    pub(super) fn new(key: Key, sealed: fn(&str) -> &'static [SealedPath]) -> Self {
        Self { key, sealed }
    }

    /// The bytes to store, sealed anew.
    pub(super) fn encode(&self, key: &ObjectKey, value: &Value) -> Result<Vec<u8>, StoreError> {
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
        let mut value = value.clone();
        let uid = uid_of(&value);
        each_sealed(&mut value, paths, |field, part| {
            *part = Value::String(self.seal(&self.context(key, &uid, field), part)?);
            Ok(())
        })?;
        Ok(value.to_string().into_bytes())
    }

    /// The object that was stored.
    pub(super) fn decode(&self, key: &ObjectKey, bytes: &[u8]) -> Result<Value, StoreError> {
        let mut value: Value =
            serde_json::from_slice(bytes).map_err(|_| corrupt(key, "its text is not JSON"))?;
        let paths = (self.sealed)(&key.resource);
        let uid = uid_of(&value);
        each_sealed(&mut value, paths, |field, part| {
            let opened = part
                .as_str()
                .and_then(|text| self.open(&self.context(key, &uid, field), text));
            *part = opened.ok_or_else(|| corrupt(key, &format!("`{field}` does not open")))?;
            Ok(())
        })?;
        Ok(value)
    }

    /// A ciphertext opens only where it was sealed: same object, same field, same key. Lengths
    /// come first, so that no two places make the same context.
    fn context(&self, key: &ObjectKey, uid: &str, field: &str) -> Vec<u8> {
        let mut context = Vec::new();
        for part in [
            &key.resource,
            &key.namespace,
            &key.name,
            uid,
            field,
            &self.key.id,
        ] {
            context.extend_from_slice(&(part.len() as u64).to_be_bytes());
            context.extend_from_slice(part.as_bytes());
        }
        context
    }

    fn seal(&self, context: &[u8], part: &Value) -> Result<String, StoreError> {
        let mut sealed = vec![0; NONCE];
        getrandom::fill(&mut sealed).map_err(StoreError::Random)?;
        let nonce = XNonce::try_from(sealed.as_slice()).expect("its length is that of a nonce");
        let plain = zeroize::Zeroizing::new(part.to_string());
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: context,
        };
        let encrypted = self.key.cipher.encrypt(&nonce, payload);
        sealed.extend(encrypted.expect("no object comes near the cipher's limit of 256 GiB"));
        Ok(format!("{}{}", self.mark(), STANDARD.encode(sealed)))
    }

    fn open(&self, context: &[u8], text: &str) -> Option<Value> {
        let sealed = STANDARD.decode(text.strip_prefix(&self.mark())?).ok()?;
        let (nonce, encrypted) = sealed.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: encrypted,
            aad: context,
        };
        let plain = self
            .key
            .cipher
            .decrypt(&XNonce::try_from(nonce).ok()?, payload)
            .ok()?;
        serde_json::from_slice(&zeroize::Zeroizing::new(plain)).ok()
    }

    /// Which key opens the value, so that a store can be given a new key value by value.
    fn mark(&self) -> String {
        format!("sealed:{}:", self.key.id)
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

fn corrupt(key: &ObjectKey, what: &str) -> StoreError {
    StoreError::Corrupt {
        key: key.clone(),
        what: what.to_owned(),
    }
}

//! What was opened lately. The same bytes at the same place open to the same text, so what is read
//! again and again is opened once. How it is opened is left to `seal`.

use super::error::StoreError;
use super::seal::Place;
use super::{ObjectKey, Shape};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// So many bytes of each generation are kept, of which there are two.
const BYTES: usize = 2 << 20;
/// Longer texts are not kept, since reading them costs more than opening them.
const LONGEST: usize = 64 << 10;
/// What was not asked for in so long goes with the next read.
const LATELY: Duration = Duration::from_secs(30);

/// An opened object as JSON text, wiped when nobody needs it any more.
#[derive(Clone)]
pub(crate) struct ObjectText(Arc<Zeroizing<Vec<u8>>>);

impl From<Vec<u8>> for ObjectText {
    fn from(text: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }
}

impl AsRef<[u8]> for ObjectText {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Deref for ObjectText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The texts of two generations: the young one becomes the old one when it is full or has lasted, and
/// what is asked for meanwhile becomes young again.
#[derive(Default)]
pub(super) struct Opened(Mutex<[Generation; 2]>);

impl Opened {
    /// The text of these bytes: the one from last time, or what `open` makes of them.
    pub(super) fn text(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        shape: &Arc<Shape>,
        open: impl FnOnce() -> Result<Vec<u8>, StoreError>,
    ) -> Result<ObjectText, StoreError> {
        if let Some(text) = self.find(place, bytes, shape) {
            return Ok(text);
        }
        let text = ObjectText::from(open()?);
        if text.len() <= LONGEST {
            self.keep(
                place.version,
                Entry {
                    key: place.key.clone(),
                    bytes: bytes.into(),
                    shape: Arc::clone(shape),
                    text: text.clone(),
                },
            );
        }
        Ok(text)
    }

    /// Lets go of what has not been asked for lately.
    pub(super) fn age(&self) {
        let mut generations = self.generations();
        let [young, old] = &mut *generations;
        if young.bytes > BYTES || young.begun.elapsed() > LATELY {
            *old = std::mem::take(young);
        }
    }

    fn find(&self, place: Place<'_>, bytes: &[u8], shape: &Shape) -> Option<ObjectText> {
        self.age();
        let mut generations = self.generations();
        let [young, old] = &mut *generations;
        let is_it = |entry: &Entry| {
            entry.key == *place.key && *entry.bytes == *bytes && *entry.shape == *shape
        };
        if let Some(entry) = young.at(place.version).iter().find(|entry| is_it(entry)) {
            return Some(entry.text.clone());
        }
        let entries = old.entries.get_mut(&place.version)?;
        let entry = entries.swap_remove(entries.iter().position(is_it)?);
        let text = entry.text.clone();
        young.put(place.version, entry);
        Some(text)
    }

    fn keep(&self, version: u64, entry: Entry) {
        self.generations()[0].put(version, entry);
    }

    fn generations(&self) -> MutexGuard<'_, [Generation; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Generation {
    begun: Instant,
    /// By version, which is that of one object; there is one for each shape.
    entries: HashMap<u64, Vec<Entry>>,
    /// Of the entries, about.
    bytes: usize,
}

impl Default for Generation {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            entries: HashMap::new(),
            bytes: 0,
        }
    }
}

impl Generation {
    fn at(&self, version: u64) -> &[Entry] {
        self.entries.get(&version).map_or(&[], Vec::as_slice)
    }

    fn put(&mut self, version: u64, entry: Entry) {
        self.bytes += entry.bytes.len() + entry.text.len() + size_of::<Entry>();
        self.entries.entry(version).or_default().push(entry);
    }
}

struct Entry {
    key: ObjectKey,
    /// As they are stored, sealed.
    bytes: Box<[u8]>,
    shape: Arc<Shape>,
    text: ObjectText,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Kept;

    fn shape(first: &str) -> Arc<Shape> {
        Arc::new(Shape {
            first: first.to_owned(),
            kept: Kept::AllBut(&[]),
            unfolded: "",
        })
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            resource: "/secrets".to_owned(),
            namespace: "a".to_owned(),
            name: name.to_owned(),
        }
    }

    /// What is answered, and whether it had to be opened.
    fn read(opened: &Opened, name: &str, version: u64, bytes: &str, first: &str) -> (String, bool) {
        let key = key(name);
        let place = Place { key: &key, version };
        let mut is_new = false;
        let text = opened.text(place, bytes.as_bytes(), &shape(first), || {
            is_new = true;
            Ok(format!("{first}{name}:{bytes}").into_bytes())
        });
        let text = text.expect("it opens");
        (String::from_utf8(text.to_vec()).expect("text"), is_new)
    }

    #[test]
    fn the_same_is_opened_once_and_anything_else_again() {
        let opened = Opened::default();
        assert_eq!(read(&opened, "n", 1, "x", "s"), ("sn:x".to_owned(), true));
        assert_eq!(read(&opened, "n", 1, "x", "s"), ("sn:x".to_owned(), false));
        for (name, version, bytes, first) in [
            ("m", 1, "x", "s"),
            ("n", 2, "x", "s"),
            ("n", 1, "y", "s"),
            ("n", 1, "x", "t"),
        ] {
            let expected = (format!("{first}{name}:{bytes}"), true);
            assert_eq!(read(&opened, name, version, bytes, first), expected);
        }
        assert_eq!(read(&opened, "n", 1, "x", "s"), ("sn:x".to_owned(), false));
    }

    #[test]
    fn what_is_asked_for_again_is_kept_and_memory_is_bounded() {
        let opened = Opened::default();
        let long = "x".repeat(LONGEST / 4);
        read(&opened, "often", 0, "x", "");
        for version in 1..1000 {
            read(&opened, "once", version, &long, "");
            assert!(!read(&opened, "often", 0, "x", "").1);
        }
        assert!(read(&opened, "once", 1, &long, "").1);
        let generations = opened.0.lock().expect("a lock");
        let bytes: usize = generations.iter().map(|one| one.bytes).sum();
        assert!(bytes < 2 * (BYTES + 2 * LONGEST), "{bytes}");
    }

    #[test]
    fn what_is_long_is_not_kept() {
        let opened = Opened::default();
        let long = "x".repeat(LONGEST);
        assert!(read(&opened, "n", 1, &long, "").1);
        assert!(read(&opened, "n", 1, &long, "").1);
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let opened = Opened::default();
        let key = key("n");
        let place = Place {
            key: &key,
            version: 1,
        };
        for _ in 0..2 {
            let failed = opened.text(place, b"x", &shape(""), || Err(StoreError::Closed));
            assert!(failed.is_err());
        }
    }
}

//! Bringing a `storage-config` up to the wanted entries: what to write and remove, and which
//! connections stay without an entry and why. Entries that Bowline did not write are never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Mode, owner, remembered};
use crate::names;
use crate::ownership::Owner;
use crate::secret::Secret;
use crate::sensitive::Sensitive;

/// Kubernetes' limit for all values of a Secret.
const MAX_DATA: usize = 1024 * 1024;
/// Kubernetes' limit for all annotations of an object, keys and values.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// What to do with a `storage-config`.
#[derive(Debug, Clone)]
pub struct Merge {
    /// What to do.
    pub change: Change,
    /// Connections that stay without an entry of ours, and why.
    pub missing: BTreeMap<String, Missing>,
}

/// What to do with the Secret.
#[derive(Debug, Clone)]
pub enum Change {
    /// It is as it should be, or not ours to change.
    None,
    /// There is none: it is made with these entries.
    Create(Update),
    /// It is changed.
    Update(Update),
    /// It is ours and holds nothing any more.
    Delete,
}

/// The entries to write and remove, and the marks that the Secret carries afterwards.
#[derive(Debug, Clone)]
pub struct Update {
    /// Entries to write.
    pub set: BTreeMap<String, Sensitive>,
    /// Entries to remove.
    pub remove: BTreeSet<String>,
    /// Text of the annotation [`names::ENTRIES`]; `None` when no entry is ours.
    pub entries: Option<String>,
    /// Whether it carries our label.
    pub is_ours: bool,
}

/// Why a connection has no entry of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The whole `storage-config` is somebody else's, and has no usable entry either.
    NotOurs(Owner),
    /// Somebody else wrote an entry of the same name.
    Occupied,
    /// It does not fit any more; an older state of it may still be there.
    TooLarge,
}

impl Missing {
    /// The reason of a condition.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotOurs(_) => "NotOurs",
            Self::Occupied => "EntryNotOurs",
            Self::TooLarge => "TooLarge",
        }
    }
}

/// A clause, without a full stop.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(owner) => write!(f, "`{}` {owner} and is left alone", super::NAME),
            Self::Occupied => write!(
                f,
                "the entry in `{}` was written by somebody else and is left alone",
                super::NAME
            ),
            Self::TooLarge => write!(f, "`{}` is full", super::NAME),
        }
    }
}

/// Decides what to do, given what there is and the entries by connection.
///
/// Merging twice is merging once: [`Change::None`] follows once the change is carried out.
pub fn merge(existing: Option<&Secret>, wanted: &BTreeMap<String, Sensitive>, mode: Mode) -> Merge {
    let none = |missing| Merge {
        change: Change::None,
        missing,
    };
    if mode == Mode::Off {
        return none(BTreeMap::new());
    }
    let Some(existing) = existing else {
        return Draft::new(&BTreeMap::new(), 0).write(wanted).create();
    };
    let owner = owner(existing);
    if !mode.may_write(owner) {
        let has_none = |name: &&String| !existing.value(name).is_some_and(is_usable);
        let missing = wanted.keys().filter(has_none);
        return none(
            missing
                .map(|name| (name.clone(), Missing::NotOurs(owner)))
                .collect(),
        );
    }
    let annotations = existing.annotations.iter();
    let others = annotations
        .filter(|(key, _)| *key != names::ENTRIES)
        .map(|(key, value)| key.len() + value.len())
        .sum();
    let mut draft = Draft::new(&existing.data, others);
    draft.ours = remembered(existing)
        .into_iter()
        .filter(|name| existing.data.contains_key(*name))
        .collect();
    if owner == Owner::OpenShiftAi {
        let theirs = wanted.keys().map(String::as_str);
        draft
            .ours
            .extend(theirs.filter(|name| existing.data.contains_key(*name)));
    }
    draft.write(wanted).update(existing, wanted.is_empty())
}

/// Whether KServe can use an entry, as far as its type tells. OpenShift AI's controller writes
/// entries without one for connections that lack its oldest annotation.
pub fn is_usable(entry: &Sensitive) -> bool {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        r#type: &'a str,
    }
    let parsed: Result<Typed<'_>, _> = serde_json::from_slice(entry.expose());
    parsed.is_ok_and(|entry| entry.r#type == "s3")
}

/// The Secret as it will be, while entries are placed one by one.
struct Draft<'a> {
    data: &'a BTreeMap<String, Sensitive>,
    /// Entries that are ours: before, and in the end afterwards.
    ours: BTreeSet<&'a str>,
    /// Bytes of all values.
    size: usize,
    /// Bytes of all annotations but the names of entries.
    annotations: usize,
    set: BTreeMap<String, Sensitive>,
    remove: BTreeSet<String>,
    missing: BTreeMap<String, Missing>,
}

impl<'a> Draft<'a> {
    fn new(data: &'a BTreeMap<String, Sensitive>, annotations: usize) -> Self {
        Self {
            data,
            ours: BTreeSet::new(),
            size: data.values().map(Sensitive::len).sum(),
            annotations: annotations + names::ENTRIES.len(),
            set: BTreeMap::new(),
            remove: BTreeSet::new(),
            missing: BTreeMap::new(),
        }
    }

    /// Removes first, then shrinks, then grows, then adds: what does not fit now would not fit on
    /// a second try either, and no connection loses its entry to another one.
    fn write(mut self, wanted: &'a BTreeMap<String, Sensitive>) -> Self {
        let data = self.data;
        let (kept, gone): (BTreeSet<_>, BTreeSet<_>) = std::mem::take(&mut self.ours)
            .into_iter()
            .partition(|name| wanted.contains_key(*name));
        self.ours = kept;
        for name in gone {
            self.size -= data[name].len();
            self.remove.insert(name.to_owned());
        }
        let length = |name: &str| data.get(name).map_or(0, Sensitive::len);
        let mut order: Vec<_> = wanted.iter().collect();
        order.sort_by_key(|(name, entry)| {
            let is_new = !self.ours.contains(name.as_str());
            (is_new, entry.len() > length(name))
        });
        let mut names: usize = self.ours.iter().map(|name| name.len() + 1).sum();
        for (name, entry) in order {
            let old = data.get(name);
            let is_ours = self.ours.contains(name.as_str());
            if !is_ours && old.is_some() {
                self.missing.insert(name.clone(), Missing::Occupied);
                continue;
            }
            if old.is_some_and(|old| old.expose() == entry.expose()) {
                continue;
            }
            let size = self.size - length(name) + entry.len();
            let named = names + if is_ours { 0 } else { name.len() + 1 };
            let fits = size <= MAX_DATA && self.annotations + named <= MAX_ANNOTATIONS;
            if !fits && size > self.size {
                self.missing.insert(name.clone(), Missing::TooLarge);
                continue;
            }
            (self.size, names) = (size, named);
            self.ours.insert(name);
            self.set.insert(name.clone(), entry.clone());
        }
        self
    }

    fn entries(&self) -> Option<String> {
        let names: Vec<&str> = self.ours.iter().copied().collect();
        (!names.is_empty()).then(|| names.join(","))
    }

    fn create(self) -> Merge {
        let update = Update {
            entries: self.entries(),
            set: self.set,
            remove: BTreeSet::new(),
            is_ours: true,
        };
        let change = match update.set.is_empty() {
            true => Change::None,
            false => Change::Create(update),
        };
        let missing = self.missing;
        Merge { change, missing }
    }

    fn update(self, existing: &Secret, is_over: bool) -> Merge {
        let has_label = |key: &str, value| existing.labels.get(key).is_some_and(|v| v == value);
        // An adopted Secret is given back with its last entry, one that we made is deleted.
        let is_adopted = has_label(names::MANAGED_LABEL, "true");
        let entries = self.entries();
        let is_ours = !is_adopted || !is_over;
        let is_empty = self.data.len() == self.remove.len() && self.set.is_empty();
        let is_same = self.set.is_empty()
            && self.remove.is_empty()
            && entries.as_deref() == existing.annotation(names::ENTRIES)
            && is_ours == has_label(names::MANAGED_BY.0, names::MANAGED_BY.1);
        let update = Update {
            set: self.set,
            remove: self.remove,
            entries,
            is_ours,
        };
        let change = match (is_empty && !is_adopted, is_same) {
            (true, _) => Change::Delete,
            (false, true) => Change::None,
            (false, false) => Change::Update(update),
        };
        let missing = self.missing;
        Merge { change, missing }
    }
}

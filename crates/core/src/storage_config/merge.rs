//! Bringing a `storage-config` up to the wanted entries: what to write and remove, and which
//! connections stay without an entry and why. Entries that Bowline did not write are never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

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
        return create(wanted);
    };
    let owner = owner(existing);
    if !mode.may_write(owner) {
        let has_none = |name: &&String| !existing.value(name).is_some_and(is_usable);
        let missing = wanted.keys().filter(has_none);
        return none(
            missing
                .map(|n| (n.clone(), Missing::NotOurs(owner)))
                .collect(),
        );
    }
    let is_adopted = owner == Owner::OpenShiftAi;
    if is_adopted && wanted.is_empty() {
        return none(BTreeMap::new());
    }
    update(existing, wanted, is_adopted)
}

/// Whether KServe can use an entry, as far as its type tells. OpenShift AI's controller writes
/// entries without one for connections that lack its oldest annotation.
pub fn is_usable(entry: &Sensitive) -> bool {
    let parsed: Option<Value> = serde_json::from_slice(entry.expose()).ok();
    parsed.is_some_and(|json| json.get("type").and_then(Value::as_str) == Some("s3"))
}

fn create(wanted: &BTreeMap<String, Sensitive>) -> Merge {
    let mut draft = Draft::default();
    for (name, entry) in wanted {
        draft.place(name, entry, None);
    }
    let update = draft.update();
    let change = if update.set.is_empty() {
        Change::None
    } else {
        Change::Create(update)
    };
    Merge {
        change,
        missing: draft.missing,
    }
}

fn update(existing: &Secret, wanted: &BTreeMap<String, Sensitive>, is_adopted: bool) -> Merge {
    let ours = remembered(existing);
    let mut draft = Draft {
        size: existing.data.values().map(Sensitive::len).sum(),
        ..Draft::default()
    };
    for name in ours.iter().filter(|name| !wanted.contains_key(**name)) {
        if let Some(entry) = existing.value(name) {
            draft.size -= entry.len();
            draft.remove.insert((*name).to_owned());
        }
    }
    for (name, entry) in wanted {
        let old = existing.value(name);
        let is_foreign = old.is_some() && !ours.contains(name.as_str()) && !is_adopted;
        if !is_foreign {
            draft.place(name, entry, old);
        } else if old.is_some_and(|old| old.expose() != entry.expose()) {
            draft.missing.insert(name.clone(), Missing::Occupied);
        }
    }
    let update = draft.update();
    let is_empty = update.set.is_empty()
        && existing
            .data
            .keys()
            .all(|name| update.remove.contains(name));
    let is_as_it_should_be = update.set.is_empty()
        && update.remove.is_empty()
        && update.entries.as_deref() == existing.annotation(names::ENTRIES)
        && !is_adopted;
    let change = match (is_empty, is_as_it_should_be) {
        (true, _) => Change::Delete,
        (_, true) => Change::None,
        _ => Change::Update(update),
    };
    Merge {
        change,
        missing: draft.missing,
    }
}

/// A change in the making.
#[derive(Default)]
struct Draft {
    set: BTreeMap<String, Sensitive>,
    remove: BTreeSet<String>,
    /// Entries that are ours afterwards.
    ours: BTreeSet<String>,
    missing: BTreeMap<String, Missing>,
    /// Bytes of all values, and of the names that are ours.
    size: usize,
    names: usize,
}

impl Draft {
    /// Writes an entry, if it fits; else what is there stays.
    fn place(&mut self, name: &str, entry: &Sensitive, old: Option<&Sensitive>) {
        let size = self.size - old.map_or(0, Sensitive::len) + entry.len();
        let names = self.names + name.len() + 1;
        let fits = size <= MAX_DATA && names <= MAX_ANNOTATIONS / 2;
        if !fits {
            self.missing.insert(name.to_owned(), Missing::TooLarge);
        }
        if fits || old.is_some() {
            self.ours.insert(name.to_owned());
            self.names = names;
        }
        if fits && old.is_none_or(|old| old.expose() != entry.expose()) {
            self.size = size;
            self.set.insert(name.to_owned(), entry.clone());
        }
    }

    fn update(&self) -> Update {
        let names: Vec<&str> = self.ours.iter().map(String::as_str).collect();
        Update {
            set: self.set.clone(),
            remove: self.remove.clone(),
            entries: (!names.is_empty()).then(|| names.join(",")),
        }
    }
}

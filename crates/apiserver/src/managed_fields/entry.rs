//! Who owns what of an object: `metadata.managedFields`, one entry per manager and way of writing.

use super::set::FieldSet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// So many entries of updates are kept; the oldest beyond are merged.
const UPDATES: usize = 10;
/// Who owns what the oldest updates wrote.
const ANCIENT: &str = "ancient-changes";
const FIELDS_TYPE: &str = "FieldsV1";

/// How a manager wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Operation {
    /// By server-side apply.
    Apply,
    /// In any other way.
    Update,
}

/// What one manager owns by one way of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    fields_type: String,
    #[serde(rename = "fieldsV1", default)]
    pub(super) fields: FieldSet,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) subresource: String,
}

/// Somebody who writes an object.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    /// By which name.
    pub(crate) manager: String,
    /// In which version.
    pub(crate) api_version: String,
    /// Through which subresource; empty for the object itself.
    pub(crate) subresource: String,
    /// When.
    pub(crate) now: String,
}

impl Writer {
    pub(super) fn entry(&self, operation: Operation, fields: FieldSet) -> Entry {
        Entry {
            manager: self.manager.clone(),
            operation,
            api_version: self.api_version.clone(),
            time: Some(self.now.clone()),
            fields_type: FIELDS_TYPE.to_owned(),
            fields,
            subresource: self.subresource.clone(),
        }
    }
}

impl Entry {
    /// Whether both are of the same manager, writing in the same way.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same_version = self.api_version == other.api_version;
        self.operation == other.operation
            && self.manager == other.manager
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || same_version)
    }
}

/// Every entry of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Managed {
    pub(super) entries: Vec<Entry>,
}

impl Managed {
    /// The same entries without their times, and in an order that does not come of them.
    pub(crate) fn timeless(mut self) -> Self {
        for entry in &mut self.entries {
            entry.time = None;
        }
        self.entries.sort_by_cached_key(|entry| {
            let texts = [&entry.manager, &entry.api_version, &entry.subresource];
            (entry.operation, texts.map(String::clone))
        });
        self
    }

    /// What an object says, be it folded or not; none where it cannot be understood.
    pub(crate) fn read(entries: &Value) -> Option<Self> {
        let entries: Vec<Entry> = match entries {
            Value::String(folded) => serde_json::from_str(folded).ok()?,
            list => Vec::deserialize(list).ok()?,
        };
        let is_known =
            |entry: &Entry| entry.fields_type == FIELDS_TYPE && !entry.api_version.is_empty();
        entries.iter().all(is_known).then_some(Self { entries })
    }

    /// The form in which objects carry it within the server: one text, which takes little room and
    /// is not looked into where nobody asks. Nothing where there are no entries.
    pub(crate) fn fold(mut self) -> Option<Value> {
        self.entries.retain(|entry| !entry.fields.is_empty());
        self.entries
            .sort_by(|one, other| order(one).cmp(&order(other)));
        if self.entries.is_empty() {
            return None;
        }
        serde_json::to_string(&self.entries).ok().map(Value::String)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What all of them own together.
    pub(super) fn all(&self) -> FieldSet {
        FieldSet::union_of(self.entries.iter().map(|e| e.fields.clone()).collect())
    }

    /// Puts an entry in place of the one of the same manager.
    pub(super) fn put(&mut self, entry: Entry) {
        self.entries.retain(|known| !known.is_like(&entry));
        self.entries.push(entry);
    }

    /// Merges the oldest updates where there are too many.
    pub(super) fn limit_updates(&mut self) {
        self.entries
            .sort_by(|one, other| order(one).cmp(&order(other)));
        let is_update = |entry: &&Entry| entry.operation == Operation::Update;
        let mut surplus = self
            .entries
            .iter()
            .filter(is_update)
            .count()
            .saturating_sub(UPDATES);
        let mut place = 0;
        while surplus > 0 && place < self.entries.len() {
            if self.entries[place].operation == Operation::Update {
                surplus -= self.merge_newer(place, surplus);
            }
            place += 1;
        }
    }

    /// Merges into an entry those behind it of its version, at most so many; how many there were.
    fn merge_newer(&mut self, place: usize, most: usize) -> usize {
        let version = self.entries[place].api_version.clone();
        let mut count = 0;
        let newer = self.entries.extract_if(place + 1.., |entry| {
            let is_merged = count < most && entry.api_version == version;
            count += usize::from(is_merged);
            is_merged
        });
        let newer: Vec<Entry> = newer.collect();
        let older = &mut self.entries[place];
        if let Some(newest) = newer.last() {
            older.time.clone_from(&newest.time);
            ANCIENT.clone_into(&mut older.manager);
            older.subresource.clear();
            let sets = newer.into_iter().map(|entry| entry.fields);
            let own = std::mem::take(&mut older.fields);
            older.fields = FieldSet::union_of(sets.chain([own]).collect());
        }
        count
    }
}

/// The order in which clients see entries.
fn order(entry: &Entry) -> (Operation, &str, &str, &str, &str) {
    let time = entry.time.as_deref().unwrap_or_default();
    (
        entry.operation,
        time,
        &entry.manager,
        &entry.api_version,
        &entry.subresource,
    )
}

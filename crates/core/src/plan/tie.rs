//! Writing into a workload and taking it back: every write leaves a line in the record, and
//! `untie` reads those lines backwards. Which values to write is left to `env_from` and `serving`.

use serde_json::{Map, Value};

use super::path::Path;
use super::record::{FieldSet, ItemAdded, Made, Record, Tied, Written, may_write};

/// A workload being written to on behalf of one connection.
pub(crate) struct Knot<'a> {
    pub(crate) object: &'a mut Value,
    pub(crate) made: &'a mut Vec<Made>,
    /// Where items stood that were taken back a moment ago; they return to their places, since the
    /// order of sources has a meaning and moving one would restart pods.
    pub(crate) places: &'a [Place],
    pub(crate) tied: Tied,
}

/// Where an item of ours stood in a list.
pub(crate) struct Place {
    pub(crate) list: String,
    pub(crate) value: Value,
    pub(crate) index: usize,
}

/// What [`Knot::set`] found at the place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Was {
    /// Nothing, null or an empty text.
    Unset,
    /// The wanted value already.
    Same,
    /// Another value of the user's, now replaced and remembered.
    Replaced,
}

impl Knot<'_> {
    /// Sets a field, remembering what it replaces.
    pub(crate) fn set(&mut self, at: &Path, value: Value) -> Was {
        let before = at.get(self.object).cloned();
        if before.as_ref() == Some(&value) {
            return Was::Same;
        }
        let was_unset = is_unset(before.as_ref());
        if let Some(parent) = at.parent() {
            self.ensure(&parent, Value::Object(Map::new()));
        }
        let Some(holder) = at.holder_mut(self.object) else {
            return Was::Same;
        };
        let Some(key) = at.last_key() else {
            return Was::Same;
        };
        holder.insert(key.to_owned(), value.clone());
        self.tied.fields.push(FieldSet {
            at: at.text(),
            value,
            was: before,
        });
        if was_unset { Was::Unset } else { Was::Replaced }
    }

    /// Sets a field that has no value yet; a value of the user's stays.
    pub(crate) fn set_if_unset(&mut self, at: &Path, value: Value) -> bool {
        let is_free = is_unset(at.get(self.object));
        if is_free {
            self.set(at, value);
        }
        is_free
    }

    /// Appends an item unless `is_same` finds it in the list already.
    pub(crate) fn append(&mut self, list: &Path, item: Value, is_same: impl Fn(&Value) -> bool) {
        self.ensure(list, Value::Array(Vec::new()));
        let Some(items) = list.get_mut(self.object).and_then(Value::as_array_mut) else {
            return;
        };
        if items.iter().any(is_same) {
            return;
        }
        let is_here = |place: &&Place| place.value == item && place.list == list.text();
        let index = self
            .places
            .iter()
            .find(is_here)
            .map_or(items.len(), |place| place.index);
        items.insert(index.min(items.len()), item.clone());
        self.tied.items.push(ItemAdded {
            list: list.text(),
            value: item,
        });
    }

    /// Puts back what an earlier record says, for a connection that cannot be read now.
    pub(crate) fn restore(&mut self, earlier: &Tied) {
        for field in &earlier.fields {
            let Some(at) = writable(&field.at, Written::Field) else {
                continue;
            };
            let current = at.get(self.object);
            if is_unset(current) || current == field.was.as_ref() {
                self.set(&at, field.value.clone());
            }
        }
        for item in &earlier.items {
            if let Some(list) = writable(&item.list, Written::Item) {
                self.append(&list, item.value.clone(), |other| *other == item.value);
            }
        }
        self.tied.protocol.clone_from(&earlier.protocol);
        self.tied.own_account = earlier.own_account;
    }

    /// Makes the value at a path, and the objects above it, where they are absent or null.
    fn ensure(&mut self, at: &Path, empty: Value) {
        let Some(key) = at.last_key() else { return };
        if at.holder_mut(self.object).is_none()
            && let Some(parent) = at.parent()
        {
            self.ensure(&parent, Value::Object(Map::new()));
        }
        let Some(holder) = at.holder_mut(self.object) else {
            return;
        };
        let was_null = match holder.get(key) {
            None => false,
            Some(Value::Null) => true,
            Some(_) => return,
        };
        holder.insert(key.to_owned(), empty);
        self.made.push(Made {
            at: at.text(),
            was_null,
        });
    }
}

/// Takes away what a record says was injected, where it still stands as it was written, and says
/// where list items stood.
pub(crate) fn untie(object: &mut Value, record: &Record) -> Vec<Place> {
    let mut places = Vec::new();
    for tied in record.connections.iter().rev() {
        for item in tied.items.iter().rev() {
            places.extend(remove_item(object, item));
        }
        for field in tied.fields.iter().rev() {
            take_back(object, field);
        }
    }
    for made in record.made.iter().rev() {
        unmake(object, made);
    }
    places
}

fn take_back(object: &mut Value, field: &FieldSet) {
    let Some(at) = writable(&field.at, Written::Field) else {
        return;
    };
    if at.get(object) != Some(&field.value) {
        return; // The user has written something else since; it is theirs.
    }
    let (Some(holder), Some(key)) = (at.holder_mut(object), at.last_key()) else {
        return;
    };
    match &field.was {
        Some(was) => holder.insert(key.to_owned(), was.clone()),
        None => holder.shift_remove(key),
    };
}

fn remove_item(object: &mut Value, item: &ItemAdded) -> Option<Place> {
    let items = writable(&item.list, Written::Item)?
        .get_mut(object)?
        .as_array_mut()?;
    // Ours was appended, so where the user has written the same item too, the last one is ours.
    let index = items.iter().rposition(|other| *other == item.value)?;
    items.remove(index);
    Some(Place {
        list: item.list.clone(),
        value: item.value.clone(),
        index,
    })
}

fn unmake(object: &mut Value, made: &Made) {
    let Some(at) = writable(&made.at, Written::Parent) else {
        return;
    };
    let is_empty = match at.get(object) {
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        _ => false,
    };
    let (true, Some(key)) = (is_empty, at.last_key().map(str::to_owned)) else {
        return;
    };
    let Some(holder) = at.holder_mut(object) else {
        return;
    };
    if made.was_null {
        holder.insert(key, Value::Null);
    } else {
        holder.shift_remove(&key);
    }
}

fn writable(text: &str, what: Written) -> Option<Path> {
    Path::parse(text).filter(|path| may_write(path, what))
}

/// Whether a field counts as not given: absent, null or an empty text.
pub(crate) fn is_unset(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

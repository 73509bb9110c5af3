//! Which objects say that they are owned, and by whom. Only those are remembered.

use crate::store::ObjectKey;
use std::collections::{BTreeSet, HashMap};

#[derive(Default)]
pub(super) struct Index {
    /// The `uid`s of an object's owners.
    owners: HashMap<ObjectKey, Vec<String>>,
    /// Who says that the object with this `uid` owns them.
    dependents: HashMap<String, BTreeSet<ObjectKey>>,
    /// The objects, by `uid`, that go once their dependents are gone.
    waiting: HashMap<String, ObjectKey>,
    /// Whether everything that was stored before is in here.
    pub(super) is_complete: bool,
}

impl Index {
    /// Remembers who owns an object.
    pub(super) fn set(&mut self, key: &ObjectKey, owners: Vec<String>) {
        if self.owners.get(key).map_or(&[][..], Vec::as_slice) == owners {
            return;
        }
        self.remove(key);
        for owner in &owners {
            let dependents = self.dependents.entry(owner.clone()).or_default();
            dependents.insert(key.clone());
        }
        if !owners.is_empty() {
            self.owners.insert(key.clone(), owners);
        }
    }

    /// Remembers who owned an object when it was read, where no change of it has been told since.
    pub(super) fn add(&mut self, key: &ObjectKey, owners: Vec<String>) {
        if !self.owners.contains_key(key) {
            self.set(key, owners);
        }
    }

    /// Forgets an object, and returns who owned it.
    pub(super) fn remove(&mut self, key: &ObjectKey) -> Vec<String> {
        let owners = self.owners.remove(key).unwrap_or_default();
        for owner in &owners {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(key);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        owners
    }

    /// Who says that the object with this `uid` owns them.
    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = &ObjectKey> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// Remembers that an object waits for its dependents.
    pub(super) fn wait(&mut self, uid: &str, key: ObjectKey) {
        self.waiting.insert(uid.to_owned(), key);
    }

    /// The object with this `uid`, where it waits for its dependents.
    pub(super) fn waiting(&self, uid: &str) -> Option<ObjectKey> {
        self.waiting.get(uid).cloned()
    }

    /// Forgets that an object waits.
    pub(super) fn stop_waiting(&mut self, uid: &str) {
        self.waiting.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            resource: "/secrets".to_owned(),
            namespace: "a".to_owned(),
            name: name.to_owned(),
        }
    }

    fn uids(all: &[&str]) -> Vec<String> {
        all.iter().map(|uid| (*uid).to_owned()).collect()
    }

    fn of<'a>(index: &'a Index, uid: &str) -> Vec<&'a str> {
        index.dependents(uid).map(|key| key.name.as_str()).collect()
    }

    #[test]
    fn an_object_is_found_by_each_of_its_owners() {
        let mut index = Index::default();
        index.set(&key("x"), uids(&["1", "2"]));
        index.set(&key("y"), uids(&["2"]));
        assert_eq!(
            (of(&index, "1"), of(&index, "2")),
            (vec!["x"], vec!["x", "y"])
        );
    }

    #[test]
    fn nothing_is_left_of_owners_and_objects_that_are_gone() {
        let mut index = Index::default();
        index.set(&key("x"), uids(&["1", "2"]));
        index.set(&key("x"), uids(&["2"]));
        assert_eq!((of(&index, "1").len(), of(&index, "2")), (0, vec!["x"]));
        assert_eq!(index.remove(&key("x")), uids(&["2"]));
        assert!(index.owners.is_empty() && index.dependents.is_empty());
    }
}

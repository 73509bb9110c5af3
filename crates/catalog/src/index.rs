//! Connections and who uses them, in memory: kept true one object at a time, and asked without
//! looking at everything. Where the objects come from is left to `view`.

mod cursor;
mod object;
mod query;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

pub use object::{Object, ObjectRef, Owner};
pub use query::{BadQuery, Filter, MAX_PAGE, Order, Page, Query, Sort, Standing};

use crate::references::{How, Use};
use crate::row::Row;

/// Longest chain of owners that is climbed; real ones are three long.
const MAX_OWNERS: usize = 8;

/// Namespace and name of a Secret.
type Name = (String, String);

/// An object that uses a connection, once for all that it owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Which object.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Who owns it, where that is no kind that is looked at; such as "Workflow `nightly`".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
    /// Where it says so; or what it owns does, if it does not itself.
    pub places: Vec<Place>,
}

impl User {
    /// Whether it needs the connection: copies and the like that go by themselves do not.
    pub fn is_needing(&self) -> bool {
        self.places.iter().any(|place| !place.is_derived)
    }
}

/// Where a user says that it uses a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The field.
    pub at: String,
    /// What for.
    pub how: How,
    /// The object that has the field, where that is one that the user owns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<ObjectRef>,
    /// Whether it goes by itself when the connection goes.
    pub is_derived: bool,
}

/// A connection and its users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Namespace of the connection.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who uses it.
    pub users: Vec<User>,
}

/// Connections, candidates, and the objects that use Secrets.
#[derive(Debug, Default)]
pub struct Index {
    rows: BTreeMap<Name, Listed>,
    objects: HashMap<ObjectRef, Object>,
    uids: HashMap<String, ObjectRef>,
    /// Who names a Secret, by its namespace and name.
    users: HashMap<String, HashMap<String, Naming>>,
    /// Whether users are counted in rows.
    is_counting: bool,
}

/// Who names a Secret.
#[derive(Debug, Default)]
struct Naming {
    /// The objects that do so themselves.
    objects: BTreeSet<ObjectRef>,
    /// How many places of theirs need it; copies and the like that go by themselves do not.
    needing: usize,
}

/// A row, made ready for searching and sorting.
#[derive(Debug)]
struct Listed {
    row: Row,
    /// Name, display name and description, a line each, in lower case.
    text: String,
    /// Where in the text the display name is.
    display_name: std::ops::Range<usize>,
}

impl Listed {
    fn new(row: Row) -> Self {
        let mut text = row.name.to_lowercase();
        text.push('\n');
        let start = text.len();
        text.push_str(&row.display_name.to_lowercase());
        let display_name = start..text.len();
        text.push('\n');
        text.push_str(
            &row.description
                .as_deref()
                .unwrap_or_default()
                .to_lowercase(),
        );
        Self {
            row,
            text,
            display_name,
        }
    }
}

impl Index {
    /// An index in which rows say how many users they have.
    pub fn counting() -> Self {
        Self {
            is_counting: true,
            ..Self::default()
        }
    }

    /// Takes in a row as it is now.
    pub fn upsert_row(&mut self, row: Row) {
        let name = (row.namespace.clone(), row.name.clone());
        self.rows.insert(name, Listed::new(row));
    }

    /// Takes out the row of a Secret that is gone, or no longer looks like a connection.
    pub fn remove_row(&mut self, namespace: &str, name: &str) {
        self.rows.remove(&(namespace.to_owned(), name.to_owned()));
    }

    /// Takes in an object as it is now, with all that it uses.
    pub fn upsert_object(&mut self, object: Object) {
        self.remove_object(&object.reference);
        if object.is_of_no_interest() {
            return;
        }
        let reference = object.reference.clone();
        let users = self.users.entry(reference.namespace.clone()).or_default();
        for used in &object.uses {
            let naming = users.entry(used.secret.clone()).or_default();
            naming.objects.insert(reference.clone());
            naming.needing += usize::from(!used.is_derived);
        }
        if !object.uid.is_empty() {
            self.uids.insert(object.uid.clone(), reference.clone());
        }
        self.objects.insert(reference, object);
    }

    /// Takes out an object that is gone.
    pub fn remove_object(&mut self, reference: &ObjectRef) {
        let Some(object) = self.objects.remove(reference) else {
            return;
        };
        if self.uids.get(&object.uid) == Some(reference) {
            self.uids.remove(&object.uid);
        }
        let Some(secrets) = self.users.get_mut(&reference.namespace) else {
            return;
        };
        for used in object.uses {
            if let Some(naming) = secrets.get_mut(&used.secret) {
                naming.objects.remove(reference);
                naming.needing -= usize::from(!used.is_derived);
                if naming.objects.is_empty() {
                    secrets.remove(&used.secret);
                }
            }
        }
        if secrets.is_empty() {
            self.users.remove(&reference.namespace);
        }
    }

    /// The objects that name a Secret themselves.
    fn naming_themselves(&self, namespace: &str, name: &str) -> impl Iterator<Item = &Object> {
        let objects = self.naming_of(namespace, name).map(|it| &it.objects);
        let objects = objects.into_iter().flatten();
        objects.filter_map(|reference| self.objects.get(reference))
    }

    fn naming_of(&self, namespace: &str, name: &str) -> Option<&Naming> {
        self.users.get(namespace)?.get(name)
    }

    /// Takes out all rows but these, as after a fresh list.
    pub fn keep_rows(&mut self, kept: &BTreeSet<Name>) {
        self.rows.retain(|name, _| kept.contains(name));
    }

    /// Takes out all objects of a kind but these, as after a fresh list.
    pub fn keep_objects(&mut self, kind: &str, kept: &BTreeSet<ObjectRef>) {
        let is_gone = |object: &&Object| object.title == kind && !kept.contains(&object.reference);
        let gone = self.objects.values().filter(is_gone);
        let gone: Vec<_> = gone.map(|object| object.reference.clone()).collect();
        gone.iter().for_each(|object| self.remove_object(object));
    }

    /// How many rows and users it holds.
    pub(crate) fn size(&self) -> usize {
        self.rows.len() + self.objects.len()
    }

    /// One row, with its users counted.
    pub fn row(&self, namespace: &str, name: &str) -> Option<Row> {
        let listed = self.rows.get(&(namespace.to_owned(), name.to_owned()))?;
        Some(self.counted(listed))
    }

    /// One page of what fits a query.
    ///
    /// # Errors
    /// When the query itself is no good.
    pub fn query(&self, query: &Query) -> Result<Page, BadQuery> {
        query::run(&[self], query)
    }

    /// One page of what fits a query in any of these, none of which has a row of another.
    ///
    /// # Errors
    /// When the query itself is no good.
    pub fn query_all(indices: &[&Self], query: &Query) -> Result<Page, BadQuery> {
        query::run(indices, query)
    }

    /// Whether the rows of several, one after another, are in the order of their names.
    fn are_in_order(indices: &[&Self]) -> bool {
        let ends = indices.iter().map(|index| {
            let first = index.rows.first_key_value()?.0;
            Some((first, index.rows.last_key_value()?.0))
        });
        ends.flatten()
            .is_sorted_by(|(_, last), (first, _)| last < first)
    }

    /// Who uses a Secret, each owner once.
    pub fn users_of(&self, namespace: &str, name: &str) -> Vec<User> {
        let mut tops: BTreeMap<&ObjectRef, Vec<Place>> = BTreeMap::new();
        for object in self.naming_themselves(namespace, name) {
            let top = self.top(object);
            let via = (top.reference != object.reference).then_some(&object.reference);
            let places = object.uses.iter().filter(|used| used.secret == name);
            let places = places.map(|used| place(used, via));
            tops.entry(&top.reference).or_default().extend(places);
        }
        let user = |(reference, places): (&ObjectRef, Vec<Place>)| User {
            object: reference.clone(),
            owned_by: self.objects.get(reference).and_then(Object::stranger),
            places: own_first(places),
        };
        tops.into_iter().map(user).collect()
    }

    /// The objects that name a Secret themselves and need it, without those that an owner made which
    /// is looked at as well: it says what they hold.
    pub(crate) fn naming(&self, namespace: &str, name: &str) -> Vec<&Object> {
        let objects = self.naming_themselves(namespace, name);
        let needs = |object: &&Object| {
            let mut uses = object.uses.iter();
            uses.any(|used| used.secret == name && !used.is_derived)
        };
        let is_top = |object: &&Object| self.top(object).reference == object.reference;
        objects.filter(needs).filter(is_top).collect()
    }

    /// Every connection that has users, and who they are; Secrets that are none are left out.
    pub fn used(&self) -> Vec<Usage> {
        let usage = |(namespace, name): &Name| Usage {
            namespace: namespace.clone(),
            name: name.clone(),
            users: self.users_of(namespace, name),
        };
        let is_used = |(namespace, name): &&Name| self.naming_of(namespace, name).is_some();
        self.rows.keys().filter(is_used).map(usage).collect()
    }

    /// How many rows and how many objects are held.
    pub fn sizes(&self) -> (usize, usize) {
        (self.rows.len(), self.objects.len())
    }

    /// Whether anybody needs a Secret.
    fn is_used(&self, row: &Row) -> bool {
        let naming = self.naming_of(&row.namespace, &row.name);
        naming.is_some_and(|naming| naming.needing > 0)
    }

    fn count_users(&self, row: &Row) -> usize {
        let users = self.users_of(&row.namespace, &row.name);
        users.iter().filter(|user| user.is_needing()).count()
    }

    fn counted(&self, listed: &Listed) -> Row {
        let row = listed.row.clone();
        let used_by = self.is_counting.then(|| self.count_users(&row));
        Row { used_by, ..row }
    }

    /// The owner at the top, as far as it is known.
    fn top<'a>(&'a self, object: &'a Object) -> &'a Object {
        let owner = |object: &&Object| {
            let reference = self.uids.get(&object.owner.as_ref()?.uid)?;
            self.objects.get(reference)
        };
        let chain = std::iter::successors(Some(object), owner);
        chain.take(MAX_OWNERS).last().unwrap_or(object)
    }
}

fn place(used: &Use, via: Option<&ObjectRef>) -> Place {
    Place {
        at: used.at.clone(),
        how: used.how,
        via: via.cloned(),
        is_derived: used.is_derived,
    }
}

/// What an owner says itself counts; what it owns repeats that, or says it for the owner, and then
/// one of many alike is enough.
fn own_first(mut places: Vec<Place>) -> Vec<Place> {
    if places.iter().any(|place| place.via.is_none()) {
        places.retain(|place| place.via.is_none());
    }
    let mut told = BTreeSet::new();
    places.retain(|place| told.insert(place.at.clone()));
    places
}

//! What watches tell about copies: the store's document, how namespaces stand, which Secrets agree to
//! be copied, and the copies. Filled by `watches`; holds no values.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bowline_pipelines::copies::{self, Controller, Decision, SOURCE, Sources, Standing};
use bowline_pipelines::render::NATIVE_COPY;
use kube::core::ObjectMeta;

use crate::controllers::Key;
use crate::controllers::inventory::place;

/// What must have been told once before anything is believed to be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// The stores in the pipelines' namespace.
    Stores,
    /// All namespaces.
    Namespaces,
    /// All Secrets.
    Secrets,
}

/// Namespace and name of a Secret.
type Place = (String, String);

/// A Secret of the copies' name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) uid: Option<String>,
    pub(super) version: String,
    pub(super) is_kept: bool,
}

/// What is known.
#[derive(Debug, Default)]
pub struct Profiles {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    told: BTreeSet<Told>,
    /// Documents, or what is wrong with them, by the name of their ConfigMap.
    stores: BTreeMap<String, Result<Sources, String>>,
    namespaces: BTreeMap<String, Standing>,
    /// Versions of the Secrets that agree to be copied.
    sources: HashMap<Place, String>,
    /// By namespace.
    copies: BTreeMap<String, Held>,
    /// Which profiles a Secret is for, and the other way round.
    users: HashMap<Place, BTreeSet<String>>,
    used: HashMap<String, Place>,
}

impl Profiles {
    /// Takes in a store, or what is wrong with it.
    pub fn put_store(&self, name: &str, store: Result<Sources, String>) -> Vec<Key> {
        let mut state = self.write();
        if state.stores.get(name) == Some(&store) {
            return Vec::new();
        }
        state.stores.insert(name.to_owned(), store);
        state.of_another_plan()
    }

    /// Takes out all stores but these.
    pub fn keep_stores(&self, is_kept: impl Fn(&str) -> bool) -> Vec<Key> {
        let mut state = self.write();
        let before = state.stores.len();
        state.stores.retain(|name, _| is_kept(name));
        match state.stores.len() == before {
            true => Vec::new(),
            false => state.of_another_plan(),
        }
    }

    /// Takes in a namespace as it is now; one that is going counts as gone.
    pub fn put_namespace(&self, meta: &ObjectMeta) -> Vec<Key> {
        let Some(name) = &meta.name else {
            return Vec::new();
        };
        if meta.deletion_timestamp.is_some() {
            return self.remove_namespace(name);
        }
        let none = BTreeMap::new();
        let labels = meta.labels.as_ref().unwrap_or(&none);
        let standing = Standing::of(name, labels, controller(meta));
        let mut state = self.write();
        if state.namespaces.get(name) == Some(&standing) {
            return Vec::new();
        }
        state.namespaces.insert(name.clone(), standing);
        state.of_another_standing(name)
    }

    /// Takes out a namespace that is gone.
    pub fn remove_namespace(&self, name: &str) -> Vec<Key> {
        let mut state = self.write();
        match state.namespaces.remove(name) {
            Some(_) => state.of_another_standing(name),
            None => Vec::new(),
        }
    }

    /// Takes out all namespaces but these, as after a fresh list.
    pub fn keep_namespaces(&self, kept: &BTreeSet<String>) -> Vec<Key> {
        let known: Vec<String> = self.read().namespaces.keys().cloned().collect();
        let gone = known.iter().filter(|name| !kept.contains(*name));
        gone.flat_map(|name| self.remove_namespace(name)).collect()
    }

    /// Takes in a Secret as it is now.
    pub fn put_secret(&self, meta: &ObjectMeta) -> Vec<Key> {
        let Some(place) = place(meta) else {
            return Vec::new();
        };
        let none = BTreeMap::new();
        let annotations = meta.annotations.as_ref().unwrap_or(&none);
        let version = meta.resource_version.clone().unwrap_or_default();
        let mut state = self.write();
        let mut keys = Vec::new();
        if place.1 == NATIVE_COPY {
            let held = Held {
                uid: meta.uid.clone(),
                version: version.clone(),
                is_kept: copies::is_kept(meta.labels.as_ref().unwrap_or(&none), annotations),
            };
            if state.copies.get(&place.0) != Some(&held) {
                state.copies.insert(place.0.clone(), held);
                keys.push(Key::Copy(place.0.clone()));
            }
        }
        let (annotation, value) = SOURCE;
        let agrees = annotations
            .get(annotation)
            .is_some_and(|text| text == value);
        let before = match agrees {
            true => state.sources.insert(place.clone(), version.clone()),
            false => state.sources.remove(&place),
        };
        if !agrees || before != Some(version) {
            keys.extend(state.keys_of_source(&place));
        }
        state.if_known(keys)
    }

    /// Takes out a Secret that is gone.
    pub fn remove_secret(&self, meta: &ObjectMeta) -> Vec<Key> {
        place(meta).map_or_else(Vec::new, |place| self.write().remove_secret(&place))
    }

    /// Takes out all Secrets but these, as after a fresh list.
    pub fn keep_secrets(&self, kept: &BTreeSet<Place>) -> Vec<Key> {
        let mut state = self.write();
        let copies = state.copies.keys();
        let copies = copies.map(|namespace| (namespace.clone(), NATIVE_COPY.to_owned()));
        let known = copies.chain(state.sources.keys().cloned());
        let gone: Vec<Place> = known.filter(|place| !kept.contains(place)).collect();
        gone.iter()
            .flat_map(|place| state.remove_secret(place))
            .collect()
    }

    /// Says that all of this sort have been told. Returns everything once nothing else is waited for.
    pub fn mark(&self, told: Told) -> Vec<Key> {
        let mut state = self.write();
        match state.told.insert(told) && state.is_known() {
            true => state.keys(),
            false => Vec::new(),
        }
    }

    /// Everything that there is to look at.
    pub fn keys(&self) -> Vec<Key> {
        let state = self.read();
        state.if_known(state.keys())
    }

    /// What is to be kept in a namespace; `None` where the store does not say, and all stays as it is.
    pub(super) fn decision(&self, namespace: &str) -> Option<Decision> {
        let state = self.read();
        match state.store() {
            _ if !state.is_known() => None,
            Ok(None) => Some(Decision::Nothing),
            Ok(Some(sources)) => Some(copies::decide(sources, namespace, |name| {
                state.namespaces.get(name).copied()
            })),
            Err(_) => None,
        }
    }

    /// What is wrong with the store.
    pub(super) fn trouble(&self) -> Option<String> {
        self.read().store().err()
    }

    /// The version of a Secret that agrees to be copied.
    pub(super) fn source_version(&self, namespace: &str, name: &str) -> Option<String> {
        let place = (namespace.to_owned(), name.to_owned());
        self.read().sources.get(&place).cloned()
    }

    /// The Secret of the copies' name in a namespace.
    pub(super) fn held(&self, namespace: &str) -> Option<Held> {
        self.read().copies.get(namespace).cloned()
    }

    /// Whether a namespace is there.
    pub(super) fn has_namespace(&self, name: &str) -> bool {
        self.read().namespaces.contains_key(name)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_known(&self) -> bool {
        self.told.len() == 3
    }

    /// Before everything was told, all that comes in is looked at together afterwards.
    fn if_known(&self, keys: Vec<Key>) -> Vec<Key> {
        if self.is_known() { keys } else { Vec::new() }
    }

    /// The one store. Of several none is believed.
    fn store(&self) -> Result<Option<&Sources>, String> {
        let mut stores = self.stores.iter();
        match (stores.next(), stores.next()) {
            (None, _) => Ok(None),
            (Some((_, Ok(sources))), None) => Ok(Some(sources)),
            (Some((name, Err(why))), None) => Err(format!("ConfigMap `{name}`: {why}")),
            (Some((one, _)), Some((other, _))) => Err(format!(
                "ConfigMaps `{one}` and `{other}` are both stores; delete one of them"
            )),
        }
    }

    fn of_another_plan(&mut self) -> Vec<Key> {
        let before: Vec<String> = self.used.keys().cloned().collect();
        let names: BTreeSet<String> = before.into_iter().chain(self.names()).collect();
        names.iter().for_each(|name| self.index(name));
        let keys = names.into_iter().map(Key::Copy);
        self.if_known(keys.chain([Key::CopyStatus]).collect())
    }

    /// Whose source is in a namespace depends on how that stands, too.
    fn of_another_standing(&mut self, name: &str) -> Vec<Key> {
        self.index(name);
        let of_sources = self.used.iter().filter(|(_, place)| place.0 == name);
        let users = of_sources.map(|(user, _)| Key::Copy(user.clone()));
        self.if_known(
            [Key::Copy(name.to_owned())]
                .into_iter()
                .chain(users)
                .collect(),
        )
    }

    /// Namespaces that have a copy, or about which there may be something to say.
    fn names(&self) -> BTreeSet<String> {
        let opted_in = self.namespaces.iter().filter(|(_, it)| it.is_opted_in());
        let named = self.store().ok().flatten();
        let named = named.into_iter().flat_map(Sources::named);
        let names = opted_in.map(|(name, _)| name).chain(self.copies.keys());
        names.chain(named).cloned().collect()
    }

    fn keys(&self) -> Vec<Key> {
        let keys = self.names().into_iter().map(Key::Copy);
        keys.chain([Key::CopyStatus]).collect()
    }

    /// Notes which Secret a namespace uses now.
    fn index(&mut self, name: &str) {
        if let Some(place) = self.used.remove(name)
            && let Some(users) = self.users.get_mut(&place)
        {
            users.remove(name);
            if users.is_empty() {
                self.users.remove(&place);
            }
        }
        let is_opted_in = self.namespaces.get(name).is_some_and(|it| it.is_opted_in());
        let sources = self.store().ok().flatten();
        let sources = sources.filter(|sources| is_opted_in || sources.is_named(name));
        let credentials = sources.and_then(|sources| sources.of(name));
        if let Some(source) = credentials.as_ref().and_then(|one| one.keys()) {
            let place = (source.namespace.clone(), source.name.clone());
            self.used.insert(name.to_owned(), place.clone());
            self.users.entry(place).or_default().insert(name.to_owned());
        }
    }

    fn keys_of_source(&self, place: &Place) -> Vec<Key> {
        let users = self.users.get(place).into_iter().flatten();
        users.cloned().map(Key::Copy).collect()
    }

    fn remove_secret(&mut self, place: &Place) -> Vec<Key> {
        self.sources.remove(place);
        let mut keys = self.keys_of_source(place);
        if place.1 == NATIVE_COPY && self.copies.remove(&place.0).is_some() {
            keys.push(Key::Copy(place.0.clone()));
        }
        self.if_known(keys)
    }
}

fn controller(meta: &ObjectMeta) -> Option<Controller<'_>> {
    let mut owners = meta.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    Some(Controller {
        api_version: &owner.api_version,
        kind: &owner.kind,
        name: &owner.name,
    })
}

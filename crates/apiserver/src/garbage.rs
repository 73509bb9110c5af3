//! Takes away what belonged to objects that are gone (`metadata.ownerReferences`). Who owns what is
//! kept by `index`, told of every change; what follows from it is done by `collector`, which is a
//! client like any other, so that admission, finalizers and watches see what it does.

mod collector;
mod index;

use crate::api::Api;
use crate::object;
use crate::store::{ObjectKey, Stored, Write};
use index::Index;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Holds an object until those who depend on it and block its deletion are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// Holds an object until nobody says any more that it owns them.
pub(crate) const ORPHAN: &str = "orphan";

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Task {
    /// The object with this `uid` is gone, or waits for its dependents to go.
    Dependents(String),
    /// This object waits.
    Waiting(ObjectKey),
    /// This namespace is on its way out.
    Closing(String),
    /// The deletion of this definition was cut short.
    Undefined(ObjectKey),
    /// Some object has been deleted.
    Deletion,
    /// An earlier server may have left deletions unfinished.
    Resume,
}

/// What the API remembers for the collector.
pub(crate) struct Garbage {
    index: Mutex<Index>,
    tasks: UnboundedSender<Task>,
    /// Until somebody works on them.
    waiting: Mutex<Option<UnboundedReceiver<Task>>>,
}

impl Default for Garbage {
    fn default() -> Self {
        let (tasks, waiting) = unbounded_channel();
        Self {
            index: Mutex::default(),
            tasks,
            waiting: Mutex::new(Some(waiting)),
        }
    }
}

impl Garbage {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask_for(&self, task: Task) {
        // Nobody listens once the server is gone, and then there is nothing to do.
        let _ = self.tasks.send(task);
    }

    /// Whether somebody may say that the object with this `uid` owns them.
    pub(crate) fn may_have_dependents(&self, uid: &str) -> bool {
        let index = self.index();
        !index.is_complete || index.dependents(uid).next().is_some()
    }

    /// Says that nothing was stored before.
    pub(crate) fn begin(&self) {
        self.index().is_complete = true;
    }

    /// Takes note of what was just stored.
    pub(crate) fn note(&self, changes: &[(ObjectKey, bool)], stored: &[Stored]) {
        for ((key, is_gone), Stored { value, .. }) in changes.iter().zip(stored) {
            if *is_gone {
                self.note_deletion(key, value);
                continue;
            }
            self.index().set(key, owners(value));
            if waits(value) {
                self.ask_for(Task::Waiting(key.clone()));
            }
        }
    }

    fn note_deletion(&self, key: &ObjectKey, last: &Value) {
        let owners = self.index().remove(key);
        self.ask_for(Task::Deletion);
        self.ask_for(Task::Dependents(object::uid(last).to_owned()));
        for owner in owners {
            if let Some(owner) = self.index().waiting(&owner) {
                self.ask_for(Task::Waiting(owner));
            }
        }
    }
}

/// Which object a change is about, and whether it goes.
pub(crate) fn change(write: &Write) -> (ObjectKey, bool) {
    (write.key().clone(), matches!(write, Write::Delete { .. }))
}

/// Starts to collect, for as long as there is an API.
pub(crate) fn start(api: &Arc<Api>) {
    let waiting = &api.garbage.waiting;
    let tasks = waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(tasks) = tasks {
        tokio::spawn(collector::run(Arc::downgrade(api), tasks));
    }
}

/// Finishes what an earlier server may have left undone.
pub(crate) fn resume(api: &Api) {
    api.garbage.ask_for(Task::Resume);
}

/// The references of an object to its owners.
fn references(object: &Value) -> &[Value] {
    let list = object.pointer("/metadata/ownerReferences");
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn owners(object: &Value) -> Vec<String> {
    let uids = references(object).iter();
    uids.filter_map(|owner| owner["uid"].as_str().map(str::to_owned))
        .collect()
}

fn has_finalizer(object: &Value, name: &str) -> bool {
    let list = object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|own| own == name))
}

/// Whether an object goes once its dependents are dealt with.
fn waits(object: &Value) -> bool {
    object::is_terminating(object)
        && (has_finalizer(object, FOREGROUND) || has_finalizer(object, ORPHAN))
}

//! Deciding what tying connections into a workload means: the request and what was fetched for it
//! go in, a [`Plan`] or a [`Denial`] comes out. Fetching and carrying out are left to the caller.
//!
//! The decision is level-based. Each time, what the record says was injected is taken back first
//! and the wanted state is computed from what the user wrote, so `plan` twice is `plan` once, and
//! dropping the reference gives the original object back.

mod adopt;
mod advice;
mod authorship;
mod env_from;
mod path;
pub(crate) mod place;
pub mod record;
pub mod reference;
mod resolve;
mod serving;
mod tie;
mod variables;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use advice::{MAX_CHARS, Warning};
pub use authorship::needs_whole;
pub use resolve::Unusable;
pub use variables::Variables;

use crate::names;
use crate::secret::Secret;
use crate::workload::WorkloadKind;
use path::member;
use record::{Record, annotations};

/// What a client wants to do with the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The workload is new.
    Create,
    /// The workload exists.
    Update,
}

/// A workload on its way into the API.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What kind of workload it is.
    pub kind: WorkloadKind,
    /// What the client wants.
    pub operation: Operation,
    /// Namespace of the request; the object's own may be absent.
    pub namespace: &'a str,
    /// The object as the client wants it.
    pub object: &'a Value,
    /// The object as stored, on update.
    pub before: Option<&'a Value>,
}

/// What must be fetched before [`plan`] can decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Secrets to read, by name, in the request's namespace.
    pub read: Vec<String>,
    /// Those of them that are newly referenced: the requester must be allowed to `get` them.
    pub authorize: Vec<String>,
    /// Whether values of theirs go into the object; else [`Variables`] will do.
    pub values: bool,
}

/// What the caller found out about one Secret.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is there, and the requester may use it.
    Secret(Secret),
    /// The same, without its values; enough unless [`Needs::values`] says otherwise.
    Variables(Arc<Variables>),
    /// It is not there.
    Missing,
    /// The requester may not read it.
    Forbidden,
    /// It could not be read, or the right could not be checked; says why, without values.
    Unavailable(String),
}

impl Found {
    /// Whether it is there, and the requester may use it.
    const fn is_usable(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Variables(_))
    }

    /// The keys of what is usable.
    fn keys(&self) -> Vec<&str> {
        match self {
            Self::Secret(secret) => secret.data.keys().map(String::as_str).collect(),
            Self::Variables(variables) => variables.keys.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// What is wrong with what is usable.
    fn warnings(&self) -> Vec<Warning> {
        match self {
            Self::Secret(secret) => resolve::findings(secret),
            Self::Variables(variables) => variables.warnings.clone(),
            _ => Vec::new(),
        }
    }
}

/// Everything that was found, by Secret name.
pub type Lookup = BTreeMap<String, Found>;

/// What to do: change the object, tell the user, see to accounts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The object after admission; `None` when it stays as it is.
    pub object: Option<Value>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
    /// ServiceAccounts that must exist and link a Secret once the object is stored.
    pub accounts: Vec<Account>,
    /// What is injected now, and by which connection.
    pub record: Record,
}

/// A ServiceAccount that the workload's pods run under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// Name of the ServiceAccount.
    pub name: String,
    /// The Secret that it must link.
    pub secret: String,
}

impl Account {
    /// The account of a connection's own, `<secret>-sa`.
    pub fn of(secret: &str) -> Self {
        Self {
            name: format!("{secret}-sa"),
            secret: secret.to_owned(),
        }
    }
}

/// Why a request must not pass, in one sentence for the person who made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The request is at fault.
    #[error("{0}")]
    Forbidden(String),
    /// Something that was needed for the decision could not be had; trying again may help.
    #[error("{0}")]
    Unavailable(String),
}

/// What [`plan`] will want to know about the connections of a request.
pub fn needs(request: &Request<'_>) -> Needs {
    if !has_stake(request) {
        return Needs::default();
    }
    if request.kind.is_serving() {
        serving::needs(request)
    } else {
        env_from::needs(request)
    }
}

/// Decides what a request means, given what was found for its [`needs`].
///
/// # Errors
/// A [`Denial`] when the request newly names a connection that cannot be tied.
pub fn plan(request: &Request<'_>, lookup: &Lookup) -> Result<Plan, Denial> {
    if !has_stake(request) {
        return Ok(Plan::default());
    }
    let stored = stored_record(request, lookup);
    let earlier = if request.before.is_some_and(Record::is_on) || !Record::is_on(request.object) {
        &stored
    } else {
        // The manifest was admitted elsewhere, and says what of it is not the user's own.
        &Record::of(request.object).unwrap_or_default()
    };
    let earlier = authorship::without_own(request, earlier);
    let mut object = request.object.clone();
    if let Some(annotations) = place::annotations_mut(&mut object) {
        annotations.shift_remove(names::INJECTED);
    }
    let places = tie::untie(&mut object, &earlier);
    let mut draft = Draft {
        request,
        lookup,
        stored: &stored,
        places,
        object,
        plan: Plan::default(),
    };
    if request.kind.is_serving() {
        serving::plan(&mut draft)?;
    } else {
        env_from::plan(&mut draft)?;
    }
    Ok(draft.finish())
}

/// A plan in the making.
struct Draft<'a> {
    request: &'a Request<'a>,
    lookup: &'a Lookup,
    /// What the stored object got from us, or from a peer.
    stored: &'a Record,
    places: Vec<tie::Place>,
    /// The user's object without our injections, then with the wanted ones.
    object: Value,
    plan: Plan,
}

impl<'a> Draft<'a> {
    fn warn(&mut self, text: impl Into<String>) {
        self.plan.warnings.push(Warning::new(text));
    }

    fn found(&self, name: &str) -> &'a Found {
        const NOT_FETCHED: &Found = &Found::Missing;
        self.lookup.get(name).unwrap_or(NOT_FETCHED)
    }

    /// Ties one connection: `write` does the writing, the record keeps what it wrote.
    fn tie<T>(&mut self, name: &str, write: impl FnOnce(&mut tie::Knot<'_>) -> T) -> T {
        let tied = record::Tied {
            name: name.to_owned(),
            ..record::Tied::default()
        };
        let mut knot = tie::Knot {
            object: &mut self.object,
            made: &mut self.plan.record.made,
            places: &self.places,
            tied,
        };
        let out = write(&mut knot);
        self.plan.record.connections.push(knot.tied);
        out
    }

    fn finish(mut self) -> Plan {
        // Parents come before what they hold, whatever the order of making.
        self.plan.record.made.sort_by(|a, b| a.at.cmp(&b.at));
        if !self.plan.record.connections.is_empty() {
            place::write_record(&mut self.object, &mut self.plan.record);
        }
        if self.object != *self.request.object {
            self.plan.object = Some(self.object);
        }
        self.plan.accounts.sort();
        self.plan.accounts.dedup();
        self.plan
    }
}

/// What the stored object got: by its record, else, where a peer's webhook injected it, by evidence.
///
/// Only what is stored and was admitted counts. A record in a request is somebody's claim, and so
/// is one on an object that a controller's name made us pass.
fn stored_record(request: &Request<'_>, lookup: &Lookup) -> Record {
    let Some(before) = request.before else {
        return Record::default();
    };
    if place::is_handed_down(request.kind, before) {
        return Record::default();
    }
    if Record::is_on(before) {
        return Record::of(before).unwrap_or_default();
    }
    // What is still named is taken over once its Secret can be read and the right was asked, and
    // left alone until then; what is not named any more goes by the evidence.
    let mut record = adopt::record(request, before, lookup);
    let named = if request.kind.is_serving() {
        serving::named(request)
    } else {
        env_from::named(request)
    };
    let may_take = |name: &str| lookup.get(name).is_some_and(Found::is_usable);
    record.connections.retain(|tied| match &named {
        Some(named) => !named.contains(&tied.name) || may_take(&tied.name),
        None => false,
    });
    record
}

/// Whether the stored object has a connection by our own admission: then the right was asked. What
/// a peer injected, or never took effect, proves nothing.
fn is_in_effect(request: &Request<'_>, name: &str) -> bool {
    request.before.is_some_and(|before| {
        Record::is_on(before) && stored_record(request, &Lookup::new()).tied(name).is_some()
    })
}

/// Whether the request concerns us at all: a reference or a record, now or before, on an object
/// that is neither being deleted nor made by a controller from something admitted before.
fn has_stake(request: &Request<'_>) -> bool {
    let metadata = member(request.object, "metadata");
    let is_going = metadata
        .and_then(|metadata| member(metadata, "deletionTimestamp"))
        .is_some_and(|time| !time.is_null());
    let concerns_us = |object: &Value| {
        let annotations = annotations(object);
        let value = |key| member(annotations?, key);
        names::REFERENCES_AND_RECORD
            .into_iter()
            .any(|key| value(key).is_some_and(Value::is_string))
            || place::has_own_reference(request.kind, object)
    };
    !is_going
        && !place::is_handed_down(request.kind, request.object)
        && (concerns_us(request.object) || request.before.is_some_and(concerns_us))
}

#[cfg(test)]
mod tests;

//! Writes down whose the parts of an object are, with every write. The rules are those of
//! [`crate::managed_fields`].

use super::{Call, namespace};
use crate::managed_fields::{self, Managed, Writer};
use crate::object;
use crate::pipeline::query::{Query, check_options};
use crate::status::Status;
use crate::validate::FieldError;
use http::HeaderMap;
use http::header::USER_AGENT;
use serde_json::Value;

const MEMBER: &str = "managedFields";
/// More entries than that are nobody's honest account, and every write looks at all of them.
const MOST: usize = 1000;
/// So long may the name of a manager be.
const NAME_LIMIT: usize = 128;

/// What a request says about owners.
#[derive(Clone)]
pub(super) enum Claims {
    /// Nothing, or nothing that can be understood.
    None,
    /// That nobody shall own anything.
    Reset,
    /// These entries, in place of the stored ones.
    Entries(Managed),
}

/// How the owners of an object come about.
pub(super) enum Owners {
    /// Whatever differs from the state before is the writer's, but for what the request claims.
    ByDifference(Claims),
    /// An apply has found them.
    Found(Managed),
}

/// Takes the entries out of an object that somebody sent.
pub(super) fn take_claims(object: &mut Value) -> Claims {
    let Some(sent) = object::metadata_mut(object).shift_remove(MEMBER) else {
        return Claims::None;
    };
    let is_nothing = |entry: &Value| entry.as_object().is_some_and(serde_json::Map::is_empty);
    match sent.as_array().map(Vec::as_slice) {
        Some([]) => Claims::Reset,
        Some([only]) if is_nothing(only) => Claims::Reset,
        _ => match Managed::read(&sent) {
            Some(managed) if (1..=MOST).contains(&managed.len()) => Claims::Entries(managed),
            _ => Claims::None,
        },
    }
}

/// The entries of a stored object.
pub(super) fn stored(object: &Value) -> Managed {
    object
        .pointer("/metadata/managedFields")
        .and_then(Managed::read)
        .unwrap_or_default()
}

/// Puts entries into an object that is about to be stored.
pub(super) fn put(object: &mut Value, entries: Option<Value>) {
    object::put(object::metadata_mut(object), MEMBER, entries);
}

/// Whether two states of the entries of an object tell the same, but for when they were written.
pub(super) fn differ_in_time_only(one: Option<&Value>, other: Option<&Value>) -> bool {
    let read = |entries: Option<&Value>| entries.and_then(Managed::read);
    read(one)
        .zip(read(other))
        .is_some_and(|(one, other)| one.timeless() == other.timeless())
}

/// The object without its entries.
pub(super) fn without(mut object: Value) -> Value {
    put(&mut object, None);
    object
}

/// By which name somebody writes: the one they give, else the first word of their `User-Agent`.
pub(crate) fn manager(query: &Query, headers: &HeaderMap) -> String {
    if let Some(manager) = &query.field_manager {
        return manager.clone();
    }
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let first = agent.split('/').next().unwrap_or_default();
    let name: String = first
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_LIMIT)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

impl Call {
    /// Refuses names of managers, and the wish to force, where they make no sense.
    pub(super) fn check_manager(&self, verb: &str, is_apply: bool) -> Result<(), Status> {
        let options = match verb {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            _ => "PatchOptions",
        };
        let given = self.query.field_manager.as_deref().unwrap_or_default();
        let mut errors = Vec::new();
        if is_apply && given.is_empty() {
            errors.push(FieldError::required(
                "fieldManager",
                "is required for apply patch",
            ));
        }
        if verb == "patch" && !is_apply && self.query.force.is_some() {
            errors.push(FieldError::forbidden(
                "force",
                "may not be specified for non-apply patch",
            ));
        }
        if given.len() > NAME_LIMIT {
            errors.push(FieldError::too_long("fieldManager", NAME_LIMIT));
        }
        if let Some((place, odd)) = given.char_indices().find(|(_, c)| c.is_control()) {
            let why = format!(
                "invalid character U+{:04X} (at position {place})",
                u32::from(odd)
            );
            errors.push(FieldError::invalid("fieldManager", given, why));
        }
        errors.extend(self.query.mistakes.iter().cloned());
        check_options(options, &errors)
    }

    /// Who writes, now.
    pub(super) fn writer(&self) -> Writer {
        Writer {
            manager: self.manager.clone(),
            api_version: self.resource.api_version(),
            subresource: self.subresource.clone().unwrap_or_default(),
            now: object::now(),
        }
    }

    /// The members that this request cannot write.
    pub(super) fn unwritable(&self) -> &'static [&'static str] {
        match self.subresource.as_deref() {
            Some("status") => &["spec"],
            _ if self.resource.stored_as == namespace::STORED_AS => &["spec", "status"],
            _ if self.resource.has_status => &["status"],
            _ => &[],
        }
    }

    /// The entries of an object that is about to take the place of `old`, as they are stored.
    pub(super) fn entries(
        &self,
        owners: Owners,
        object: &Value,
        old: Option<&Value>,
    ) -> Option<Value> {
        let before = match owners {
            Owners::Found(managed) => return managed.fold(),
            Owners::ByDifference(Claims::Reset) if old.is_some() => return None,
            Owners::ByDifference(Claims::Entries(managed)) if self.subresource.is_none() => {
                Some(managed)
            }
            Owners::ByDifference(_) => None,
        };
        let folded = old.and_then(|old| old.pointer("/metadata/managedFields"));
        if old.is_some() && folded.is_none() && before.is_none() {
            // What was never tracked is tracked from the first apply on.
            return None;
        }
        let nothing = managed_fields::typed_only(object);
        let mut difference = managed_fields::compare(
            old.unwrap_or(&nothing),
            object,
            self.resource.schema.open_api(),
        );
        managed_fields::strip(&mut difference.removed);
        difference.leave_out(self.unwritable());
        managed_fields::strip(&mut difference.changed);
        if before.is_none() && difference.is_empty() {
            return folded.cloned();
        }
        let before = before.unwrap_or_else(|| old.map(stored).unwrap_or_default());
        managed_fields::update(before, &difference, &self.writer()).fold()
    }
}

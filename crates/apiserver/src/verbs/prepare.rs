//! Makes an object that somebody sent fit to be admitted and stored: what its kind does not know
//! is taken away, defaults are filled in, and what is wrong is found.

use super::Call;
use crate::crd;
use crate::object;
use crate::pipeline::query::FieldValidation;
use crate::status::{GroupResource, Status};
use crate::validate::{FINDINGS_LIMIT, FieldError, metadata};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Members of `metadata` that only the server sets.
const SYSTEM: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

impl Call {
    /// Takes the object as one of this kind, or refuses it.
    pub(super) fn conform(&mut self, object: &mut Value) -> Result<(), Status> {
        self.conform_type(object)?;
        self.conform_members(object)?;
        self.conform_place(object)
    }

    /// The kind and version that an object has must be those of the path.
    fn conform_type(&self, object: &mut Value) -> Result<(), Status> {
        let expected = [
            ("apiVersion", "API version", self.resource.api_version()),
            ("kind", "kind", self.resource.kind.clone()),
        ];
        for (member, what, expected) in expected {
            match object.get(member) {
                None => object[member] = expected.into(),
                Some(Value::String(found)) if *found == expected => {}
                Some(Value::String(_)) if !self.resource.is_custom => {
                    return Err(self.foreign(object));
                }
                Some(Value::String(found)) if member == "kind" => {
                    let why = format!("must be {expected}");
                    let error = FieldError::invalid("kind", found.as_str(), why);
                    let kind = GroupResource {
                        group: &self.resource.group,
                        name: found,
                    };
                    return Err(Status::invalid(kind, object::name(object), &[error]));
                }
                Some(Value::String(found)) => {
                    return Err(Status::bad_request(format!(
                        "the {what} in the data ({found}) does not match the expected {what} ({expected})"
                    )));
                }
                Some(_) => {
                    return Err(Status::bad_request(format!(
                        "the {what} in the data is not a text"
                    )));
                }
            }
        }
        Ok(())
    }

    fn conform_members(&mut self, object: &mut Value) -> Result<(), Status> {
        if self.resource.stored_as == crd::STORED_AS {
            self.warnings.extend(crd::warnings(object));
        }
        let mut unknown = self.resource.schema.prune(object);
        if self.resource.is_custom {
            unknown.sort();
        }
        let errors = self.resource.schema.check(object);
        let mut types = errors.iter().filter(|error| error.is_type());
        // What is not metadata of a custom resource is read as it is, and judged later.
        let is_read = |error: &&FieldError| !self.resource.is_custom || error.is_in("metadata");
        if let Some(error) = types.find(is_read) {
            return Err(self.unreadable(&error.to_string()));
        }
        let repeated = self
            .repeated
            .iter()
            .map(|path| format!("duplicate field {path:?}"));
        let unknown = unknown.iter().map(|path| format!("unknown field {path:?}"));
        let odd: Vec<String> = repeated.chain(unknown).collect();
        match self.query.field_validation {
            FieldValidation::Strict if !odd.is_empty() => {
                Err(self.unreadable(&format!("strict decoding error: {}", odd.join(", "))))
            }
            FieldValidation::Warn => {
                self.warnings.extend(odd);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The body is of another kind.
    fn foreign(&self, object: &Value) -> Status {
        let text = |member: &str| object::text(object, member).unwrap_or_default();
        let (kind, found) = (text("/kind"), text("/apiVersion"));
        let (wanted, version) = (&self.resource.kind, &self.resource.version);
        let why = format!("no kind {kind:?} is registered for version {found:?}");
        if self.is_patch {
            return Status::unfit(&why);
        }
        Status::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {wanted}: {why}"
        ))
    }

    fn unreadable(&self, why: &str) -> Status {
        if self.is_patch {
            return Status::unfit(why);
        }
        let (kind, version) = (&self.resource.kind, &self.resource.version);
        Status::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {why}"
        ))
    }

    /// The namespace and name that an object has must be those of the path.
    fn conform_place(&self, object: &mut Value) -> Result<(), Status> {
        let metadata = object::metadata_mut(object);
        let text = |member: &str| {
            metadata
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (name, namespace) = (text("name"), text("namespace"));
        if !self.resource.is_namespaced {
            metadata.shift_remove("namespace");
        } else if namespace.is_empty() {
            metadata.insert("namespace".to_owned(), self.namespace.as_str().into());
        } else if namespace != self.namespace {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        if !self.name.is_empty() && name.is_empty() {
            let wanted = &self.name;
            return Err(Status::bad_request(format!(
                "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
            )));
        } else if !self.name.is_empty() && name != self.name {
            let wanted = &self.name;
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({wanted})"
            )));
        }
        Ok(())
    }

    /// Fills in defaults.
    pub(super) fn complete(&self, object: &mut Value, old: Option<&Value>) {
        self.resource.schema.default(object);
        (self.resource.prepare)(object, old);
    }

    /// Everything that is wrong with an object, as one refusal.
    pub(super) fn validate(&self, object: &Value, old: Option<&Value>) -> Result<(), Status> {
        let resource = &self.resource;
        let is_strict = !resource.is_custom
            && !matches!(
                (resource.group.as_str(), resource.kind.as_str()),
                ("", "Event") | ("coordination.k8s.io", "Lease") | (crd::GROUP, _)
            );
        let mut errors = metadata::check(object, resource.names, is_strict);
        errors.extend(self.resource.schema.check(object));
        // What is stored was judged when it was written, maybe by a program that knew less.
        let is_same = old.is_some_and(|old| wants_the_same(object, old, resource.has_status));
        if !is_same && errors.len() < FINDINGS_LIMIT && !errors.iter().any(FieldError::is_type) {
            errors.extend((self.resource.check)(object, old));
        }
        errors.extend(old.and_then(|old| added_finalizer(object, old)));
        let mut told = Vec::new();
        errors.retain(|error| {
            told.len() < FINDINGS_LIMIT && !told.contains(error) && {
                told.push(error.clone());
                true
            }
        });
        if errors.is_empty() {
            return Ok(());
        }
        Err(Status::invalid(
            self.resource.group_kind(),
            object::name(object),
            &errors,
        ))
    }
}

/// What is on its way out cannot be held back by somebody new.
fn added_finalizer(object: &Value, old: &Value) -> Option<FieldError> {
    if !object::is_terminating(old) {
        return None;
    }
    let known: HashSet<&str> = finalizers(old).collect();
    let added: Vec<String> = finalizers(object)
        .filter(|finalizer| !known.contains(finalizer))
        .map(|finalizer| format!("{finalizer:?}"))
        .collect();
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        added.join(", ")
    );
    (!added.is_empty()).then(|| FieldError::forbidden("metadata.finalizers", why))
}

fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    let list = object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// What the server has set in an object's metadata.
pub(super) fn system_members(object: &Value) -> Map<String, Value> {
    let metadata = object.get("metadata").and_then(Value::as_object);
    let own = metadata
        .into_iter()
        .flatten()
        .filter(|(name, _)| SYSTEM.contains(&name.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Puts back what the server has set, whatever the object says now.
pub(super) fn restore_system_members(object: &mut Value, system: &Map<String, Value>) {
    let metadata = object::metadata_mut(object);
    for member in SYSTEM {
        object::put(metadata, member, system.get(*member).cloned());
    }
}

/// Whether two states want the same: everything but metadata and, where it is written apart, status.
pub(super) fn wants_the_same(one: &Value, other: &Value, has_status: bool) -> bool {
    let wanted = |object: &Value| -> usize {
        let members = object.as_object().into_iter().flatten();
        members
            .filter(|(name, _)| is_wanted(name, has_status))
            .count()
    };
    let mut members = one.as_object().into_iter().flatten();
    wanted(one) == wanted(other)
        && members
            .all(|(name, value)| !is_wanted(name, has_status) || other.get(name) == Some(value))
}

fn is_wanted(member: &str, has_status: bool) -> bool {
    member != "metadata" && !(has_status && member == "status")
}

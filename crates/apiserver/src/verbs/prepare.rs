//! Makes an object that somebody sent fit to be admitted and stored: what its kind does not know
//! is taken away, defaults are filled in, and what is wrong is found.

use super::Call;
use crate::object;
use crate::pipeline::query::FieldValidation;
use crate::status::Status;
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
        let unknown = self.resource.schema.prune(object);
        let texts = unknown.iter().map(|path| format!("unknown field {path:?}"));
        match self.query.field_validation {
            FieldValidation::Strict if !unknown.is_empty() => {
                let texts: Vec<String> = texts.collect();
                return Err(
                    self.unreadable(&format!("strict decoding error: {}", texts.join(", ")))
                );
            }
            FieldValidation::Warn => self.warnings.extend(texts),
            _ => {}
        }
        if !self.resource.is_custom {
            let errors = self.resource.schema.check(object);
            if let Some(error) = errors.iter().find(|error| error.is_type()) {
                return Err(self.unreadable(&error.to_string()));
            }
        }
        Ok(())
    }

    fn unreadable(&self, why: &str) -> Status {
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
            metadata.insert("name".to_owned(), self.name.as_str().into());
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
        let mut errors = metadata::check(object, self.resource.names);
        errors.extend(self.resource.schema.check(object));
        if errors.len() < FINDINGS_LIMIT && !errors.iter().any(FieldError::is_type) {
            errors.extend((self.resource.check)(object, old));
        }
        errors.extend(old.and_then(|old| added_finalizer(object, old)));
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
    let list = |object: &Value| -> HashSet<String> {
        let list = object
            .pointer("/metadata/finalizers")
            .and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let is_added = !list(object).is_subset(&list(old));
    let why = "no new finalizers can be added if the object is being deleted";
    (object::is_terminating(old) && is_added)
        .then(|| FieldError::forbidden("metadata.finalizers", why))
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
    let is_wanted = |name: &str| name != "metadata" && !(has_status && name == "status");
    let wanted = |object: &Value| -> Map<String, Value> {
        let members = object
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| is_wanted(name));
        members
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    wanted(one) == wanted(other)
}

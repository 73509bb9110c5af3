//! What a client sends to create or change a connection, as it was sent; whether it makes sense is
//! left to `judge`.

use std::collections::BTreeMap;

use super::read::{Shape, Walk, first_value, is_same_name};
use super::record::{Member, Status};
use super::time;
use bowline_core::Sensitive;

/// A connection as a client describes it.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Its name.
    pub id: String,
    /// `spec.type`, which may be none that is known.
    pub type_: String,
    /// `spec.vital`; `None` when it was left out or null.
    pub vital: Option<bool>,
    /// `status`.
    pub status: Status,
    members: BTreeMap<Member, Sensitive>,
}

impl Draft {
    /// A member as it was sent; empty when it was not.
    pub(super) fn text(&self, member: Member) -> &str {
        let value = self.members.get(&member);
        value.and_then(Sensitive::expose_str).unwrap_or_default()
    }

    /// Whether a member was sent and is not empty.
    pub(super) fn has(&self, member: Member) -> bool {
        !self.text(member).is_empty()
    }

    /// Sets a member, as a client would have sent it.
    pub fn set(&mut self, member: Member, text: &str) {
        self.members.insert(member, Sensitive::from(text));
    }
}

/// Reads the body of a request.
///
/// # Errors
/// The text that ODAHU answers. It quotes single characters and times, never a value of `spec`.
pub fn decode(body: &[u8]) -> Result<Draft, String> {
    let value = first_value(body)?;
    let mut walk = Walk::new(value);
    let mut reading = Reading::default();
    match walk.shape() {
        Shape::Object => reading.connection(&mut walk)?,
        Shape::Null => {}
        other => {
            return Err(format!(
                "json: cannot unmarshal {} into Go value of type connection.Connection",
                other.as_str()
            ));
        }
    }
    match reading.wrong {
        Some(text) => Err(text),
        None => Ok(reading.draft),
    }
}

/// Go reads on after a member of the wrong type, and tells of the first; a wrong time ends it.
#[derive(Default)]
struct Reading {
    draft: Draft,
    wrong: Option<String>,
}

impl Reading {
    fn connection(&mut self, walk: &mut Walk<'_>) -> Result<(), String> {
        walk.object(|walk, name| {
            let is = |wanted| is_same_name(wanted, name);
            if is("id") {
                if let Some(text) = self.text(walk, "Connection.id") {
                    self.draft.id = text;
                }
            } else if is("createdAt") || is("updatedAt") {
                check_time(walk)?;
            } else if is("spec") {
                if self.is_object(walk, "spec", "v1alpha1.ConnectionSpec") {
                    self.spec(walk)?;
                }
            } else if is("status") {
                if self.is_object(walk, "status", "v1alpha1.ConnectionStatus") {
                    self.status(walk)?;
                }
            } else {
                walk.skip();
            }
            Ok(())
        })
    }

    fn spec(&mut self, walk: &mut Walk<'_>) -> Result<(), String> {
        walk.object(|walk, name| {
            let is = |wanted| is_same_name(wanted, name);
            let place = |name| format!("ConnectionSpec.spec.{name}");
            if let Some(member) = Member::ALL.into_iter().find(|m| is(m.as_str())) {
                if let Some(text) = self.text(walk, &place(member.as_str())) {
                    self.draft.set(member, &text);
                }
            } else if is("type") {
                if let Some(text) = self.text(walk, &place("type")) {
                    self.draft.type_ = text;
                }
            } else if is("vital") {
                match walk.shape() {
                    Shape::Bool => self.draft.vital = Some(walk.flag()),
                    shape => self.other(walk, shape, &place("vital"), "bool"),
                }
            } else {
                walk.skip();
            }
            Ok(())
        })
    }

    fn status(&mut self, walk: &mut Walk<'_>) -> Result<(), String> {
        walk.object(|walk, name| {
            let is = |wanted| is_same_name(wanted, name);
            if is("secretName") {
                let text = self.text(walk, "ConnectionStatus.status.secretName");
                self.draft.status.secret_name = text;
            } else if is("serviceAccount") {
                let text = self.text(walk, "ConnectionStatus.status.serviceAccount");
                self.draft.status.service_account = text;
            } else {
                walk.skip();
            }
            Ok(())
        })
    }

    fn text(&mut self, walk: &mut Walk<'_>, place: &str) -> Option<String> {
        match walk.shape() {
            Shape::Text => Some(walk.text()),
            shape => {
                self.other(walk, shape, place, "string");
                None
            }
        }
    }

    fn is_object(&mut self, walk: &mut Walk<'_>, name: &str, type_: &str) -> bool {
        let shape = walk.shape();
        if shape != Shape::Object {
            self.other(walk, shape, &format!("Connection.{name}"), type_);
        }
        shape == Shape::Object
    }

    /// Leaves a value of another type out; null is as good as nothing.
    fn other(&mut self, walk: &mut Walk<'_>, shape: Shape, place: &str, type_: &str) {
        walk.skip();
        if shape != Shape::Null && self.wrong.is_none() {
            self.wrong = Some(format!(
                "json: cannot unmarshal {} into Go struct field {place} of type {type_}",
                shape.as_str()
            ));
        }
    }
}

fn check_time(walk: &mut Walk<'_>) -> Result<(), String> {
    match walk.shape() {
        Shape::Text => time::check(&walk.text()),
        Shape::Null => {
            walk.skip();
            Ok(())
        }
        _ => Err("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
    }
}

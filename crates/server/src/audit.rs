//! One line in the log for each change and each read of values: who did what to which object, and
//! how it ended; never a value. Reading lists is left to the access log.

use http::StatusCode;

use crate::callers::Caller;
use crate::guard::RequestId;

/// What was done to something.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// `create`, `change`, `delete`, `read-values` and the like.
    pub verb: &'static str,
    /// The sort of object.
    pub kind: &'static str,
    /// The project, where the object is in one.
    pub project: &'a str,
    /// The name.
    pub name: &'a str,
    /// Whether nothing was kept of it.
    pub is_dry_run: bool,
}

/// An act under way. However it ends, one line says so, also where nobody waits for its end any more.
pub struct Underway<'a> {
    caller: &'a Caller,
    id: &'a RequestId,
    act: Act<'a>,
    /// The name, where it was not known at the beginning.
    name: Option<String>,
    is_told: bool,
}

impl<'a> Underway<'a> {
    /// It begins.
    pub const fn begin(caller: &'a Caller, id: &'a RequestId, act: Act<'a>) -> Self {
        Self {
            caller,
            id,
            act,
            name: None,
            is_told: false,
        }
    }

    /// Now the name is known.
    pub fn on(&mut self, name: &str) {
        self.name = Some(name.to_owned());
    }

    /// It has ended.
    pub fn end(mut self, status: StatusCode) {
        self.is_told = true;
        let verdict = match status.as_u16() {
            200..=299 => "done",
            401 | 403 => "refused",
            _ => "failed",
        };
        self.line(verdict, Some(status.as_u16()));
    }

    fn line(&self, verdict: &str, status: Option<u16>) {
        let Act {
            verb,
            kind,
            project,
            name,
            is_dry_run,
        } = self.act;
        let name = self.name.as_deref().unwrap_or(name);
        let (user, id) = (self.caller.user.name.as_str(), self.id.0.as_str());
        tracing::info!(
            target: "bowline::audit",
            user, verb, kind, project, name, dry_run = is_dry_run, verdict, status, id,
            "{user} {verb} {kind}"
        );
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.line("cancelled", None);
        }
    }
}

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

/// Writes the line.
pub fn tell(caller: &Caller, id: &RequestId, act: Act<'_>, status: StatusCode) {
    let Act {
        verb,
        kind,
        project,
        name,
        is_dry_run,
    } = act;
    let (user, id) = (caller.user.name.as_str(), id.0.as_str());
    let verdict = match status.as_u16() {
        200..=299 => "done",
        401 | 403 => "refused",
        _ => "failed",
    };
    tracing::info!(
        target: "bowline::audit",
        user, verb, kind, project, name, dry_run = is_dry_run, verdict, status = status.as_u16(), id,
        "{user} {verb} {kind}"
    );
}

//! Carrying out what is audited: however it ends, one line says so.

use axum::response::IntoResponse;
use http::StatusCode;

pub(super) use crate::audit::Act;
use crate::audit::Underway;
use crate::callers::Caller;
use crate::guard::RequestId;
use crate::problem::Problem;

use super::place::Place;

impl Place {
    /// Something done to this connection.
    pub(super) fn act(&self, verb: &'static str, is_dry_run: bool) -> Act<'_> {
        Act {
            verb,
            kind: "connection",
            project: &self.project,
            name: &self.name,
            is_dry_run,
        }
    }
}

pub(super) async fn acted<T: IntoResponse>(
    caller: &Caller,
    id: &RequestId,
    act: Act<'_>,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let underway = Underway::begin(caller, id, act);
    let ended = work.await;
    let status = ended.as_ref().err().map_or(StatusCode::OK, Problem::status);
    underway.end(status);
    ended
}

//! Carrying out what is audited: however it ends, one line says so, and what must not stop halfway
//! does not.

use axum::response::IntoResponse;
use http::StatusCode;
use tracing::Instrument as _;

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

/// Does something to its end, also when its request is dropped before: the sender has gone away, or
/// the time for an answer is over. Only the end of the server cuts it short.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let ended = tokio::spawn(work.in_current_span()).await;
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        // A defect is answered as one in any handler.
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server ended before this was done",
        )
        .help("look at what is there, then try again")),
    })
}

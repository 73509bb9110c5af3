//! Tests of connections on a Kubernetes API: what a probe needs from there, where the probes of a
//! project may go, and what is kept of their results. Probing itself is `bowline_probe`'s; who may
//! ask for a test is left to the faces.

pub mod bounds;
mod claims;
pub mod record;
mod surroundings;

pub use bounds::{Bounds, Rule};
pub use claims::ApiClaims;
pub use surroundings::Surroundings;

use bowline_core::Connection;
use bowline_probe::{Ask, Claims, Guard, Report, Request, Settings, Sink, probe};

/// Tests a connection in its surroundings.
pub async fn test(
    connection: &Connection,
    surroundings: &Surroundings,
    ask: &Ask,
    guard: &Guard,
    settings: &Settings,
    sink: Sink<'_>,
) -> Report {
    let others: Vec<&Connection> = surroundings.others.iter().collect();
    let claims = surroundings.claims.as_ref();
    let request = Request {
        connection,
        ask,
        others: &others,
        claims: claims.map(|claims| claims as &dyn Claims),
        authorities: surroundings.authorities.as_deref(),
        identity: None,
        workload: None,
    };
    probe(&request, guard, settings, sink).await
}

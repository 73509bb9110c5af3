//! Whether this process lives, and whether it should be sent work: `/livez`, `/readyz` and
//! `/metrics` over plain HTTP. What is healthy is told by those who know; here it is put together.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::certificates::Serving;
use crate::metrics::{MEDIA_TYPE, Metrics};
use crate::server::outlive_panics;

/// How long work may wait with nothing getting done.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What readiness depends on.
#[derive(Debug)]
pub struct Health {
    serving: Serving,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Whether the inventory knows all there is; `None` where there is none.
    is_synced: Option<bool>,
    pending: usize,
    stalled: Duration,
}

impl Health {
    /// Health of a process that serves admission and runs no controllers yet.
    pub fn new(serving: Serving) -> Self {
        let state = State {
            is_synced: None,
            pending: 0,
            stalled: Duration::ZERO,
        };
        Self {
            serving,
            state: Mutex::new(state),
        }
    }

    /// Says whether the inventory knows all there is. Before this is first called, readiness does
    /// not depend on it.
    pub fn inventory(&self, is_synced: bool) {
        self.state().is_synced = Some(is_synced);
    }

    /// Says how many items are due, and for how long none of them has got done.
    pub fn progress(&self, pending: usize, stalled: Duration) {
        let mut state = self.state();
        state.pending = pending;
        state.stalled = stalled;
    }

    /// Why no work should be sent here, one line for each reason; none when all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.serving.ends().is_none() {
            problems.push("the serving certificate is not loaded".to_owned());
        }
        let state = self.state();
        if state.is_synced == Some(false) {
            problems.push("the inventory has not seen all objects yet".to_owned());
        }
        if state.pending > 0 && state.stalled >= PATIENCE {
            let (pending, seconds) = (state.pending, state.stalled.as_secs());
            problems.push(format!(
                "{pending} items are pending, and nothing got done for {seconds} s"
            ));
        }
        problems
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of the port for health and metrics.
pub fn routes(health: Arc<Health>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(move || async move { ready(&health) }))
        .route("/metrics", get(move || async move { scrape(&metrics) }))
        .layer(from_fn(outlive_panics))
}

fn ready(health: &Health) -> Response {
    let problems = health.problems();
    if problems.is_empty() {
        return "ok\n".into_response();
    }
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "not ready: {problem}");
    }
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

fn scrape(metrics: &Metrics) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], metrics.encode()).into_response()
}

#[cfg(test)]
mod tests;

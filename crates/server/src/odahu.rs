//! ODAHU-flow's connection API over HTTP, so that its clients work unchanged: paths, verbs, statuses
//! and texts as ODAHU-flow 1.6.1 has them. What a record is and how it is kept is left to
//! `bowline_catalog::odahu`, and who may do what to the Kubernetes API.

mod answer;
mod companions;
mod operations;
mod route;
mod scan;
mod sender;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use bowline_catalog::Types;

use crate::callers::Caller;
use crate::problem::Problem;
use crate::testing::Tests;
use answer::Answer;
use route::Operation;

/// How ODAHU's face is served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project in which its connections are kept.
    pub project: String,
    /// Who acts for requests of unknown senders; without it they are refused.
    pub open: Option<Caller>,
    /// Whether nothing may be changed.
    pub is_read_only: bool,
    /// Whether the host keys of Git servers are fetched where a connection brings none.
    pub scans_host_keys: bool,
}

impl Settings {
    /// Connections in a project, for known senders.
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            open: None,
            is_read_only: false,
            scans_host_keys: false,
        }
    }
}

/// What its operations share.
struct Face {
    settings: Settings,
    types: Types,
    tests: Arc<Tests>,
}

/// The routes; they need nothing but what they are given.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(
    settings: Settings,
    types: Types,
    tests: Arc<Tests>,
) -> Router<S> {
    let face = Face {
        settings: settings.clone(),
        types,
        tests,
    };
    let connections = Router::new()
        .route(route::BASE, any(connections))
        .route(&format!("{}/", route::BASE), any(connections))
        .route(&format!("{}/{{*rest}}", route::BASE), any(connections))
        .with_state(Arc::new(face));
    Router::new()
        .merge(connections)
        .route("/health", get(companions::health))
        .route("/swagger/{*file}", get(companions::swagger))
        .route("/api/v1/configuration", get(companions::configuration))
        .route("/api/v1/user/info", get(companions::user_info))
        .merge(companions::empty_lists())
        .with_state(Arc::new(settings))
}

/// Whether a path is one of connections in ODAHU's API, be that served here or not.
pub(crate) fn has(path: &str) -> bool {
    let rest = path.strip_prefix(route::BASE);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A problem as ODAHU's clients read it: they show the `message` alone.
pub(crate) fn refusal(problem: Problem) -> Response {
    Answer::problem(problem).into()
}

/// Everything below the path of connections, with verbs that others would answer with 405.
async fn connections(State(face): State<Arc<Face>>, request: Request) -> Response {
    let uri = request.uri();
    let answer = match route::of(request.method(), uri.path(), uri.query()) {
        Operation::None => Answer::no_such_page(),
        Operation::Redirect(place) => Answer::elsewhere(request.method(), &place),
        operation => match sender::of(&face.settings, &request) {
            Ok(caller) => operations::carry_out(&face, caller, operation, request).await,
            Err(refusal) => refusal,
        },
    };
    answer.into()
}

//! Serves connections to people and programs over HTTP: REST and its OpenAPI document, ODAHU's API,
//! sign-in. What a connection is and how it is stored is left to `core` and `catalog`; who may do
//! what is left to the Kubernetes API, which every request reaches with its sender's own rights.

pub mod audit;
pub mod callers;
pub mod guard;
pub mod listen;
pub mod metrics;
pub mod odahu;
mod outbound;
pub mod problem;
mod random;
pub mod rest;
pub mod session;
pub mod testing;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use bowline_catalog::Types;
use bowline_catalog::connection_types::Homes;
use bowline_catalog::view::Views;
use http::{HeaderMap, Uri, header};

use crate::callers::{Callers, Proxies};
use crate::guard::{Guard, Hosts, Limits};
use crate::metrics::Metrics;
use crate::session::oidc::Oidc;
use crate::session::{Sessions, SignIns};
use crate::testing::Tests;

/// How the server is reached, and whom it trusts.
pub struct Settings {
    /// The names under which it is reached.
    pub hosts: Hosts,
    /// Whether browsers reach it over TLS.
    pub is_secure: bool,
    /// Proxies whose word is taken for who sends a request.
    pub proxies: Proxies,
    /// How much requests may take.
    pub limits: Limits,
    /// Sessions of browsers.
    pub sessions: Arc<Sessions>,
    /// Where browsers may sign in.
    pub oidc: Option<Arc<Oidc>>,
    /// ODAHU's API, where it is served.
    pub odahu: Option<odahu::Settings>,
    /// How connections are tested.
    pub testing: testing::Settings,
    /// What is counted.
    pub metrics: Metrics,
    /// The server's own client, for the names of projects. It needs no rights over Secrets.
    pub reader: kube::Client,
    /// The connection types.
    pub types: Types,
}

impl Settings {
    /// A server of these names that trusts no proxy and no provider; `reader` is its own client, and
    /// connection types live in `homes`.
    pub fn new(hosts: Hosts, is_secure: bool, reader: kube::Client, homes: Homes) -> Self {
        Self {
            types: Types::new(reader.clone(), homes),
            reader,
            hosts,
            is_secure,
            proxies: Proxies::default(),
            limits: Limits::default(),
            sessions: Arc::new(Sessions::new(is_secure)),
            oidc: None,
            odahu: None,
            testing: testing::Settings::default(),
            metrics: Metrics::default(),
        }
    }

    /// Where the sender of a request reaches us; the guard has seen that the name is ours.
    fn origin(&self, headers: &HeaderMap, uri: &Uri) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        let host = headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok());
        let host = host.or_else(|| uri.authority().map(http::uri::Authority::as_str));
        format!("{scheme}://{}", host.unwrap_or_default())
    }
}

/// What handlers share.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) callers: Arc<dyn Callers>,
    pub(crate) guard: Guard,
    pub(crate) metrics: Metrics,
    pub(crate) sign_ins: SignIns,
    pub(crate) views: Views,
    pub(crate) open: rest::OpenProjects,
    pub(crate) tests: Arc<Tests>,
}

/// All routes, guarded. `others` are routes of whoever embeds this, such as health; they are guarded
/// too, but ask nobody who they are.
pub fn routes(settings: Settings, callers: Arc<dyn Callers>, others: Router) -> Router {
    let tests = Arc::new(Tests::new(settings.testing.clone()));
    let of_odahu = |odahu| odahu::routes(odahu, settings.types.clone(), Arc::clone(&tests));
    let odahu = settings.odahu.clone().map(of_odahu);
    let app = Arc::new(App {
        guard: Guard::new(settings.limits, settings.hosts.clone()),
        metrics: settings.metrics.clone(),
        sign_ins: SignIns::default(),
        tests,
        views: Views::new(bowline_catalog::view::Settings::default()),
        open: rest::OpenProjects::default(),
        settings,
        callers,
    });
    Router::new()
        .merge(rest::routes())
        .merge(session::routes())
        .merge(odahu.unwrap_or_default())
        .fallback(guard::no_such_path)
        .method_not_allowed_fallback(guard::no_such_method)
        .with_state(Arc::clone(&app))
        .merge(others)
        .layer(from_fn_with_state(app, guard::watch_over))
}

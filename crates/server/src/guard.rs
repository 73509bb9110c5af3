//! What every request goes through before its handler, and every answer after it: who sends it, for
//! whom it is meant, how much of everything it may take. One file for each concern; what they say is
//! a problem document.

mod body;
mod fetch_site;
mod guesses;
mod headers;
mod host;
mod members;
mod rates;
mod request_id;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::App;
use crate::callers::{Credentials, Peer, PeerCertificate, Refusal, Sender, identify};
use crate::odahu;
use crate::problem::Problem;

pub use body::{Json, MAX_BODY};
pub use fetch_site::CSRF_HEADER;
pub use host::{BadHost, Hosts};
pub use members::Body;
pub use rates::Rates;
pub use request_id::RequestId;

use guesses::Guesses;

/// How much one request, one sender and all of them together may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the headers of a request to its answer.
    pub time: Duration,
    /// Requests at a time.
    pub in_flight: usize,
    /// Requests of one sender.
    pub rate: Rate,
}

/// How many requests one sender may send.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// At once, after a while of rest.
    pub burst: u32,
    /// In the long run.
    pub per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            in_flight: 256,
            rate: Rate {
                burst: 200,
                per_second: 50,
            },
        }
    }
}

/// What the guard keeps between requests.
#[derive(Debug)]
pub(crate) struct Guard {
    limits: Limits,
    places: Semaphore,
    rates: Rates,
    guesses: Guesses,
    hosts: Hosts,
}

impl Guard {
    pub(crate) fn new(limits: Limits, hosts: Hosts) -> Self {
        Self {
            limits,
            places: Semaphore::new(limits.in_flight),
            rates: Rates::new(limits.rate),
            guesses: Guesses::new(limits.rate),
            hosts,
        }
    }
}

/// Paths that load balancers and scrapers ask by address, and that tell nothing about anybody.
const FOR_ANYBODY: [&str; 4] = ["/livez", "/readyz", "/version", "/metrics"];

/// The middleware around all routes.
pub(crate) async fn watch_over(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    // The path as the routes have it: what was asked may hold a one-time code.
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path
        .as_ref()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let policy = headers::Policy::of(&path);
    let form = Form::of(request.uri().path());
    let span = tracing::info_span!("request", id = %id.0, %method, path);
    let answered = AssertUnwindSafe(guarded(&app, request, next, &id)).catch_unwind();
    // The hook counts and logs a panic; it costs its own request only.
    let (user, answer) = answered.instrument(span).await.unwrap_or_else(|_| {
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this is a defect");
        let problem = problem.help("report it with the request's id, and what the log says");
        (String::new(), form.answer(problem))
    });
    let mut answer = request_id::stamp(answer, id.clone());
    headers::add(answer.headers_mut(), policy, app.settings.is_secure);
    let (status, took) = (answer.status(), started.elapsed());
    app.metrics.answered(&method, &path, status, took);
    let milliseconds = took.as_millis();
    tracing::info!(target: "bowline::access", id = %id.0, %method, path, status = status.as_u16(), user, milliseconds, "answered");
    answer
}

async fn guarded(
    app: &App,
    mut request: Request,
    next: Next,
    id: &RequestId,
) -> (String, Response) {
    if FOR_ANYBODY.contains(&request.uri().path()) {
        return (String::new(), next.run(request).await);
    }
    request.extensions_mut().insert(id.clone());
    let form = Form::of(request.uri().path());
    // Finding out who sends it is work too, and has a place and a time as all that follows.
    let Ok(_place) = app.guard.places.try_acquire() else {
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is busy");
        return (String::new(), form.answer(busy.help("try again")));
    };
    let mut user = String::new();
    let answering = async {
        let admitted = admit(app, &mut request).await;
        if let Some(sender) = request.extensions().get::<Sender>() {
            sender.name().clone_into(&mut user);
        }
        match admitted {
            Err(problem) => form.answer(problem),
            Ok(()) => next.run(request).await,
        }
    };
    let answer = tokio::time::timeout(app.guard.limits.time, answering)
        .await
        .unwrap_or_else(|_| form.answer(too_slow()));
    (user, answer)
}

/// In which form a path's clients read what went wrong.
#[derive(Debug, Clone, Copy)]
enum Form {
    Problem,
    Odahu,
}

impl Form {
    fn of(path: &str) -> Self {
        match odahu::has(path) {
            true => Self::Odahu,
            false => Self::Problem,
        }
    }

    fn answer(self, problem: Problem) -> Response {
        match self {
            Self::Problem => problem.into_response(),
            Self::Odahu => odahu::refusal(problem),
        }
    }
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "the request was not there, or not answered, in time",
    )
    .help("send the body at once, or try again")
}

/// Decides whether a request may go on, and says in its extensions who sends it.
async fn admit(app: &App, request: &mut Request) -> Result<(), Problem> {
    app.guard.hosts.check(request)?;
    body::check_length(request.headers())?;
    let (credentials, is_ambient) = credentials(app, request.headers(), request.extensions())?;
    let peer = peer(request.extensions());
    let sender = match credentials {
        // What a session holds, a certificate and the word of a proxy were judged before.
        Ok(token @ Credentials::Token(_)) if is_ambient.is_none() => {
            let guesses = &app.guard.guesses;
            guesses.identify(&app.callers, &token, peer).await?
        }
        Ok(credentials) => identify(&app.callers, &credentials).await,
        Err(refusal) => Sender(Err(refusal)),
    };
    let rate = app.guard.rates.of_sender(&sender, peer);
    request.extensions_mut().insert(sender);
    rate?;
    match is_ambient {
        Some(how) => fetch_site::check(request, how),
        None => Ok(()),
    }
}

/// How a browser adds credentials by itself, also to what other sites make it send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ambient {
    /// Our cookie.
    Session,
    /// A certificate, or what a proxy knows.
    Connection,
}

type Found = (Result<Credentials, Refusal>, Option<Ambient>);

/// What the request brings: by itself, else by its session.
fn credentials(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Result<Found, Problem> {
    let certificate = extensions.get::<PeerCertificate>();
    let proxies = &app.settings.proxies;
    let found = Credentials::of(headers, peer(extensions), certificate, proxies);
    Ok(match found {
        Ok(Credentials::Anonymous) => match app.settings.sessions.of(headers) {
            Some(Ok(credentials)) => (Ok(credentials), Some(Ambient::Session)),
            Some(Err(refusal)) => (Err(refusal), None),
            None => (Ok(Credentials::Anonymous), None),
        },
        Ok(token @ Credentials::Token(_)) => (Ok(token), None),
        Ok(other) => (Ok(other), Some(Ambient::Connection)),
        Err(refusal) => (Err(refusal), None),
    })
}

fn peer(extensions: &Extensions) -> Option<Peer> {
    extensions.get::<Peer>().copied()
}

/// What is answered where there is no such path.
pub(crate) async fn no_such_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such path")
        .help("`/api/v1/openapi.json` has all paths, `/docs/` shows them")
}

/// What is answered where a path does not have the method; axum adds `Allow`.
pub(crate) async fn no_such_method(method: http::Method) -> Problem {
    let detail = format!("the path does not have the method `{method}`");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail);
    problem.help("the header `Allow` has those that it has")
}

/// A header value that is text of ours.
pub(crate) fn plain(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Whether an answer may be shown again from a cache: never.
pub(crate) const NO_STORE: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

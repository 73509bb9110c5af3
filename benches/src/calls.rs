//! Calls of an API: counted by verb, and made to take as long as in a cluster.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Method, Request};
use tower::Service;

/// How long a read takes; both times are averages of Kubernetes' own end-to-end tests.
const READ: Duration = Duration::from_millis(8);
/// How long a write takes.
const WRITE: Duration = Duration::from_millis(24);

/// What was called. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<String, usize>,
    is_slow: bool,
}

impl Calls {
    /// A service whose requests are counted.
    pub fn through<S>(&self, service: S) -> Counted<S> {
        Counted {
            service,
            calls: self.clone(),
        }
    }

    /// From now on calls take their time; what was counted is forgotten.
    pub fn start(&self) {
        *self.state() = State {
            is_slow: true,
            ..State::default()
        };
    }

    /// How many calls there were in all; watches do not count.
    pub fn total(&self) -> usize {
        self.state().counts.values().sum()
    }

    /// How many calls there were whose method and resource are these, as in `PATCH notebooks`.
    pub fn of(&self, what: &str) -> usize {
        self.state().counts.get(what).copied().unwrap_or_default()
    }

    /// Everything that was counted, for people.
    pub fn describe(&self) -> String {
        let state = self.state();
        let parts = state.counts.iter().map(|(what, n)| format!("{n} {what}"));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Counts a request; returns how long it shall take.
    fn count<B>(&self, request: &Request<B>) -> Duration {
        let query = request.uri().query().unwrap_or_default();
        if query.contains("watch=") {
            return Duration::ZERO;
        }
        let mut state = self.state();
        let method = request.method();
        let what = format!("{method} {}", resource(request.uri().path()));
        *state.counts.entry(what).or_default() += 1;
        match (state.is_slow, *method == Method::GET) {
            (false, _) => Duration::ZERO,
            (true, true) => READ,
            (true, false) => WRITE,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The plural in a path of the API.
fn resource(path: &str) -> &str {
    let mut parts = path.split('/').skip_while(|part| *part != "namespaces");
    parts
        .nth(2)
        .or_else(|| path.rsplit('/').next())
        .unwrap_or(path)
}

/// A service whose requests are counted.
#[derive(Debug, Clone)]
pub struct Counted<S> {
    service: S,
    calls: Calls,
}

impl<S, B> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let pause = self.calls.count(&request);
        let mut service = self.service.clone();
        Box::pin(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            service.call(request).await
        })
    }
}

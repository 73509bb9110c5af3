//! A leader's term: until when it may write, by its own steady clock, and a client whose writes end
//! with it. How a term is won and prolonged is left to `lease`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use axum::http::{Method, Request};
use kube::client::Body;
use tokio::time::Instant;

/// The term of one replica; over until it is won.
#[derive(Debug, Clone, Default)]
pub struct Term(Arc<Mutex<Option<Instant>>>);

/// The term is over, so nothing was written, or nobody knows whether it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this replica leads no more")]
pub struct Over;

impl Term {
    /// Begins it, or prolongs it.
    pub fn prolong(&self, end: Instant) {
        self.set(Some(end));
    }

    /// Ends it at once.
    pub fn end(&self) {
        self.set(None);
    }

    /// Whether it is over. A process that was frozen finds it over when it wakes, before anybody has
    /// told it.
    pub fn is_over(&self) -> bool {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.is_none_or(|end| Instant::now() >= end)
    }

    fn set(&self, end: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    /// A client that writes during the term only; reads are always let through.
    ///
    /// The clock is looked at whenever a request gets on, not just before it: one that waited for
    /// its turn or for another try is given up, and an answer that comes too late is none, so that
    /// nothing is done on the strength of it. What has left already cannot be called back. That is
    /// why each write carries the version that it was decided on.
    #[must_use]
    pub fn client(&self, client: kube::Client) -> kube::Client {
        let namespace = client.default_namespace().to_owned();
        let term = self.clone();
        let send = move |request: Request<Body>| {
            let (term, client) = (term.clone(), client.clone());
            async move {
                let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
                let mut sent = pin!(client.send(request));
                poll_fn(|context| {
                    if !is_read && term.is_over() {
                        return Poll::Ready(Err(kube::Error::Service(Over.into())));
                    }
                    sent.as_mut().poll(context)
                })
                .await
            }
        };
        kube::Client::new(tower::service_fn(send), namespace)
    }
}

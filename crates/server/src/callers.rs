//! Who sends a request, and the Kubernetes client that acts with exactly their rights. How a client
//! for somebody is made is left to whoever embeds this crate; the server has no rights of its own
//! over anybody's Secrets.

mod credentials;
mod dry;
mod proxies;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::problem::Problem;

pub use credentials::{Credentials, Peer, PeerCertificate};
pub use proxies::{BadNetwork, Network, Proxies};

/// Somebody as Kubernetes knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The name, unique among users.
    pub name: String,
    /// The groups they belong to.
    pub groups: Vec<String>,
    /// What else whoever vouches for them knows.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Somebody who is known, with a client that has their rights. As an argument of a handler it
/// refuses requests of unknown senders.
#[derive(Clone)]
pub struct Caller {
    /// Acts with their rights, and no others.
    pub client: kube::Client,
    /// Who it is.
    pub user: User,
    /// The same for all requests with these rights, and for no others.
    pub key: String,
}

impl Caller {
    /// Somebody, with a client that has their rights.
    pub fn new(client: kube::Client, user: User) -> Self {
        let User {
            name,
            groups,
            extra,
        } = &user;
        let key = format!("{name:?} {groups:?} {extra:?}");
        Self { client, user, key }
    }
}

impl Caller {
    /// The same, but nothing that is written is kept: the Kubernetes API checks it, and answers.
    pub(crate) fn dry(mut self) -> Self {
        self.client = dry::client(self.client);
        self
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.user.name;
        f.debug_struct("Caller")
            .field("user", name)
            .finish_non_exhaustive()
    }
}

/// Why there is no client for somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// They have not said who they are.
    #[error("the request does not say who sends it")]
    Anonymous,
    /// They have, and it is not true or no longer so.
    #[error("who sends the request is not known: {0}")]
    Unknown(&'static str),
    /// It cannot be found out now.
    #[error("who sends the request cannot be found out now: {0}")]
    Unavailable(String),
}

/// Makes clients for those who send requests.
#[async_trait]
pub trait Callers: Send + Sync + 'static {
    /// A client with the rights of whoever has these credentials.
    ///
    /// # Errors
    /// When nobody has them, or that cannot be found out.
    async fn caller(&self, credentials: &Credentials) -> Result<Caller, Refusal>;
}

/// Who sent a request, as found out before its handler; always in a request's extensions.
#[derive(Debug, Clone)]
pub struct Sender(pub Result<Caller, Refusal>);

impl Sender {
    /// A name for logs, limits and audit lines.
    pub fn name(&self) -> &str {
        self.0
            .as_ref()
            .map_or("system:anonymous", |caller| &caller.user.name)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Sender>() {
            Some(Sender(Ok(caller))) => Ok(caller.clone()),
            Some(Sender(Err(refusal))) => Err(Problem::from(refusal.clone())),
            None => Err(Problem::from(Refusal::Anonymous)),
        }
    }
}

/// Finds out who sends each request, and says so in its extensions.
pub(crate) async fn identify(callers: &Arc<dyn Callers>, credentials: &Credentials) -> Sender {
    if matches!(credentials, Credentials::Anonymous) {
        return Sender(Err(Refusal::Anonymous));
    }
    let mut found = callers.caller(credentials).await;
    if let (Ok(caller), Credentials::Token(_)) = (&mut found, credentials) {
        // Two tokens of one user may carry different rights.
        caller.key = format!("{} {}", caller.key, credentials.key());
    }
    Sender(found)
}

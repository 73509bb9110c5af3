//! What a provider publishes: where to sign in, where tokens are to be had, and the keys that it
//! signs with. Keys change, so an unknown one makes us look again, though not all the time.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use super::{OidcError, is_safe};
use crate::outbound::Outbound;

/// How often the keys are looked at because of tokens with unknown ones.
const KEYS_EVERY: Duration = Duration::from_secs(3);
/// How long keys are used without looking whether the provider has taken one back.
const KEYS_LAST: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    pub(super) outbound: Outbound,
    endpoints: OnceCell<Endpoints>,
    keys: Mutex<Option<Keys>>,
}

/// Where the provider answers; the names are those of OpenID Connect Discovery 1.0.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    jwks_uri: Url,
}

#[derive(Debug)]
struct Keys {
    all: Vec<Jwk>,
    at: Instant,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Provider {
    pub(super) fn new(issuer: String, outbound: Outbound) -> Self {
        Self {
            issuer,
            outbound,
            endpoints: OnceCell::new(),
            keys: Mutex::default(),
        }
    }

    /// What the provider says of itself, asked for until it has answered once.
    pub(super) async fn endpoints(&self) -> Result<&Endpoints, OidcError> {
        self.endpoints.get_or_try_init(|| self.discover()).await
    }

    async fn discover(&self) -> Result<Endpoints, OidcError> {
        let base = self.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let url = Url::parse(&url).map_err(|_| OidcError::Issuer(self.issuer.clone()))?;
        let found: Endpoints = self.outbound.get(&url).await?;
        if found.issuer != self.issuer {
            return Err(OidcError::Strange("it names another issuer"));
        }
        let all = [
            &found.authorization_endpoint,
            &found.token_endpoint,
            &found.jwks_uri,
        ];
        if !all.into_iter().all(is_safe) {
            return Err(OidcError::Strange("one of its endpoints is not `https`"));
        }
        Ok(found)
    }

    /// The key of a name; where tokens name none, the only one there is.
    pub(super) async fn key(&self, name: Option<&str>) -> Result<Jwk, OidcError> {
        let uri = &self.endpoints().await?.jwks_uri;
        let mut keys = self.keys.lock().await;
        let now = Instant::now();
        let age = keys.as_ref().map(|keys| now - keys.at);
        let known = keys
            .as_ref()
            .and_then(|keys| find(&keys.all, name))
            .cloned();
        if let Some(key) = known.filter(|_| age.is_some_and(|age| age < KEYS_LAST)) {
            return Ok(key);
        }
        if age.is_some_and(|age| age < KEYS_EVERY) {
            return Err(OidcError::Token("its key is not one of the provider's"));
        }
        let set: KeySet = self.outbound.get(uri).await?;
        // Keys of sorts that we do not know do not spoil the others.
        let all: Vec<Jwk> = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect();
        let found = find(&all, name).cloned();
        *keys = Some(Keys { all, at: now });
        found.ok_or(OidcError::Token("its key is not one of the provider's"))
    }
}

/// Public keys only: a provider that publishes a shared secret has none.
fn find<'a>(keys: &'a [Jwk], name: Option<&str>) -> Option<&'a Jwk> {
    let mut public = keys
        .iter()
        .filter(|key| !matches!(key.algorithm, AlgorithmParameters::OctetKey(_)));
    match name {
        Some(name) => public.find(|key| key.common.key_id.as_deref() == Some(name)),
        None => public.next().filter(|_| public.next().is_none()),
    }
}

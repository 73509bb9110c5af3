//! What a provider publishes: where to sign in, where tokens are to be had, and the keys that it
//! signs with. Keys change, so an unknown one makes us look again, though not all the time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::{OidcError, is_safe};
use crate::outbound::Outbound;

/// How often the keys are looked at because of tokens with unknown ones.
const KEYS_EVERY: Duration = Duration::from_secs(3);
/// How long keys are used without looking whether the provider has taken one back.
const KEYS_LAST: Duration = Duration::from_secs(60 * 60);
/// What a token is refused with whose key was not among them.
const UNKNOWN: OidcError = OidcError::Token("its key is not one of the provider's");

#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    pub(super) outbound: Outbound,
    endpoints: OnceCell<Endpoints>,
    keys: Mutex<Option<Keys>>,
    /// Held while somebody looks for keys, so that one does at a time; nobody waits for it whose key
    /// is known.
    last_look: tokio::sync::Mutex<Option<Look>>,
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

/// A look for the keys that the provider has now.
#[derive(Debug)]
struct Look {
    at: Instant,
    has_failed: bool,
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
            last_look: tokio::sync::Mutex::default(),
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
        if let Some(key) = self.known(name) {
            return Ok(key);
        }
        let asked = Instant::now();
        let mut last_look = self.last_look.lock().await;
        // Whoever looked in the meantime looked for all who waited.
        if let Some(key) = self.known(name) {
            return Ok(key);
        }
        match &*last_look {
            Some(look) if asked.saturating_duration_since(look.at) < KEYS_EVERY => {
                return Err(match look.has_failed {
                    true => OidcError::NoKeys,
                    false => UNKNOWN,
                });
            }
            _ => {}
        }
        let at = Instant::now();
        // It counts from its beginning, also where it fails or nobody waits for its end.
        *last_look = Some(Look {
            at,
            has_failed: true,
        });
        let set: KeySet = self.outbound.get(uri).await?;
        *last_look = Some(Look {
            at,
            has_failed: false,
        });
        // Keys of sorts that we do not know do not spoil the others.
        let all: Vec<Jwk> = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect();
        let found = find(&all, name).cloned();
        *self.keys() = Some(Keys { all, at });
        found.ok_or(UNKNOWN)
    }

    /// The key of a name, where it was seen lately.
    fn known(&self, name: Option<&str>) -> Option<Jwk> {
        let keys = self.keys();
        let keys = keys.as_ref().filter(|keys| keys.at.elapsed() < KEYS_LAST)?;
        find(&keys.all, name).cloned()
    }

    fn keys(&self) -> MutexGuard<'_, Option<Keys>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    /// A provider whose key `known` was seen a while ago; keys are at a place that never answers.
    async fn provider() -> (Provider, TcpListener) {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", silent.local_addr().expect("an address"));
        let found = json!({
            "issuer": url, "authorization_endpoint": url, "token_endpoint": url, "jwks_uri": url,
        });
        let found: Endpoints = serde_json::from_value(found).expect("endpoints");
        let key = json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "kid": "known"});
        let keys = Keys {
            all: vec![serde_json::from_value(key).expect("a key")],
            at: Instant::now().checked_sub(KEYS_EVERY).expect("a while"),
        };
        let provider = Provider {
            endpoints: OnceCell::from(found),
            keys: Mutex::new(Some(keys)),
            ..Provider::new(url, Outbound::new(None).expect("a client"))
        };
        (provider, silent)
    }

    #[tokio::test]
    async fn a_look_for_keys_that_hangs_holds_up_nobody_whose_key_is_known() {
        let (provider, silent) = provider().await;
        let provider = Arc::new(provider);
        let other = Arc::clone(&provider);
        let looking = tokio::spawn(async move { other.key(Some("unknown")).await });
        let _hanging = silent.accept().await.expect("a look");
        let known = provider.key(Some("known")).now_or_never();
        assert!(matches!(known, Some(Ok(_))), "{known:?}");
        looking.abort();
    }

    #[tokio::test]
    async fn a_look_that_failed_is_not_repeated_at_once() {
        let (provider, closed) = provider().await;
        drop(closed);
        let failed = provider.key(Some("unknown")).await;
        assert!(matches!(failed, Err(OidcError::Provider(_))), "{failed:?}");
        // However slow this machine is, it was a moment ago.
        let mut last_look = provider.last_look.lock().await;
        last_look.as_mut().expect("a look").at = Instant::now() + KEYS_LAST;
        drop(last_look);
        let again = provider.key(Some("unknown")).now_or_never();
        assert!(matches!(again, Some(Err(OidcError::NoKeys))), "{again:?}");
    }
}

//! What a provider publishes: where to sign in, where tokens are to be had, and the keys that it
//! signs with. Keys change, so an unknown one makes us look again, though not all the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    keys: Arc<Mutex<Option<Keys>>>,
    /// When somebody last looked for keys; held meanwhile, so that one does at a time. Nobody waits
    /// for it whose key is known.
    last_look: tokio::sync::Mutex<Option<Instant>>,
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
            keys: Arc::default(),
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
        if let Some(at) = *last_look
            && asked.saturating_duration_since(at) < KEYS_EVERY
        {
            let has_keys_since = self.keys().as_ref().is_some_and(|keys| keys.at >= at);
            return Err(match has_keys_since {
                true => UNKNOWN,
                false => OidcError::NoKeys,
            });
        }
        let at = Instant::now();
        // It counts from its beginning, also where it fails, and whoever began it and hangs up does
        // not end it for all the others.
        *last_look = Some(at);
        let (outbound, uri, keys) = (self.outbound.clone(), uri.clone(), Arc::clone(&self.keys));
        let looking = tokio::spawn(async move {
            let all = looked_up(&outbound, &uri).await?;
            *keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(Keys { all, at });
            Ok::<_, OidcError>(())
        });
        looking.await.unwrap_or(Err(OidcError::NoKeys))?;
        self.known(name).ok_or(UNKNOWN)
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

/// The keys that the provider has now; some of sorts that we do not know do not spoil the others.
async fn looked_up(outbound: &Outbound, uri: &Url) -> Result<Vec<Jwk>, OidcError> {
    let set: KeySet = outbound.get(uri).await?;
    let keys = set.keys.into_iter();
    Ok(keys
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect())
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
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;

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
            keys: Arc::new(Mutex::new(Some(keys))),
            ..Provider::new(url, Outbound::new(None).expect("a client"))
        };
        (provider, silent)
    }

    /// A provider whose keys somebody is looking for, and the connection that waits for an answer.
    async fn looked_at() -> (Arc<Provider>, JoinHandle<Result<Jwk, OidcError>>, TcpStream) {
        let (provider, silent) = provider().await;
        let provider = Arc::new(provider);
        let other = Arc::clone(&provider);
        let looking = tokio::spawn(async move { other.key(Some("unknown")).await });
        let (hanging, _) = silent.accept().await.expect("a look");
        (provider, looking, hanging)
    }

    #[tokio::test]
    async fn a_look_for_keys_that_hangs_holds_up_nobody_whose_key_is_known() {
        let (provider, looking, _hanging) = looked_at().await;
        let known = provider.key(Some("known")).now_or_never();
        assert!(matches!(known, Some(Ok(_))), "{known:?}");
        looking.abort();
    }

    #[tokio::test]
    async fn whoever_hangs_up_does_not_end_a_look_for_all_the_others() {
        let (provider, looking, mut hanging) = looked_at().await;
        looking.abort();
        assert!(looking.await.is_err_and(|error| error.is_cancelled()));
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}";
        hanging.write_all(answer.as_bytes()).await.expect("written");
        // The keys that it told are kept: there is none any more.
        while provider.known(Some("known")).is_some() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_look_that_failed_is_not_repeated_at_once() {
        let (provider, closed) = provider().await;
        drop(closed);
        let failed = provider.key(Some("unknown")).await;
        assert!(matches!(failed, Err(OidcError::Provider(_))), "{failed:?}");
        // However slow this machine is, it was a moment ago.
        let mut last_look = provider.last_look.lock().await;
        *last_look = Some(Instant::now() + KEYS_LAST);
        drop(last_look);
        let again = provider.key(Some("unknown")).now_or_never();
        assert!(matches!(again, Some(Err(OidcError::NoKeys))), "{again:?}");
    }
}

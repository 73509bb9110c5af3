//! Who may use `bowline server`, and with which rights: a token is passed on as it is, so that the
//! cluster judges it; whom a certificate or a trusted proxy names is impersonated.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bowline_core::Sensitive;
use bowline_server::callers::{Caller, Callers, Credentials, Refusal, User};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Api, PostParams};
use kube::config::AuthInfo;
use kube::{Client, Config};

/// How long a token is not asked about again. Its rights are the cluster's word every time.
const KNOWN_FOR: Duration = Duration::from_secs(30);
/// Clients that are kept; beyond that, all go.
const MOST: usize = 1_000;

/// Clients of a cluster.
pub(crate) struct Cluster {
    /// The way to the cluster, with the server's own credentials.
    config: Config,
    known: Mutex<HashMap<String, (Instant, Caller)>>,
}

impl Cluster {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            known: Mutex::default(),
        }
    }

    fn known(&self, key: &str) -> Option<Caller> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, caller) = known.get(key)?;
        (at.elapsed() < KNOWN_FOR).then(|| caller.clone())
    }

    fn remember(&self, key: String, caller: &Caller) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (at, _)| at.elapsed() < KNOWN_FOR);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (Instant::now(), caller.clone()));
    }

    async fn with_token(&self, token: &str) -> Result<Caller, Refusal> {
        let mut config = self.config.clone();
        config.auth_info = AuthInfo {
            token: Some(token.to_owned().into()),
            ..AuthInfo::default()
        };
        let client = client(config)?;
        let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
        let asked = reviews
            .create(&PostParams::default(), &SelfSubjectReview::default())
            .await;
        let info = match asked {
            Ok(review) => review.status.and_then(|status| status.user_info),
            Err(kube::Error::Api(status)) if matches!(status.code, 401 | 403) => None,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot ask whose a token is"
                );
                let why = "the Kubernetes API does not answer".to_owned();
                return Err(Refusal::Unavailable(why));
            }
        };
        let info = info.ok_or(Refusal::Unknown("the cluster does not take the token"))?;
        let user = User {
            name: info.username.unwrap_or_default(),
            groups: info.groups.unwrap_or_default(),
            extra: info.extra.unwrap_or_default(),
        };
        Ok(Caller::new(client, user))
    }

    /// Impersonation adds the group of everybody who is known by itself.
    fn impersonating(&self, user: &User) -> Result<Caller, Refusal> {
        let mut config = self.config.clone();
        let auth = &mut config.auth_info;
        auth.impersonate = Some(user.name.clone());
        auth.impersonate_groups = Some(user.groups.clone());
        auth.impersonate_user_extra = Some(user.extra.clone().into_iter().collect());
        Ok(Caller::new(client(config)?, user.clone()))
    }
}

fn client(config: Config) -> Result<Client, Refusal> {
    // What is wrong with it may quote a token.
    Client::try_from(config).map_err(|_| Refusal::Unknown("no client can be made for the sender"))
}

#[async_trait]
impl Callers for Cluster {
    async fn caller(&self, credentials: &Credentials) -> Result<Caller, Refusal> {
        let key = credentials.key();
        if let Some(caller) = self.known(&key) {
            return Ok(caller);
        }
        let caller = match credentials {
            Credentials::Token(token) => self.with_token(text(token)?).await?,
            Credentials::Certificate(user) | Credentials::Proxy(user) => {
                self.impersonating(user)?
            }
            Credentials::Anonymous => return Err(Refusal::Anonymous),
        };
        self.remember(key, &caller);
        Ok(caller)
    }
}

fn text(token: &Sensitive) -> Result<&str, Refusal> {
    token
        .expose_str()
        .ok_or(Refusal::Unknown("the token is not text"))
}

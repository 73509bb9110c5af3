//! Who may use the web server of `bowline up`, and with which rights: whoever has a token of the
//! embedded API, or one of the configured OpenID provider.

use std::sync::Arc;

use async_trait::async_trait;
use bowline_apiserver::{ApiServer, UserInfo};
use bowline_server::callers::{Caller, Callers, Credentials, Refusal, User};
use bowline_server::session::oidc::{Oidc, OidcError};

/// Clients of the embedded API.
pub(crate) struct Embedded {
    pub(crate) api: ApiServer,
    pub(crate) oidc: Option<Arc<Oidc>>,
}

impl Embedded {
    /// A client of the API in this process for somebody, with their rights.
    fn caller_of(&self, user: UserInfo) -> Caller {
        let client = kube::Client::new(self.api.in_process(user.clone()), "default");
        let UserInfo {
            name,
            groups,
            extra,
            ..
        } = user;
        Caller::new(
            client,
            User {
                name,
                groups,
                extra,
            },
        )
    }

    async fn user_of(&self, token: &str) -> Result<UserInfo, Refusal> {
        let known = self.api.user_of_token(token).await;
        let known = known.map_err(|error| Refusal::Unavailable(error.to_string()))?;
        if let Some(user) = known {
            return Ok(user);
        }
        let Some(oidc) = self.oidc.as_ref().filter(|oidc| oidc.is_theirs(token)) else {
            return Err(Refusal::Unknown("the token is none of this server's"));
        };
        match oidc.verify(token).await {
            Ok(person) => Ok(UserInfo::new(person.user.name, person.user.groups)),
            Err(OidcError::Token(why)) => Err(Refusal::Unknown(why)),
            Err(error) => Err(Refusal::Unavailable(error.to_string())),
        }
    }
}

#[async_trait]
impl Callers for Embedded {
    async fn caller(&self, credentials: &Credentials) -> Result<Caller, Refusal> {
        match credentials {
            Credentials::Anonymous => Err(Refusal::Anonymous),
            Credentials::Token(token) => {
                let text = token.expose_str();
                let text = text.ok_or(Refusal::Unknown("the token is not text"))?;
                Ok(self.caller_of(self.user_of(text).await?))
            }
            // Loopback has no proxy to trust, and plain HTTP no certificates.
            Credentials::Certificate(_) | Credentials::Proxy(_) => {
                Err(Refusal::Unknown("this server takes tokens only"))
            }
        }
    }
}

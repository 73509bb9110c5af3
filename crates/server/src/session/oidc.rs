//! OpenID Connect: who an ID token of a configured provider names, and the authorization code flow
//! with PKCE by which a browser gets one (RFC 6749, RFC 7636, OpenID Connect Core 1.0). Cookies and
//! sessions are left to the modules beside this one.

mod flow;
mod provider;
mod token;

use std::time::SystemTime;

use bowline_core::Sensitive;
use jiff::Timestamp;
use url::{Host, Url};

use crate::callers::User;
use crate::outbound::{Outbound, OutboundError};
use provider::Provider;

pub(crate) use flow::{PATIENCE, Pending};

/// What is configured; the names are those of the flags of `kube-apiserver`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The provider, exactly as its tokens name it.
    pub issuer_url: String,
    /// What this server is called at the provider, and the audience of tokens.
    pub client_id: String,
    /// By which this server proves that; public clients have none.
    pub client_secret: Option<Sensitive>,
    /// The claim that names the user.
    pub username_claim: String,
    /// The claim that lists the groups.
    pub groups_claim: String,
    /// Certificates that the provider's is signed by, as PEM, beside those of the system.
    pub ca: Option<Vec<u8>>,
}

/// Why nobody can sign in, or a token is not taken. Texts never hold a token.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The settings cannot be used.
    #[error("`{0}` is not an `https` URL of an OpenID provider")]
    Issuer(String),
    /// The provider does not answer as it should.
    #[error("the OpenID provider cannot be asked")]
    Provider(#[from] OutboundError),
    /// The provider says something that cannot be.
    #[error("the OpenID provider says something strange: {0}")]
    Strange(&'static str),
    /// The provider's keys could not be had a moment ago, and it is left alone for another.
    #[error("the OpenID provider did not tell its keys a moment ago")]
    NoKeys,
    /// A token is not good.
    #[error("the ID token is not good: {0}")]
    Token(&'static str),
}

/// Somebody whom an ID token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who it is.
    pub user: User,
    /// When the token ends.
    pub ends: SystemTime,
}

/// A configured provider.
#[derive(Debug)]
pub struct Oidc {
    settings: Settings,
    provider: Provider,
}

impl Oidc {
    /// Knows the provider; asks it nothing yet.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: Settings) -> Result<Self, OidcError> {
        let bad = || OidcError::Issuer(settings.issuer_url.clone());
        let issuer = Url::parse(&settings.issuer_url).map_err(|_| bad())?;
        if !is_safe(&issuer) || issuer.query().is_some() || !issuer.username().is_empty() {
            return Err(bad());
        }
        let outbound = Outbound::new(settings.ca.as_deref())?;
        let provider = Provider::new(settings.issuer_url.clone(), outbound);
        Ok(Self { settings, provider })
    }

    /// Whether a bearer token looks like one of this provider's.
    pub fn is_theirs(&self, token: &str) -> bool {
        token::issuer(token).is_some_and(|issuer| issuer == self.settings.issuer_url)
    }

    /// Whom an ID token names, if it is good now.
    ///
    /// # Errors
    /// When it is not, or the provider's keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Person, OidcError> {
        let claims = token::verify(&self.settings, &self.provider, token).await?;
        token::person(&self.settings, &claims)
    }
}

/// Tokens and secrets go over TLS, or do not leave this machine.
fn is_safe(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback,
        _ => false,
    }
}

fn system_time(seconds: i64) -> Option<SystemTime> {
    Timestamp::from_second(seconds).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests;

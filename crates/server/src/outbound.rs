//! The one way out of this crate over HTTP: within a time and a size, without following redirects,
//! without the proxies of the environment. Where it goes is configured, never a user's word.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

/// From the connection to the end of the answer.
const TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Bytes of an answer; key sets and tokens have a few thousand.
const MOST: usize = 1024 * 1024;

/// Why nothing good came back. Texts hold no answer, since that may be a token.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The client cannot be made.
    #[error("the certificates for requests to others are no good")]
    Certificates(#[source] reqwest::Error),
    /// There was no answer, or it was cut.
    #[error("`{host}` does not answer")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// The cause, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is a refusal.
    #[error("`{host}` answers with status {status}")]
    Refused {
        /// Who was asked.
        host: String,
        /// The status.
        status: StatusCode,
    },
    /// The answer is too large, or not the JSON that it should be.
    #[error("the answer of `{host}` {why}")]
    Unreadable {
        /// Who was asked.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Asks others.
#[derive(Debug, Clone)]
pub(crate) struct Outbound(Client);

impl Outbound {
    /// With further certificate authorities, as PEM, beside those of the system.
    ///
    /// # Errors
    /// When they are no certificates.
    pub(crate) fn new(authorities: Option<&[u8]>) -> Result<Self, OutboundError> {
        // There is one provider of cryptography in this program; a second call changes nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder()
            .timeout(TIME)
            .connect_timeout(CONNECT_TIME)
            .redirect(Policy::none())
            .no_proxy();
        if let Some(pem) = authorities {
            let all = Certificate::from_pem_bundle(pem).map_err(OutboundError::Certificates)?;
            builder = builder.tls_certs_merge(all);
        }
        builder
            .build()
            .map(Self)
            .map_err(OutboundError::Certificates)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, OutboundError> {
        send(self.0.get(url.clone()), url).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        login: Option<(&str, &str)>,
    ) -> Result<T, OutboundError> {
        let mut request = self.0.post(url.clone()).form(form);
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        send(request, url).await
    }
}

async fn send<T: DeserializeOwned>(request: RequestBuilder, url: &Url) -> Result<T, OutboundError> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let unreachable = |error: reqwest::Error| OutboundError::Unreachable {
        host: host.clone(),
        source: error.without_url(),
    };
    let unreadable = |why| OutboundError::Unreadable {
        host: host.clone(),
        why,
    };
    let mut answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(OutboundError::Refused {
            host: host.clone(),
            status,
        });
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&piece);
        if body.len() > MOST {
            return Err(unreadable("is too large"));
        }
    }
    serde_json::from_slice(&body).map_err(|_| unreadable("is not the JSON that it should be"))
}

//! The one way out of this crate over HTTP: within a time and a size, without following redirects,
//! without the proxies of the environment. Where it goes is configured, never a user's word.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
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
    /// What should be certificates is none.
    #[error("the certificates for requests to others are no good")]
    Certificates(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// TLS cannot be spoken.
    #[error("TLS for requests to others cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The client cannot be made.
    #[error("requests to others cannot be made")]
    Client(#[source] reqwest::Error),
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
        let mut roots = bowline_probe::system_authorities().as_ref().clone();
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(authorities.unwrap_or_default()) {
            roots.add(certificate.map_err(bad)?).map_err(bad)?;
        }
        if authorities.is_some() && roots.len() == before {
            return Err(OutboundError::Certificates(
                "there is none in the file".into(),
            ));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(OutboundError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(TIME)
            .connect_timeout(CONNECT_TIME)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map(Self)
            .map_err(OutboundError::Client)
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

fn bad(error: impl std::error::Error + Send + Sync + 'static) -> OutboundError {
    OutboundError::Certificates(error.into())
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

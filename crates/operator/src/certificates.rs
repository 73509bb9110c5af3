//! The certificate that admission is served with. It can be replaced at any time without a lost
//! request; where it comes from is left to `own` (made here) and `files` (made elsewhere).

mod bundle;
mod facts;
pub mod files;
mod make;
pub mod own;
mod publish;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::metrics::Metrics;
use facts::Facts;

pub use bundle::Lives;

/// How far before now a certificate of ours begins, since other clocks may be late.
const BACKDATE: SignedDuration = SignedDuration::from_hours(2);

/// Reads the time; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of this machine.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Why a certificate and key are no good. Texts hold nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// There is no certificate, or not in PEM.
    #[error("`{0}` holds no certificate in PEM")]
    Certificate(&'static str),
    /// There is no private key, or not in PEM.
    #[error("`{0}` holds no private key in PEM")]
    Key(&'static str),
    /// The two do not belong together, or the TLS library does not know their kind.
    #[error("`{certificate}` and `{key}` do not make a pair: {source}")]
    Pair {
        /// Which certificate.
        certificate: &'static str,
        /// Which key.
        key: &'static str,
        /// What the TLS library says.
        source: rustls::Error,
    },
    /// The certificate is signed by none of the authorities beside it, or is for another use.
    #[error("`tls.crt` is not a certificate by `ca.crt`: {0}")]
    Chain(rustls::Error),
    /// Something is missing that belongs with it.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

/// A certificate and key that are good to serve with.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    key: Arc<CertifiedKey>,
    facts: Facts,
}

impl Pair {
    /// Reads a chain and its key, which must belong together.
    fn read(
        (certificate_at, chain): (&'static str, &[u8]),
        (key_at, key): (&'static str, &[u8]),
    ) -> Result<Self, Unfit> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| Unfit::Certificate(certificate_at))?;
        let facts = chain.first().and_then(Facts::of);
        let facts = facts.ok_or(Unfit::Certificate(certificate_at))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Unfit::Key(key_at))?;
        let pair = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let key = Arc::new(pair.map_err(|source| Unfit::Pair {
            certificate: certificate_at,
            key: key_at,
            source,
        })?);
        Ok(Self { key, facts })
    }

    fn end_entity(&self) -> Option<&CertificateDer<'static>> {
        self.key.cert.first()
    }
}

/// A client without a certificate, where certificates are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// It is not connected.
    Refused,
    /// It is connected, and nobody knows yet who it is.
    Anonymous,
}

/// The certificate that is served now; clones share it.
#[derive(Clone)]
pub struct Serving(Arc<Shared>);

struct Shared {
    current: RwLock<Option<Pair>>,
    metrics: Arc<Metrics>,
}

/// Says when the certificate ends, and nothing of its key.
impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Serving").field(&self.ends()).finish()
    }
}

impl Serving {
    /// No certificate yet: whoever connects is refused.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let current = RwLock::default();
        Self(Arc::new(Shared { current, metrics }))
    }

    /// When the certificate ends; `None` as long as there is none.
    pub fn ends(&self) -> Option<Timestamp> {
        self.current().map(|pair| pair.facts.not_after)
    }

    /// What the TLS library needs to serve HTTP/1.1 and HTTP/2, now and after each change.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.serve_those(WebPkiClientVerifier::no_client_auth())
    }

    /// The same for clients that show a certificate by one of these authorities, in PEM; what
    /// becomes of those that show none is the caller's choice.
    ///
    /// # Errors
    /// When there is no certificate, or one that cannot be an authority's.
    pub fn server_config_for(
        &self,
        authorities: &[u8],
        without: Without,
    ) -> Result<Arc<ServerConfig>, Unfit> {
        const AT: &str = "the client authority";
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let certificate = certificate.map_err(|_| Unfit::Certificate(AT))?;
            roots.add(certificate).map_err(Unfit::Chain)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = match without {
            Without::Refused => verifier,
            Without::Anonymous => verifier.allow_unauthenticated(),
        };
        let verifier = verifier.build().map_err(|_| Unfit::Certificate(AT))?;
        Ok(self.serve_those(verifier))
    }

    fn serve_those(&self, clients: Arc<dyn ClientCertVerifier>) -> Arc<ServerConfig> {
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("the provider knows the default protocol versions")
                .with_client_cert_verifier(clients)
                .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// Serves new connections with another certificate; those that stand are not touched.
    fn replace(&self, pair: Pair) {
        self.0.metrics.certificate_ends(pair.facts.not_after);
        let mut current = self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(pair);
    }

    fn current(&self) -> Option<Pair> {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current().map(|pair| pair.key)
    }
}

#[cfg(test)]
pub(crate) mod tests;

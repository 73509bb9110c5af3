//! TLS over a dialled stream, and telling apart why it fails.

use std::io;
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Trust;
use crate::dial::Target;
use crate::outcome::{self, Outcome};
use crate::trouble::Trouble;

/// Does TLS, and says whether HTTP/2 was chosen.
pub(crate) async fn secure(
    stream: TcpStream,
    target: &Target,
    trust: &Trust,
) -> Result<(TlsStream<TcpStream>, bool), Trouble> {
    let host = target.host();
    let name = ServerName::try_from(
        host.trim_matches(['[', ']'])
            .trim_end_matches('.')
            .to_owned(),
    );
    let name = name.map_err(|_| Trouble::new(&outcome::ADDRESS_UNREADABLE))?;
    let config = config(trust)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    let stream = stream.map_err(|error| Trouble::new(why(&error)))?;
    let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok((stream, is_two))
}

fn config(trust: &Trust) -> Result<ClientConfig, Trouble> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    let provider = Arc::clone(&PROVIDER);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| Trouble::new(&outcome::TLS_BAD_CERTIFICATE))?;
    let mut config = match trust.is_verified {
        true => builder
            .with_root_certificates(Arc::clone(&trust.roots))
            .with_no_client_auth(),
        false => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Every connection is to prove its certificate; none goes on where another one was.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Why TLS failed, as the connection's owner can act on it.
pub(super) fn why(error: &io::Error) -> &'static Outcome {
    let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
    else {
        return &outcome::CLOSED_EARLY;
    };
    match error {
        Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => &outcome::TLS_UNTRUSTED,
            // One that signed itself is no authority's.
            CertificateError::Other(_) | CertificateError::BadSignature => &outcome::TLS_UNTRUSTED,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                &outcome::TLS_EXPIRED
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                &outcome::TLS_NOT_YET_VALID
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                &outcome::TLS_WRONG_NAME
            }
            _ => &outcome::TLS_BAD_CERTIFICATE,
        },
        Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        )
        | Error::PeerIncompatible(_) => &outcome::TLS_VERSION,
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            &outcome::TLS_CLIENT_CERTIFICATE
        }
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::PeerSentOversizedRecord => &outcome::TLS_NOT_SPOKEN,
        Error::NoApplicationProtocol
        | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => &outcome::NOT_HTTP,
        _ => &outcome::CLOSED_EARLY,
    }
}

/// Takes every certificate, for connections that turn the check off; that is said in the report.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

//! A client that speaks HTTP/1.1 by hand over a TLS connection of its own, at a time of its choice.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whom a client trusts.
#[derive(Clone)]
pub(crate) struct Trust(TlsConnector);

#[derive(Debug)]
struct At(Timestamp);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl Trust {
    pub(crate) fn in_pem(authorities: &str) -> Self {
        Self::in_pem_at(authorities, Timestamp::now())
    }

    pub(crate) fn in_pem_at(authorities: &str, when: Timestamp) -> Self {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(At(when)))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Each connection looks at the certificate.
        config.resumption = Resumption::disabled();
        Self(TlsConnector::from(Arc::new(config)))
    }

    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        self.0.connect(name, stream).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn post(
        &self,
        address: SocketAddr,
        path: &str,
        body: &Value,
    ) -> io::Result<Answer> {
        let body = body.to_string();
        let head = head(path, body.len());
        let mut stream = self.connect(address, "localhost").await?;
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        read(&mut stream).await
    }
}

/// The head of a request that sends JSON.
pub(crate) fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Reads until the server closes. A connection that ends without a word is an error.
pub(crate) async fn read(stream: &mut TlsStream<TcpStream>) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    let code = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    let Some(code) = code else {
        end?;
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    let body = body.unwrap_or_default();
    Ok(Answer { code, body })
}

//! The least that a test of an S3 connection can be: TCP, TLS and signed requests, written by hand and
//! without any check of what comes back.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use k8s_openapi::jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A client that has been set up.
pub struct Bare {
    connector: TlsConnector,
    name: ServerName<'static>,
    address: SocketAddr,
}

impl Bare {
    /// Sets up a client that trusts one authority, or none.
    ///
    /// # Errors
    /// When the authority is none.
    pub fn new(address: SocketAddr, authority: Option<&str>) -> Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        if let Some(pem) = authority {
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A test looks at the certificate, so a session that was agreed on before is no test.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name: ServerName::try_from("127.0.0.1")?,
            address,
        })
    }

    /// Connects, and does nothing more where the certificate is not trusted.
    ///
    /// # Errors
    /// When the connection ends early.
    pub async fn ask(&self, requests: &[(&str, &str)]) -> Result<()> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let Ok(mut stream) = self.connector.connect(self.name.clone(), stream).await else {
            return Ok(());
        };
        let mut heard = Vec::with_capacity(4096);
        for (path, query) in requests {
            let request = signed(&self.address.to_string(), path, query);
            stream.write_all(request.as_bytes()).await?;
            heard.clear();
            while !is_whole(&heard) {
                ensure!(stream.read_buf(&mut heard).await? > 0, "it was closed");
            }
        }
        Ok(())
    }
}

fn is_whole(heard: &[u8]) -> bool {
    let text = String::from_utf8_lossy(heard);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    length.and_then(|text| text.parse().ok()) == Some(body.len())
}

fn signed(host: &str, path: &str, query: &str) -> String {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let empty = hex(digest(&SHA256, b"").as_ref());
    let names = "host;x-amz-content-sha256;x-amz-date";
    let canonical = format!(
        "GET\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{now}\n\n{names}\n{empty}"
    );
    let scope = format!("{}/us-east-1/s3/aws4_request", &now[..8]);
    let text = format!(
        "AWS4-HMAC-SHA256\n{now}\n{scope}\n{}",
        hex(digest(&SHA256, canonical.as_bytes()).as_ref())
    );
    let key = scope.split('/').chain([text.as_str()]).fold(
        b"AWS4not-a-real-secret-key".to_vec(),
        |key, part| {
            let key = hmac::Key::new(HMAC_SHA256, &key);
            hmac::sign(&key, part.as_bytes()).as_ref().to_vec()
        },
    );
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!(
        "GET {path}{query} HTTP/1.1\r\nhost: {host}\r\nx-amz-content-sha256: {empty}\r\nx-amz-date: {now}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=some-key/{scope}, SignedHeaders={names}, Signature={}\r\n\r\n",
        hex(&key)
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

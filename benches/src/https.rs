//! A client of an admission server, over HTTP/2 and TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bowline_apiserver::tls::Authority;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection; clones share it.
pub type Connection = SendRequest<Full<Bytes>>;

/// Connects to a server whose certificate is by `authority`.
///
/// # Errors
/// When there is no such server.
pub async fn connect(authority: &Authority, address: SocketAddr) -> Result<Connection> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(
        authority.certificate_pem().as_bytes(),
    )?)?;
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()?
    .with_root_certificates(roots)
    .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends one review, and sees that it is allowed; returns the answer.
///
/// # Errors
/// When it is not, or the connection ends.
pub async fn ask(connection: &mut Connection, body: Bytes) -> Result<Bytes> {
    connection.ready().await?;
    let request = Request::post("https://localhost/mutate")
        .header("content-type", "application/json")
        .body(Full::new(body))?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    ensure!(status.is_success(), "the answer is {status}");
    let answer = response.into_body().collect().await?.to_bytes();
    let text = std::str::from_utf8(&answer).context("the answer is text")?;
    ensure!(text.contains("\"allowed\":true"), "the review was denied");
    Ok(answer)
}

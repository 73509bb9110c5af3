//! Serving routes on a listener, in clear or over TLS, within limits that clients who mean harm or
//! have gone cannot get around. Says to the routes who is at the other end of each connection.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::callers::{Peer, PeerCertificate, User};

/// Connections at a time; further ones wait to be accepted.
const CONNECTIONS: usize = 1024;
/// Requests at a time on one HTTP/2 connection.
const STREAMS: u32 = 100;
/// Bytes of the headers of one request.
const HEADERS: u32 = 32 * 1024;
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long requests under way may take once the server is to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait before accepting again where the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients may take. How long a body may take is up to the guard.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// For the headers of a request; also how long a connection may wait for the first and, over
    /// HTTP/1.1, the next one.
    pub headers: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(15),
        }
    }
}

/// Serves `routes` until `shutdown` is done; then requests under way are answered.
///
/// # Errors
/// When the listener is no good.
pub async fn listen(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listen_within(Patience::default(), listener, tls, routes, shutdown).await
}

/// The same with other patience.
///
/// # Errors
/// When the listener is no good.
pub async fn listen_within(
    patience: Patience,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.expect("the semaphore is never closed"),
            () = &mut shutdown => break,
        };
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let (tls, routes, watcher) = (tls.clone(), routes.clone(), connections.watcher());
        tokio::spawn(async move {
            greet(patience, stream, address, tls, routes, watcher).await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were not answered before the server stopped");
    }
    Ok(())
}

/// Shakes hands, and serves what comes over the connection.
async fn greet(
    patience: Patience,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    routes: Router,
    watcher: Watcher,
) {
    // Answers are written whole, so waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let peer = Peer(address.ip().to_canonical());
    let Some(tls) = tls else {
        return serve(patience, stream, peer, None, routes, watcher).await;
    };
    let accepted = TlsAcceptor::from(tls).accept(stream);
    let stream = match tokio::time::timeout(patience.handshake, accepted).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let certificate = certificates.and_then(|all| named(all.first()?));
    serve(patience, stream, peer, certificate, routes, watcher).await;
}

/// Whom a certificate names, as Kubernetes reads it: the common name and the organisations.
fn named(certificate: &CertificateDer<'_>) -> Option<PeerCertificate> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let subject = certificate.subject();
    let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        attribute.as_str().ok().map(str::to_owned)
    };
    let name = subject.iter_common_name().next().and_then(text)?;
    let groups = subject.iter_organization().filter_map(text).collect();
    Some(PeerCertificate(User {
        name,
        groups,
        ..User::default()
    }))
}

async fn serve(
    patience: Patience,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    certificate: Option<PeerCertificate>,
    routes: Router,
    watcher: Watcher,
) {
    let asked = Arc::new(Notify::new());
    let first = Arc::clone(&asked);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        asked.notify_one();
        let extensions = request.extensions_mut();
        extensions.insert(peer);
        if let Some(certificate) = &certificate {
            extensions.insert(certificate.clone());
        }
        routes.clone().oneshot(request.map(axum::body::Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .max_buf_size(HEADERS as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(PING_EVERY);
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    // Until the first bytes have come, nobody knows which limits apply.
    let is_mute = async {
        if tokio::time::timeout(patience.headers, first.notified())
            .await
            .is_ok()
        {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = watcher.watch(connection) => if let Err(error) = served {
            tracing::debug!(error, "a connection ended early");
        },
        () = is_mute => tracing::debug!("nothing was asked on a connection"),
    }
}

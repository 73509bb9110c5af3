//! Serving routes on a listener, over TLS or in clear, within limits that clients who mean harm or
//! have gone cannot get around; what is answered is left to `server` and `health`.

mod idle;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::accept::Accept;
use axum_server::service::SendService;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use idle::CloseIdle;

/// How long requests under way may take once the server is to stop.
const GRACE: Duration = Duration::from_secs(10);
/// Requests at a time on one HTTP/2 connection; API servers open another one beyond that.
const STREAMS: u32 = 100;
/// Bytes of headers of one request; an API server sends a few hundred.
const HEADERS: u32 = 16 * 1024;

/// How long clients may take. How long a body may take is up to the routes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// For the headers of a request over HTTP/1.1.
    pub headers: Duration,
    /// Without sending anything at all. API servers ping more often than that.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            // The same clock runs between requests, and API servers keep connections for 90 s.
            headers: Duration::from_secs(100),
            idle: Duration::from_secs(120),
        }
    }
}

/// Serves `routes` over TLS until `shutdown` is done; then requests under way are answered.
///
/// # Errors
/// When the listener is no good.
pub async fn listen(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listen_within(Limits::default(), listener, tls, routes, shutdown).await
}

/// The same within other limits.
///
/// # Errors
/// When the listener is no good.
pub async fn listen_within(
    limits: Limits,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls))
        .handshake_timeout(limits.handshake)
        .acceptor(CloseIdle(limits.idle));
    serve(limits, listener, acceptor, routes, shutdown).await
}

/// The same in clear.
///
/// # Errors
/// When the listener is no good.
pub async fn listen_in_clear(
    limits: Limits,
    listener: TcpListener,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let acceptor = CloseIdle(limits.idle);
    serve(limits, listener, acceptor, routes, shutdown).await
}

async fn serve<A>(
    limits: Limits,
    listener: TcpListener,
    acceptor: A,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()>
where
    A: Accept<TcpStream, Router> + Clone + Send + Sync + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send,
    A::Service: SendService<axum::http::Request<hyper::body::Incoming>> + Send,
    A::Future: Send,
{
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        shutdown.await;
        stopper.graceful_shutdown(Some(GRACE));
    });
    let mut server: Server<SocketAddr> = axum_server::from_tcp(listener)?;
    let http = server.http_builder();
    let timer = TokioTimer::new;
    http.http1()
        .timer(timer())
        .header_read_timeout(limits.headers)
        .max_buf_size(HEADERS as usize);
    http.http2()
        .timer(timer())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS);
    server
        .acceptor(acceptor)
        .handle(handle)
        .serve(routes.into_make_service())
        .await
}

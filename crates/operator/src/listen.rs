//! Serving admission over TLS on a listener; what is answered is left to `server`.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;

/// How long reviews under way may take once the server is to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves `routes` until `shutdown` is done; then reviews under way are answered.
///
/// # Errors
/// When the listener is no good.
pub async fn listen(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        shutdown.await;
        stopper.graceful_shutdown(Some(GRACE));
    });
    // Answers are small and written whole, so waiting to fill a packet only delays them.
    let acceptor =
        RustlsAcceptor::new(RustlsConfig::from_config(tls)).acceptor(NoDelayAcceptor::new());
    axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle)
        .serve(routes.into_make_service())
        .await
}

//! The server that embedders hold: opening it, serving it over TLS, stopping it. What happens to a
//! request is left to [`crate::pipeline`].

use crate::accounts::AccountKeyError;
use crate::admission::Admission;
use crate::api::Api;
use crate::bootstrap;
use crate::config::Config;
use crate::expiry;
use crate::garbage;
use crate::identity::UserInfo;
use crate::in_process::InProcess;
use crate::pipeline::authenticate::Caller;
use crate::pipeline::decode::BoxError;
use crate::pipeline::handle;
use crate::pipeline::respond::Body;
use crate::store::{Rekeyed, StoreError};
use crate::tls;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// At most this many connections at a time; further ones wait to be accepted.
const CONNECTIONS: usize = 1024;
/// At most this many requests at a time on one HTTP/2 connection.
const STREAMS: u32 = 256;
const HEADER_LIMIT: u32 = 64 * 1024;
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const HEADER_TIME: Duration = Duration::from_secs(15);
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long requests under way may go on once the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait before accepting again where the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why an API server cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store cannot be opened or filled.
    #[error("cannot open the API's store")]
    Store(#[from] StoreError),
    /// The key that signs tokens of ServiceAccounts cannot be used.
    #[error("cannot open the key that signs tokens of ServiceAccounts")]
    AccountKey(#[from] AccountKeyError),
    /// A CustomResourceDefinition that shall exist from the start is not valid.
    #[error("the definition `{name}` is not valid: {why}")]
    Definition {
        /// Its name.
        name: String,
        /// The first thing that is wrong with it.
        why: String,
    },
}

/// Why an API server stopped serving by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener gives no address.
    #[error("the listener has no address to serve on")]
    Listener(#[source] std::io::Error),
}

/// A Kubernetes API, open and ready. Clones share it.
#[derive(Clone)]
pub struct ApiServer {
    api: Arc<Api>,
}

impl ApiServer {
    /// Opens the store, fills it with what exists from the start, and is ready then.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let api = Api::open(&config)?;
        bootstrap::run(&api, &config.definitions).await?;
        let api = Arc::new(api);
        garbage::start(&api);
        expiry::start(&api, config.event_age);
        Ok(Self { api })
    }

    /// Lets somebody look at objects before they are stored, from now on. The first one stays:
    /// returns whether this was the first.
    pub fn set_admission(&self, admission: Arc<dyn Admission>) -> bool {
        self.api.admission.set(admission).is_ok()
    }

    /// Whose a bearer token is, where it is one of this API's and good now: configured, or asked
    /// for by a TokenRequest.
    ///
    /// # Errors
    /// When the store cannot say whether the account is still there.
    pub async fn user_of_token(&self, token: &str) -> Result<Option<UserInfo>, StoreError> {
        self.api.user_of_token(token).await
    }

    /// The API as a service in this process, for one user.
    pub fn in_process(&self, user: UserInfo) -> InProcess {
        InProcess::new(Arc::clone(&self.api), user)
    }

    /// Seals all values with another key while it serves; see [`crate::store::Store::rekey`].
    pub async fn rekey(&self) -> Result<Rekeyed, StoreError> {
        self.api.store.rekey().await
    }

    /// Serves HTTP/1.1 and HTTP/2 over TLS until `shutdown` is done; then watches end, requests
    /// under way are answered, and this returns. An API that was shut down does not serve again.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Arc<ServerConfig>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        tracing::info!(%address, "serving the Kubernetes API");
        let acceptor = TlsAcceptor::from(tls);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let connections = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place.expect("the semaphore is never closed"),
                () = &mut shutdown => break,
            };
            let stream = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
                () = &mut shutdown => break,
            };
            let (api, acceptor, watcher) = (
                Arc::clone(&self.api),
                acceptor.clone(),
                connections.watcher(),
            );
            tokio::spawn(async move {
                serve_connection(api, acceptor, stream, watcher).await;
                drop(place);
            });
        }
        drop(listener);
        self.api.stopping.cancel();
        if tokio::time::timeout(GRACE, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests were not answered before the server stopped");
        }
        Ok(())
    }
}

async fn serve_connection(
    api: Arc<Api>,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    watcher: Watcher,
) {
    // Answers are written whole, so waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let user = certificates.and_then(|shown| tls::user_of_certificate(shown.first()?));
    let service = hyper::service::service_fn(move |request| {
        answer(Arc::clone(&api), Caller::Remote(user.clone()), request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIMIT)
        .keep_alive_interval(PING_EVERY);
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    api: Arc<Api>,
    caller: Caller,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let request = request.map(|body| body.map_err(BoxError::from).boxed_unsync());
    Ok(handle(api, caller, request).await)
}

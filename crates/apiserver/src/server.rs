//! The server that embedders hold: opening it, serving it over TLS, stopping it. What happens to a
//! request is left to [`crate::pipeline`].

mod connections;
mod rest;

use crate::accounts::AccountKeyError;
use crate::admission::Admission;
use crate::api::Api;
use crate::bootstrap;
use crate::config::{Config, Patience};
use crate::expiry;
use crate::garbage;
use crate::identity::UserInfo;
use crate::in_process::InProcess;
use crate::pipeline::authenticate::Caller;
use crate::pipeline::handle;
use crate::pipeline::respond::{self, Body};
use crate::store::{Rekeyed, StoreError};
use crate::tls;
use crate::verbs;
use connections::{Connections, Entry, Traffic};
use http::{Method, Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// At most this many requests at a time on one HTTP/2 connection.
const STREAMS: u32 = 256;
const HEADER_LIMIT: u32 = 64 * 1024;
/// What an answer may have ahead of a client that reads slowly, for each request.
const SEND_BUFFER: usize = 64 * 1024;
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
    patience: Patience,
}

impl ApiServer {
    /// Opens the store, fills it with what exists from the start, and is ready then.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let api = Api::open(&config)?;
        bootstrap::run(&api, &config.definitions).await?;
        let api = Arc::new(api);
        garbage::start(&api);
        expiry::start(&api, config.event_age);
        let patience = config.patience;
        Ok(Self { api, patience })
    }

    /// Lets somebody look at objects before they are stored, from now on. The first one stays:
    /// returns whether this was the first.
    pub fn set_admission(&self, admission: Arc<dyn Admission>) -> bool {
        self.api.admission.set(admission).is_ok()
    }

    /// Whose a bearer token is, where it is one of this API's and good now: configured, or asked
    /// for by a `TokenRequest`.
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
    /// Meanwhile deletions are finished that an earlier server did not come to the end of.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Arc<ServerConfig>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        tracing::info!(%address, "serving the Kubernetes API");
        garbage::resume(&self.api);
        let acceptor = TlsAcceptor::from(tls);
        let open = Connections::new(self.patience);
        let connections = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        for number in 0.. {
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
            let entry = tokio::select! {
                entry = open.enter(number) => entry,
                () = &mut shutdown => break,
            };
            let guest = Guest {
                api: Arc::clone(&self.api),
                patience: self.patience,
                entry,
            };
            tokio::spawn(guest.serve(stream, acceptor.clone(), connections.watcher()));
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

/// One connection, and what serving it takes.
struct Guest {
    api: Arc<Api>,
    patience: Patience,
    entry: Entry,
}

impl Guest {
    /// Serves it until it ends, or has been of no use for too long.
    async fn serve(self, stream: TcpStream, acceptor: TlsAcceptor, watcher: Watcher) {
        let traffic = Arc::clone(&self.entry.traffic);
        tokio::select! {
            () = self.converse(stream, acceptor, watcher) => {}
            why = traffic.ended() => tracing::debug!(why, "a connection is cut"),
        }
    }

    async fn converse(&self, stream: TcpStream, acceptor: TlsAcceptor, watcher: Watcher) {
        // Answers are written whole, so waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let shaking = tokio::time::timeout(self.patience.handshake, acceptor.accept(stream));
        let stream = match shaking.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        };
        let certificates = stream.get_ref().1.peer_certificates();
        let user = certificates.and_then(|shown| tls::user_of_certificate(shown.first()?));
        let (api, traffic) = (Arc::clone(&self.api), Arc::clone(&self.entry.traffic));
        let service = hyper::service::service_fn(move |request| {
            let caller = Caller::Remote(user.clone());
            answer(Arc::clone(&api), caller, request, Arc::clone(&traffic))
        });
        let connection = builder(self.patience)
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .max_buf_size(HEADER_LIMIT as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIMIT)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING_EVERY);
    builder
}

async fn answer(
    api: Arc<Api>,
    caller: Caller,
    request: Request<Incoming>,
    traffic: Arc<Traffic>,
) -> Result<Response<Body>, Infallible> {
    let under_way = traffic.begin();
    let is_head = request.method() == Method::HEAD;
    let is_read = is_head || request.method() == Method::GET;
    let waits = request.headers().contains_key(http::header::EXPECT);
    let (parts, body) = request.into_parts();
    let (body, rest) = rest::lend(body);
    let mut response = handle(api, caller, Request::from_parts(parts, body)).await;
    // A read has no body that its sender would go on writing while the answer waits.
    if !is_read {
        rest.discard(waits).await;
    }
    if is_head {
        response = respond::head_only(response);
    }
    // Only a watch does not know how long it is.
    if response.body().size_hint().exact().is_none() {
        under_way.lasts(verbs::LONGEST_WATCH);
    }
    Ok(respond::holding(response, under_way))
}

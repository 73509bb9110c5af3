//! A way to the API server that can be made bad: slow, refusing, cut. What is bad about it, and
//! when, is left to the tests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use futures::{Stream, StreamExt as _};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body as KubeBody;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::cluster::Cluster;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It passes.
    None,
    /// It is answered with this code, and never reaches the API server.
    Refuse(StatusCode),
    /// It is answered with 429, and that it may come again after so many seconds.
    Busy(u64),
    /// It passes after a while.
    Delay(Duration),
    /// It passes, but the answer is cut in the middle.
    Cut,
    /// It waits for other weather.
    Hold,
}

/// A request on its way to the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// How many came before it.
    pub number: u64,
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its query.
    pub query: String,
}

impl Passed {
    /// Whether it watches.
    pub fn is_watch(&self) -> bool {
        self.query.contains("watch=true")
    }
}

type Weather = Arc<dyn Fn(&Passed) -> Fault + Send + Sync>;

/// A proxy in front of an API server, for one client.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    folder: TempDir,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    client: Client,
    weather: watch::Sender<Weather>,
    /// Counts how often everything under way was cut.
    cuts: watch::Sender<u64>,
    number: AtomicU64,
    passed: Mutex<Vec<Passed>>,
    held: AtomicUsize,
    gone: AtomicUsize,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy in front of `cluster`, in fine weather. Whoever comes is the administrator.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(cluster: &Cluster) -> Result<Self> {
        let mut config = cluster.config().await?;
        // Refusals are for the client behind the proxy to deal with.
        config.default_retry = false;
        let fine: Weather = Arc::new(|_| Fault::None);
        let shared = Arc::new(Shared {
            client: Client::try_from(config)?,
            weather: watch::Sender::new(fine),
            cuts: watch::Sender::new(0),
            number: AtomicU64::new(0),
            passed: Mutex::default(),
            held: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let folder = TempDir::new()?;
        let kubeconfig = kubeconfig(listener.local_addr()?);
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig)?;
        let routes = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self {
            shared,
            folder,
            server,
        })
    }

    /// A kubeconfig that leads through the proxy.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// What happens to requests from now on, and to those that are held.
    pub fn set(&self, weather: impl Fn(&Passed) -> Fault + Send + Sync + 'static) {
        self.shared.weather.send_replace(Arc::new(weather));
    }

    /// Cuts all answers that are under way; watches above all.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The requests that reached the API server.
    pub fn passed(&self) -> Vec<Passed> {
        self.shared.passed().clone()
    }

    /// How many requests are held now.
    pub fn held(&self) -> usize {
        self.shared.held.load(Ordering::Relaxed)
    }

    /// How often the API server said that a version is gone (410).
    pub fn gone(&self) -> usize {
        self.shared.gone.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
        self.cut();
    }
}

/// One request more that is held; until it passes, or its client gives up.
struct Held<'a>(&'a AtomicUsize);

impl<'a> Held<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn passed(&self) -> MutexGuard<'_, Vec<Passed>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fault(&self, request: &Passed) -> Fault {
        let mut weather = self.weather.subscribe();
        let mut is_held = None;
        loop {
            let now = Arc::clone(&weather.borrow_and_update());
            match now(request) {
                Fault::Hold => {
                    is_held.get_or_insert_with(|| Held::new(&self.held));
                    // The sender lives as long as this.
                    drop(weather.changed().await);
                }
                fault => return fault,
            }
        }
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Result<Response> {
        let uri = parts.uri.path_and_query().context("no path")?.as_str();
        let mut request = http::Request::builder().method(parts.method).uri(uri);
        for (name, value) in &parts.headers {
            if !IN_BETWEEN.contains(name) {
                request = request.header(name, value);
            }
        }
        let request = request.body(KubeBody::from(body.to_vec()))?;
        let answer = self.client.send(request).await?;
        let (mut parts, body) = answer.into_parts();
        IN_BETWEEN.iter().for_each(|name| {
            parts.headers.remove(name);
        });
        if parts.status == StatusCode::GONE {
            self.gone.fetch_add(1, Ordering::Relaxed);
        }
        let body = body.into_data_stream();
        Ok((parts, Body::from_stream(body)).into_response())
    }
}

/// Headers that are about one connection, or about who somebody is.
const IN_BETWEEN: [HeaderName; 7] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
];

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let passed = Passed {
        number: shared.number.fetch_add(1, Ordering::Relaxed),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
    };
    let fault = shared.fault(&passed).await;
    match fault {
        Fault::Refuse(code) => return refusal(code, 1),
        Fault::Busy(seconds) => return refusal(StatusCode::TOO_MANY_REQUESTS, seconds),
        Fault::Delay(time) => tokio::time::sleep(time).await,
        Fault::None | Fault::Cut | Fault::Hold => {}
    }
    shared.passed().push(passed);
    let cuts = shared.cuts.subscribe();
    match shared.forward(parts, body).await {
        Ok(answer) => {
            answer.map(|body| Body::from_stream(until_cut(body, fault == Fault::Cut, cuts, shared)))
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The body up to where it is cut, which the client sees as a broken connection.
fn until_cut(
    body: Body,
    is_cut: bool,
    cuts: watch::Receiver<u64>,
    shared: Arc<Shared>,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let start = Some((body.into_data_stream(), cuts));
    unfold(start, move |state| {
        let shared = Arc::clone(&shared);
        async move {
            let (mut body, mut cuts) = state?;
            let broken = |why: &str| Some((Err(std::io::Error::other(why.to_owned())), None));
            if is_cut {
                return broken("cut in the middle");
            }
            tokio::select! {
                _ = cuts.changed() => broken("cut"),
                chunk = body.next() => match chunk? {
                    Ok(chunk) => {
                        if is_gone(&chunk) {
                            shared.gone.fetch_add(1, Ordering::Relaxed);
                        }
                        Some((Ok(chunk), Some((body, cuts))))
                    }
                    Err(_) => broken("the API server is gone"),
                },
            }
        }
    })
}

/// Whether this is the event by which a watch ends whose version is gone.
fn is_gone(chunk: &[u8]) -> bool {
    let text = String::from_utf8_lossy(chunk);
    text.contains(r#""type":"ERROR""#) && text.contains(r#""code":410"#)
}

/// As API servers refuse; those that are busy say in how many seconds to come again.
fn refusal(code: StatusCode, seconds: u64) -> Response {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "bad weather", "code": code.as_u16(),
    });
    let mut answer = (code, axum::Json(status)).into_response();
    if code == StatusCode::TOO_MANY_REQUESTS {
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

fn kubeconfig(address: SocketAddr) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
        "clusters": [{"name": "proxy", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "nobody", "user": {}}],
    })
    .to_string()
}

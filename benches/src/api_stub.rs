//! A stub of the part of the Kubernetes API that admission asks: a good Secret and a yes, each
//! after a set time. On a thread and runtime of its own, over TLS on loopback, by HTTP/2 or 1.1.

use std::future::pending;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use bowline_apiserver::tls::Authority;
use bowline_operator::listen::listen;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// A running stub.
pub struct Stub {
    url: String,
    authority: CertificateDer<'static>,
}

impl Stub {
    /// Starts a stub that answers a read after `read` and an access review after `review`, for as
    /// long as the process lives.
    ///
    /// # Errors
    /// When there is no port, no thread, or no certificate.
    pub fn start(read: Duration, review: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("https://{}", listener.local_addr()?);
        let folder = tempfile::tempdir()?;
        let authority = Authority::in_directory(folder.path())?;
        let tls = authority.serving(&["127.0.0.1"])?.server_config();
        let routes = Router::new()
            .route(
                "/api/v1/namespaces/{namespace}/secrets/{name}",
                get(secret).with_state(Delay::start(read)),
            )
            .route(
                "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                post(allow).with_state(Delay::start(review)),
            );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serve = move || runtime.block_on(listen(listener, tls, routes, pending()));
        std::thread::Builder::new().spawn(serve)?;
        let pem = authority.certificate_pem().as_bytes();
        Ok(Self {
            url,
            authority: CertificateDer::from_pem_slice(pem)?,
        })
    }

    /// How to reach it, with the defaults that there are in a cluster.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn config(&self) -> Result<kube::Config> {
        let mut config = kube::Config::new(self.url.parse().context("the URL of the stub")?);
        config.root_cert = Some(vec![self.authority.to_vec()]);
        Ok(config)
    }
}

async fn secret(
    State(delay): State<Delay>,
    Path((namespace, name)): Path<(String, String)>,
) -> impl IntoResponse {
    delay.pass().await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": name, "namespace": namespace, "uid": "3d6c7a52-6c1c-4c44-9f5e-2d8f4c1b6a10",
            "resourceVersion": "4711", "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
            "labels": {"opendatahub.io/dashboard": "true"},
        },
        "data": {"URI": "aHR0cHM6Ly9tb2RlbHMuaGFyYm91ci5leGFtcGxlL2ZvcmVjYXN0"},
    });
    (
        [(header::CONTENT_TYPE, "application/json")],
        secret.to_string(),
    )
}

async fn allow(State(delay): State<Delay>, Json(mut review): Json<Value>) -> Json<Value> {
    delay.pass().await;
    review["status"] = json!({"allowed": true});
    Json(review)
}

/// A pause to the exact time. The runtime's own timer counts in whole milliseconds and rounds up,
/// which would be a tenth of what is measured.
#[derive(Clone)]
struct Delay(Option<(Duration, mpsc::Sender<Waiting>)>);

/// Until when somebody waits, and how they are told.
type Waiting = (Instant, oneshot::Sender<()>);

impl Delay {
    /// All pauses are equally long, so that one thread can wait for them in turn.
    fn start(pause: Duration) -> Self {
        if pause.is_zero() {
            return Self(None);
        }
        let (sender, waiting) = mpsc::channel::<Waiting>();
        std::thread::spawn(move || {
            for (time, done) in waiting {
                std::thread::sleep(time.saturating_duration_since(Instant::now()));
                let _ = done.send(());
            }
        });
        Self(Some((pause, sender)))
    }

    async fn pass(&self) {
        let Some((pause, waiting)) = &self.0 else {
            return;
        };
        let (done, passed) = oneshot::channel();
        if waiting.send((Instant::now() + *pause, done)).is_ok() {
            let _ = passed.await;
        }
    }
}

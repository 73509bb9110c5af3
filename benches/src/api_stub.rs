//! A stub of the part of the Kubernetes API that admission asks: a good Secret and a yes, each
//! after a set time. On a thread and runtime of its own, over TLS on loopback, by HTTP/2 or 1.1.
//! Its answers are put together from bytes at hand, so that what is measured is the client.

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bowline_apiserver::tls::Authority;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// The `resourceVersion` of every Secret.
pub const VERSION: &str = "4711";

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
        let answers = Answers {
            read: Delay::start(read),
            review: Delay::start(review),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serve = move || runtime.block_on(answers.serve(listener, tls));
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

/// What is answered, and when.
#[derive(Clone)]
struct Answers {
    read: Delay,
    review: Delay,
}

impl Answers {
    async fn serve(self, listener: TcpListener, tls: Arc<ServerConfig>) -> Result<()> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let tls = TlsAcceptor::from(tls);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (tls, answers) = (tls.clone(), self.clone());
            tokio::spawn(async move {
                let stream = TokioIo::new(tls.accept(stream).await?);
                let answer = service_fn(move |request| answers.clone().answer(request));
                let server = auto::Builder::new(TokioExecutor::new());
                server.serve_connection(stream, answer).await
            });
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let path: Vec<&str> = head.uri.path().split('/').skip(1).collect();
        let answer = match path.as_slice() {
            ["api", "v1", "namespaces", namespace, "secrets", name] => {
                self.read.pass().await;
                secret(namespace, name)
            }
            ["apis", "authorization.k8s.io", "v1", "subjectaccessreviews"] => {
                let review = body.collect().await?.to_bytes();
                self.review.pass().await;
                allowed(&review)?
            }
            _ => bail!("{} is not served", head.uri.path()),
        };
        let answer = Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(answer))?;
        Ok(answer)
    }
}

fn secret(namespace: &str, name: &str) -> String {
    format!(
        concat!(
            r#"{{"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{{"#,
            r#""name":"{}","namespace":"{}","uid":"3d6c7a52-6c1c-4c44-9f5e-2d8f4c1b6a10","#,
            r#""resourceVersion":"{}","creationTimestamp":"2026-01-01T00:00:00Z","#,
            r#""annotations":{{"opendatahub.io/connection-type-protocol":"uri"}},"#,
            r#""labels":{{"opendatahub.io/dashboard":"true"}}}},"#,
            r#""data":{{"URI":"aHR0cHM6Ly9tb2RlbHMuaGFyYm91ci5leGFtcGxlL2ZvcmVjYXN0"}}}}"#,
        ),
        name, namespace, VERSION,
    )
}

/// The review as it was sent, with a yes.
fn allowed(review: &[u8]) -> Result<String> {
    let review = std::str::from_utf8(review)?;
    let open = review.strip_suffix('}').context("a JSON object")?;
    Ok(format!(r#"{open},"status":{{"allowed":true}}}}"#))
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

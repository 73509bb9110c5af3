//! The server on a real socket: tokens, timeouts, stopping.

use crate::client::{PATIENCE, Server};
use bowline_apiserver::tls::Authority;
use bowline_apiserver::{ApiServer, Config, Patience, Token, UserInfo};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;

pub(crate) fn server_name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// A server on a socket of its own.
pub(crate) struct Served {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) certificate: String,
    pub(crate) token: String,
    pub(crate) directory: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::patient(Patience::default()).await
    }

    pub(crate) async fn patient(patience: Patience) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let token = Token::random(UserInfo::administrator("admin")).unwrap();
        let mut config = Config::new(directory.path().join("store.sqlite"));
        config.tokens.push(token.clone());
        config.patience = patience;
        let server = ApiServer::open(config).await.unwrap();
        let authority = Authority::in_directory(directory.path().join("tls")).unwrap();
        let serving = authority
            .serving(&["localhost", "127.0.0.1", "::1"])
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            server
                .serve(listener, serving.server_config(), shutdown)
                .await
                .unwrap();
        });
        let certificate = authority.certificate_pem().to_owned();
        Self {
            address,
            certificate,
            token: token.secret().to_owned(),
            directory,
            stop,
            running,
        }
    }

    /// What a client needs to know the server.
    pub(crate) fn client_config(&self) -> Arc<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(
                rustls::pki_types::CertificateDer::from_pem_slice(self.certificate.as_bytes())
                    .unwrap(),
            )
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }

    /// A connection on which nothing has been said.
    pub(crate) async fn shake_hands(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        tokio_rustls::TlsConnector::from(self.client_config())
            .connect(server_name(), stream)
            .await
            .unwrap()
    }

    async fn connect(&self) -> SendRequest<Empty<Bytes>> {
        let stream = self.shake_hands().await;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        sender
    }

    pub(crate) async fn status(&self, path: &str, headers: &[(&str, &str)]) -> StatusCode {
        let mut request = Request::get(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.connect()
            .await
            .send_request(request.body(Empty::new()).unwrap())
            .await
            .unwrap()
            .status()
    }
}

#[tokio::test]
async fn a_token_says_who_asks() {
    let served = Served::start().await;
    let bearer = format!("Bearer {}", served.token);
    assert_eq!(
        served
            .status("/api/v1/namespaces", &[("authorization", &bearer)])
            .await,
        200
    );
    for wrong in [
        "Bearer nonsense",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        &served.token,
    ] {
        assert_eq!(
            served
                .status("/api/v1/namespaces", &[("authorization", wrong)])
                .await,
            401,
            "{wrong}"
        );
        assert_eq!(
            served.status("/livez", &[("authorization", wrong)]).await,
            401,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn strangers_see_health_and_version_only() {
    let served = Served::start().await;
    for path in ["/livez", "/readyz", "/healthz", "/version"] {
        assert_eq!(served.status(path, &[]).await, 200, "{path}");
        assert_eq!(
            served.status(path, &[("impersonate-user", "admin")]).await,
            401,
            "{path}"
        );
    }
    for path in [
        "/",
        "/api",
        "/apis",
        "/openapi/v2",
        "/api/v1/namespaces",
        "/api/v1/secrets",
        "/livez/x",
    ] {
        assert_eq!(served.status(path, &[]).await, 401, "{path}");
    }
}

#[tokio::test]
async fn watches_end_when_the_server_stops() {
    let served = Served::start().await;
    let request = Request::get("/api/v1/namespaces?watch=true&resourceVersion=0")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", served.token))
        .body(Empty::new())
        .unwrap();
    let mut body = served
        .connect()
        .await
        .send_request(request)
        .await
        .unwrap()
        .into_body();
    body.frame().await.unwrap().unwrap();
    served.stop.send(()).unwrap();
    let rest = tokio::time::timeout(PATIENCE, body.collect())
        .await
        .expect("the watch ends");
    assert!(rest.is_ok());
    tokio::time::timeout(PATIENCE, served.running)
        .await
        .expect("the server stops")
        .unwrap();
}

#[tokio::test]
async fn plain_http_is_not_answered() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let served = Served::start().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream
        .write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn a_server_opens_quickly() {
    let server = Server::start().await;
    drop(server.api);
    let started = std::time::Instant::now();
    ApiServer::open(Config::new(server.directory.path().join("store.sqlite")))
        .await
        .unwrap();
    assert!(started.elapsed() < PATIENCE / 10, "{:?}", started.elapsed());
}

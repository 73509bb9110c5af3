//! Throughput of `/mutate` over HTTP/2 and TLS against an empty handler on the same stack, which
//! reads the body and answers a fixed review. Client and servers share this process and machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::post;
use bowline_apiserver::tls::Authority;
use bowline_benches::{Spread, review, watched_cluster};
use bowline_operator::Admission;
use bowline_operator::listen::listen;
use bowline_operator::server::{Reviews, routes};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const PAIRS: usize = 7;
const IN_FLIGHT: usize = 32;
const WINDOW: Duration = Duration::from_millis(1500);
const FIXED: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"7f0b2f0e-35a8-4f53-8a3b-0d1f0c9a7f55","allowed":true}}"#;

type Connection = SendRequest<Full<Bytes>>;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = Authority::in_directory(folder.path())?;
    let empty = Router::new().route("/mutate", post(|_: Bytes| async { FIXED }));
    let reviews = Reviews {
        admission: Arc::new(Admission::new(watched_cluster()?)),
        users: Arc::new(()),
        metrics: Arc::default(),
    };
    let ours = connect(&authority, routes(reviews)).await?;
    let empty = connect(&authority, empty).await?;
    for (name, connections) in [
        ("without a reference", None),
        ("with a connection to inject", Some("harbour/models")),
    ] {
        let body = Bytes::from(review(connections));
        throughput(&ours, &body).await?;
        throughput(&empty, &body).await?;
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            pairs.push((
                throughput(&ours, &body).await?,
                throughput(&empty, &body).await?,
            ));
        }
        let ratio = Spread::of(pairs.iter().map(|(ours, empty)| ours / empty).collect());
        anstream::println!(
            "/mutate over TLS, review {name}: ratio {:.2} ({:.2} to {:.2}), goal at least 0.8 of an empty handler; \
             {:.0} against {:.0} reviews a second",
            ratio.median,
            ratio.least,
            ratio.most,
            Spread::of(pairs.iter().map(|pair| pair.0).collect()).median,
            Spread::of(pairs.iter().map(|pair| pair.1).collect()).median,
        );
    }
    Ok(())
}

/// Serves `routes` over TLS for as long as the process lives, and connects to them.
async fn connect(authority: &Authority, routes: Router) -> Result<Connection> {
    let tls = authority.serving(&["localhost"])?.server_config();
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    tokio::spawn(listen(listener, tls, routes, std::future::pending()));
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

/// Answered reviews a second, with a fixed number of them under way at any time.
async fn throughput(connection: &Connection, body: &Bytes) -> Result<f64> {
    let start = Instant::now();
    let work = (0..IN_FLIGHT).map(|_| {
        let (mut connection, body) = (connection.clone(), body.clone());
        tokio::spawn(async move {
            let mut answered = 0_u32;
            while start.elapsed() < WINDOW {
                ask(&mut connection, body.clone()).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        })
    });
    let mut answered = 0;
    for work in work.collect::<Vec<_>>() {
        answered += work.await??;
    }
    Ok(f64::from(answered) / start.elapsed().as_secs_f64())
}

async fn ask(connection: &mut Connection, body: Bytes) -> Result<()> {
    connection.ready().await?;
    let request = Request::post("https://localhost/mutate")
        .header("content-type", "application/json")
        .body(Full::new(body))?;
    let response = connection.send_request(request).await?;
    ensure!(
        response.status().is_success(),
        "the answer is {}",
        response.status()
    );
    let answer = response.into_body().collect().await?.to_bytes();
    let text = std::str::from_utf8(&answer).context("the answer is text")?;
    ensure!(text.contains("\"allowed\":true"), "the review was denied");
    Ok(())
}

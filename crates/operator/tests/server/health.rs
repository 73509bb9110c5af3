//! `/livez`, `/readyz` and `/metrics` as load balancers and scrapers see them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use bowline_operator::health::routes;
use bowline_operator::listen::{Limits, listen_in_clear};
use bowline_operator::{Health, Metrics, Serving};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::authority::Authority;

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_process_is_ready_once_its_certificate_is_loaded() {
    let metrics = Arc::new(Metrics::default());
    let serving = Serving::new(Arc::clone(&metrics));
    let health = Arc::new(Health::new(serving.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let routes = routes(health, metrics);
    tokio::spawn(listen_in_clear(
        Limits::default(),
        listener,
        routes,
        std::future::pending(),
    ));
    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    let before = get(address, "/readyz").await;
    assert!(before.starts_with("HTTP/1.1 503"), "{before}");
    assert!(before.contains("the serving certificate is not loaded"));
    let folder = tempfile::tempdir().unwrap();
    Authority::new().serve(folder.path(), &serving).await;
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    let scraped = get(address, "/metrics").await;
    assert!(scraped.contains("content-type: application/openmetrics-text; version=1.0.0"));
    assert!(scraped.contains("\nbowline_certificate_expiry_timestamp_seconds "));
}

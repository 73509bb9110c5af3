//! Servers that pods reach: one with files, with and without TLS, and a way through to servers that
//! listen on the loopback address only. And the other way, asking a Service.

use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::Result;
use axum::Router;
use axum::http::header::{CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bowline_cluster_tests::Authority;
use bowline_operator::listen::listen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

/// What `/model.bin` holds.
const MODEL: &str = "a model";

fn files() -> Router {
    Router::new().route("/model.bin", get(model))
}

/// All of it, which is less than anybody asks a part of.
async fn model(headers: HeaderMap) -> Response {
    if !headers.contains_key(RANGE) {
        return MODEL.into_response();
    }
    let part = format!("bytes 0-{}/{}", MODEL.len() - 1, MODEL.len());
    (StatusCode::PARTIAL_CONTENT, [(CONTENT_RANGE, part)], MODEL).into_response()
}

/// Serves the files for as long as the test runs.
pub(crate) async fn serve_files(at: IpAddr) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind((at, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, files()).into_future());
    Ok(address)
}

/// The same over TLS, with a certificate of this authority.
pub(crate) fn serve_files_with_tls(at: IpAddr, authority: &Authority) -> Result<SocketAddr> {
    let listener = TcpListener::bind((at, 0))?;
    let address = listener.local_addr()?;
    let config = authority.server(&[&at.to_string()])?.server_config()?;
    tokio::spawn(listen(listener, config, files(), std::future::pending()));
    Ok(address)
}

/// Leads from a port at `at` to one of the loopback address.
pub(crate) async fn lead(at: IpAddr, to: SocketAddr) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind((at, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut to = TcpStream::connect(to).await?;
                copy_bidirectional(&mut from, &mut to).await
            });
        }
    });
    Ok(address)
}

/// What a Service answers, whole: its pods are asked by the name `host`, with a token where there is one.
pub(crate) async fn ask(
    at: SocketAddr,
    host: &str,
    path: &str,
    token: Option<&str>,
) -> Result<String> {
    let login = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let login = login.unwrap_or_default();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{login}\r\n");
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

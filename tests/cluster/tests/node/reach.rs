//! Servers that pods reach: one with files, with and without TLS, and a way through to servers that
//! listen on the loopback address only.

use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::Result;
use axum::Router;
use axum::http::header::{CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bowline_cluster_tests::Authority;
use bowline_operator::listen::listen;
use tokio::io::copy_bidirectional;
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

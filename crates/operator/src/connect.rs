//! A client that asks a cluster's API server everything over one HTTP/2 connection, as Go clients
//! do, where `kube`'s own speaks HTTP/1.1 over one connection for each request under way. What is
//! asked is left to others.

use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ConfigExt as _};
use tower::retry::RetryLayer;
use tower::{BoxError, ServiceBuilder};

/// A server that cannot be connected to within this time is not there.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// All watches share the connection, so its loss must be noticed although nobody sends anything.
const PING_EVERY: Duration = Duration::from_secs(15);
const PONG_WITHIN: Duration = Duration::from_secs(10);

/// A client of the cluster that `config` describes; does not connect yet. Servers that speak no
/// HTTP/2 are spoken to as before.
///
/// # Errors
/// When a certificate, key or token that `config` names cannot be used.
pub fn client(config: &kube::Config) -> kube::Result<kube::Client> {
    let namespace = config.default_namespace.clone();
    let authenticate = config.auth_layer()?;
    let again = config
        .default_retry
        .then(|| RetryLayer::new(RetryPolicy::server_retry()));
    let requests = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(again)
        .option_layer(authenticate)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(connection(config)?);
    Ok(kube::Client::new(requests, namespace))
}

type Connection = legacy::Client<hyper_rustls::HttpsConnector<HttpConnector>, Body>;

fn connection(config: &kube::Config) -> kube::Result<Connection> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(config.connect_timeout.unwrap_or(CONNECT_WITHIN)));
    let tls = HttpsConnectorBuilder::new()
        .with_tls_config(config.rustls_client_config()?)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    Ok(legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PONG_WITHIN)
        .http2_keep_alive_while_idle(true)
        .build(tls))
}

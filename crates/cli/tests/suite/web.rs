//! The web servers of real processes: that of `bowline up`, and `bowline server` in front of the
//! Kubernetes API of another one. What REST answers is tested where it is served from.

mod accounts;
mod browser;
mod browsing;
mod listen;
mod schemathesis;
mod server;
mod up;

use anyhow::Result;
use reqwest::{Client, ClientBuilder};
use serde_json::Value;

const WHOAMI: &str = "/api/v1/whoami";

/// Clients that ask nobody on the way.
fn builder() -> ClientBuilder {
    // The client library leaves the choice of a provider to us; a second call changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy()
}

/// A client that follows nothing by itself.
fn http() -> Result<Client> {
    Ok(builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

/// Whom a server takes the sender of a request for; `None` where it does not know.
async fn whoami(request: reqwest::RequestBuilder) -> Result<Option<(String, Vec<String>)>> {
    let answer = request.send().await?;
    if answer.status() == 401 {
        return Ok(None);
    }
    let who: Value = answer.error_for_status()?.json().await?;
    let groups = who["groups"].as_array().into_iter().flatten();
    let groups = groups
        .filter_map(|group| group.as_str().map(str::to_owned))
        .collect();
    Ok(Some((
        who["user"].as_str().unwrap_or_default().to_owned(),
        groups,
    )))
}

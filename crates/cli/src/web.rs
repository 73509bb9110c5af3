//! What the web servers of `bowline up` and `bowline server` share: the OpenID provider that flags
//! name, and metrics. Who may do what is left to `embed::callers` and `web::cluster`.

pub(crate) mod cluster;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use bowline_core::Sensitive;
use bowline_operator::metrics::MEDIA_TYPE;
use bowline_server::session::oidc::{self, Oidc};
use http::header::CONTENT_TYPE;
use prometheus_client::registry::Registry;

use crate::args::OpenId;
use crate::failure::{Failure, Kind};

/// The provider that the flags name, if they do.
pub(crate) fn provider(args: &OpenId) -> Result<Option<Arc<Oidc>>, Failure> {
    let (Some(issuer_url), Some(client_id)) = (&args.issuer_url, &args.client_id) else {
        return Ok(None);
    };
    let settings = oidc::Settings {
        issuer_url: issuer_url.clone(),
        client_id: client_id.clone(),
        client_secret: args
            .client_secret_file
            .as_deref()
            .map(|path| named(path, "--oidc-client-secret-file"))
            .transpose()?
            .map(Sensitive::new),
        username_claim: args.username_claim.clone(),
        groups_claim: args.groups_claim.clone(),
        ca: args
            .ca_file
            .as_deref()
            .map(|path| named(path, "--oidc-ca-file"))
            .transpose()?,
    };
    let made = Oidc::new(settings).map_err(|error| {
        Failure::new(Kind::Usage, "nobody can sign in with OpenID Connect")
            .caused_by(&error)
            .help("look at `--oidc-issuer-url` and `--oidc-ca-file`")
    })?;
    Ok(Some(Arc::new(made)))
}

fn named(path: &Path, flag: &str) -> Result<Vec<u8>, Failure> {
    read(path)
        .map_err(|failure| failure.help(format!("name a file that can be read with `{flag}`")))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::new(Kind::Usage, format!("cannot read `{}`", path.display())).caused_by(&error)
    })
}

/// `/livez`, `/readyz`, `/version`, and `/metrics` with the operator's families and the server's.
pub(crate) fn health(
    operator: Arc<bowline_operator::Metrics>,
    server: &bowline_server::metrics::Metrics,
) -> Router {
    let mut own = Registry::with_prefix("bowline");
    server.register(&mut own);
    let own = Arc::new(own);
    let ok = || get(|| async { "ok\n" });
    let version = concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}\n");
    let scrape = move || {
        let text = operator.encode_with(&own);
        async move { ([(CONTENT_TYPE, MEDIA_TYPE)], text) }
    };
    Router::new()
        .route("/livez", ok())
        .route("/readyz", ok())
        .route("/version", get(move || async move { version }))
        .route("/metrics", get(scrape))
}

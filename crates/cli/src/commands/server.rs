//! `bowline server`: the web server in a cluster. What it answers is left to `bowline_server`.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use bowline_operator::Metrics;
use bowline_operator::certificates::files::{EVERY, Files};
use bowline_operator::certificates::{Serving, Without};
use bowline_operator::metrics::count_panics;
use bowline_server::Settings;
use bowline_server::callers::Proxies;
use bowline_server::guard::Hosts;
use bowline_server::listen::listen;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use crate::args::{self, Server};
use crate::failure::{Failure, Kind};
use crate::web::cluster::Cluster;
use crate::{cluster, process, web};

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot be started, or stops by itself.
pub async fn run(args: Server, flags: &args::Cluster) -> Result<(), Failure> {
    let _telemetry = process::tell(args.log_format);
    let config = cluster::config(flags).await?;
    let listener = bind(&args)?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let metrics = Arc::<Metrics>::default();
    count_panics(&metrics);
    let reader = kube::Client::try_from(config.clone()).map_err(|error| {
        Failure::new(Kind::Usage, "there is no way to the cluster").caused_by(&error)
    })?;
    let settings = settings(&args, address.port(), reader)?;
    let health = web::health(Arc::clone(&metrics), &settings.metrics);
    let routes = bowline_server::routes(settings, Arc::new(Cluster::new(config)), health);
    let stopping = CancellationToken::new();
    let tls = match &args.certificate_dir {
        Some(folder) => {
            Some(tls(folder, args.client_ca_file.as_deref(), &metrics, &stopping).await?)
        }
        None => None,
    };
    tracing::info!(%address, tls = tls.is_some(), "serving connections");
    let stop = stopping.clone().cancelled_owned();
    let served = async move {
        let ended = listen(listener, tls, routes, stop).await;
        ended.map_err(|error| {
            Failure::new(Kind::Unavailable, "connections cannot be served").caused_by(&error)
        })
    };
    process::serve(served, stopping).await
}

fn bind(args: &Server) -> Result<TcpListener, Failure> {
    TcpListener::bind(args.listen).map_err(|error| {
        Failure::new(
            Kind::Unavailable,
            format!("cannot listen on {}", args.listen),
        )
        .caused_by(&error)
        .help("choose another address with `--listen`; port 0 is any free one")
    })
}

fn settings(args: &Server, port: u16, reader: kube::Client) -> Result<Settings, Failure> {
    let hosts = Hosts::loopback(port).and(args.hosts.iter().map(String::as_str));
    let hosts = hosts.map_err(|error| {
        Failure::new(Kind::Usage, "the server cannot have that name")
            .caused_by(&error)
            .help("name it as browsers do: `--host bowline.example.org`")
    })?;
    let is_secure = args.behind_tls || args.certificate_dir.is_some();
    let mut settings = Settings::new(hosts, is_secure, reader, args.web.homes());
    settings.proxies = Proxies(args.trusted_proxies.clone());
    settings.testing.bounds = args.web.tests.bounds(args.tests_own_addresses);
    settings.testing.keeper = args.tests_with_own_account.then(|| settings.reader.clone());
    settings.oidc = web::provider(&args.web.open_id)?;
    let project = args.odahu_project.as_deref();
    settings.odahu = project.map(bowline_server::odahu::Settings::new);
    Ok(settings)
}

/// Serves with the files of a folder, which are read again as they change.
async fn tls(
    folder: &Path,
    client_ca: Option<&Path>,
    metrics: &Arc<Metrics>,
    stopping: &CancellationToken,
) -> Result<Arc<ServerConfig>, Failure> {
    let serving = Serving::new(Arc::clone(metrics));
    let mut files = Files::new(folder, serving.clone());
    files.reload().await.map_err(|error| {
        Failure::new(Kind::Usage, "there is no certificate to serve with").caused_by(&error)
    })?;
    let stopping = stopping.clone();
    tokio::spawn(async move { stopping.run_until_cancelled(files.run(EVERY)).await });
    let Some(client_ca) = client_ca else {
        return Ok(serving.server_config());
    };
    let authorities = web::read(client_ca)?;
    let config = serving.server_config_for(&authorities, Without::Anonymous);
    config.map_err(|error| {
        let file = client_ca.display();
        let what = format!("`{file}` holds no certificates of authorities");
        Failure::new(Kind::Usage, what)
            .caused_by(&error)
            .help("name a file in PEM with `--client-ca-file`")
    })
}

//! What `bowline operator` puts together in a cluster: admission over HTTPS, and on the leading
//! replica the controllers. Talking to the person is left to `commands::operator`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use bowline_operator::controllers::lease::{Election, Terms};
use bowline_operator::controllers::{Assembly, Settings};
use bowline_operator::listen::listen;
use bowline_operator::metrics::count_panics;
use bowline_operator::server::{Reviews, routes};
use bowline_operator::{Admission, Kubernetes, Metrics, Rights};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::Api;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::args::{self, Operator};
use crate::cluster;
use crate::failure::{Failure, Kind};

/// Namespace of our own objects where nothing names one.
const NAMESPACE: &str = "bowline";

/// One replica, bound to its ports, not yet serving.
pub(crate) struct Replica {
    client: kube::Client,
    settings: Settings,
    admission: TcpListener,
    http: TcpListener,
    tls: Arc<ServerConfig>,
    has_controllers: bool,
}

impl Replica {
    /// Finds the cluster and binds the ports.
    pub(crate) async fn open(args: &Operator, cluster: &args::Cluster) -> Result<Self, Failure> {
        let config = cluster::config(cluster).await?;
        let namespace = namespace(args, &config.default_namespace);
        let client = kube::Client::try_from(config).map_err(|error| {
            Failure::new(Kind::Usage, "there is no way to the cluster").caused_by(&error)
        })?;
        Ok(Self {
            client,
            settings: Settings {
                namespace,
                name: args.name.clone(),
            },
            admission: bind("--listen", args.listen)?,
            http: bind("--http-listen", args.http_listen)?,
            tls: tls(args)?,
            has_controllers: !args.no_controllers,
        })
    }

    /// Serves until `stopping` is cancelled; then reviews under way are answered, and the lease is
    /// given back.
    pub(crate) async fn serve(self, stopping: CancellationToken) -> Result<(), Failure> {
        let metrics = Arc::<Metrics>::default();
        count_panics(&metrics);
        let assembly = Assembly::new(&self.client, &self.settings);
        let cluster = Rights::new(Kubernetes::new(self.client.clone()), Arc::clone(&metrics));
        let users = Arc::clone(&assembly.inventory);
        let reviews = Reviews {
            admission: Arc::new(Admission::new(cluster)),
            users,
            metrics,
        };
        let (leads, leading) = watch::channel(false);
        let election = election(
            self.has_controllers,
            self.client,
            self.settings,
            leads,
            stopping.clone(),
        );
        let stop = stopping.clone().cancelled_owned();
        let address = self.admission.local_addr();
        tracing::info!(address = ?address.ok(), "serving admission");
        let review = listen(self.admission, self.tls, routes(reviews), stop);
        let controllers = assembly.run(leading, stopping);
        let (review, (), ()) = tokio::join!(review, controllers, election);
        review.map_err(|error| {
            Failure::new(Kind::Unavailable, "admission cannot be served").caused_by(&error)
        })
    }
}

async fn election(
    takes_part: bool,
    client: kube::Client,
    settings: Settings,
    leads: watch::Sender<bool>,
    stopping: CancellationToken,
) {
    if !takes_part {
        stopping.cancelled().await;
        return;
    }
    let api: Api<Lease> = Api::namespaced(client, &settings.namespace);
    let election = Election::new(api, settings.name, identity(), Terms::default());
    election.run(leads, stopping).await;
}

/// Unique among replicas, and telling to people: the pod's name, and a part of its own.
fn identity() -> String {
    let host = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    let host = host.unwrap_or_else(|_| "bowline".to_owned());
    let own = uuid::Uuid::new_v4().simple().to_string();
    format!("{host}-{}", &own[..8])
}

/// `$POD_NAMESPACE` is what the chart sets from the pod's own metadata.
fn namespace(args: &Operator, context: &str) -> String {
    let from_pod = std::env::var("POD_NAMESPACE").ok();
    let named = args.namespace.clone().or(from_pod);
    named
        .or_else(|| Some(context.to_owned()).filter(|name| name != "default"))
        .unwrap_or_else(|| NAMESPACE.to_owned())
}

fn bind(flag: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        Failure::new(Kind::Unavailable, format!("cannot listen on {address}"))
            .caused_by(&error)
            .help(format!(
                "choose another address with `{flag}`; port 0 is any free one"
            ))
    })
}

fn tls(args: &Operator) -> Result<Arc<ServerConfig>, Failure> {
    let read = || -> Result<ServerConfig, Box<dyn std::error::Error>> {
        let chain = CertificateDer::pem_file_iter(args.certificate_dir.join("tls.crt"))?;
        let key = PrivateKeyDer::from_pem_file(args.certificate_dir.join("tls.key"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    };
    read().map(Arc::new).map_err(|error| {
        Failure::new(Kind::Usage, "the serving certificate cannot be used").cause(error.to_string())
    })
}

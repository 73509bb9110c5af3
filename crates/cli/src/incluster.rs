//! What `bowline operator` puts together in a cluster: admission over HTTPS, and on the leading
//! replica the controllers. Talking to the person is left to `commands::operator`.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bowline_core::storage_config::Mode;
use bowline_operator::certificates::files::Files;
use bowline_operator::certificates::{Serving, Without, own, system_clock};
use bowline_operator::controllers::lease::{Election, Terms};
use bowline_operator::controllers::term::Term;
use bowline_operator::controllers::{Assembly, Settings, testing};
use bowline_operator::health;
use bowline_operator::listen::{Limits, listen, listen_in_clear};
use bowline_operator::metrics::count_panics;
use bowline_operator::server::{Reviews, routes};
use bowline_operator::{Admission, Health, Kubernetes, Metrics, Rights, Seen, connect};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::Api;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::args::{self, Certificates, Operator, StorageConfig};
use crate::cluster;
use crate::failure::{Failure, Kind};

/// Namespace of our own objects where nothing names one.
const NAMESPACE: &str = "bowline";

/// How often files of certificates are looked at.
const FILES_EVERY: Duration = Duration::from_secs(5);

/// Where the serving certificate comes from.
enum Source {
    /// We make it, valid for these names beside those of the Service.
    Own(Vec<String>),
    /// Somebody puts it into this folder.
    Files(PathBuf),
}

impl Source {
    fn of(args: &Operator) -> Self {
        match args.certificates {
            Certificates::Own => Self::Own(args.certificate_names.clone()),
            Certificates::Files => Self::Files(args.certificate_dir.clone()),
        }
    }

    /// Keeps the certificate good until it is dropped.
    async fn keep(self, client: &kube::Client, settings: &Settings, serving: Serving) {
        match self {
            Self::Own(more_names) => {
                let settings = own::Settings {
                    more_names,
                    ..own::Settings::new(&settings.namespace, &settings.name)
                };
                own::Keeper::new(client, settings, serving, system_clock())
                    .run()
                    .await;
            }
            Self::Files(folder) => Files::new(folder, serving).run(FILES_EVERY).await,
        }
    }
}

/// One replica, bound to its ports, not yet serving.
pub(crate) struct Replica {
    client: kube::Client,
    settings: Settings,
    admission: TcpListener,
    http: TcpListener,
    certificates: Source,
    /// Authorities of the clients that are answered, in PEM; all are where there is none.
    client_authorities: Option<String>,
}

impl Replica {
    /// Finds the cluster and binds the ports.
    pub(crate) async fn open(args: &Operator, cluster: &args::Cluster) -> Result<Self, Failure> {
        let config = cluster::config(cluster).await?;
        let namespace = namespace(args, &config.default_namespace);
        let client = connect::client(&config).map_err(|error| {
            Failure::new(Kind::Usage, "there is no way to the cluster").caused_by(&error)
        })?;
        Ok(Self {
            client,
            settings: Settings {
                has_controllers: !args.no_controllers,
                storage_config: match args.storage_config {
                    StorageConfig::Off => Mode::Off,
                    StorageConfig::Own => Mode::Own,
                    StorageConfig::Adopt => Mode::Adopt,
                },
                annotates_secrets: args.annotate_secrets,
                pipelines: args.pipelines_namespace.clone(),
                testing: args.test_connections.map(|when| testing::Settings {
                    when,
                    bounds: args.tests.bounds(false),
                    probe: bowline_probe::Settings::default(),
                }),
                ca_bundle: pem("--ca-bundle-file", args.ca_bundle_file.as_deref())?
                    .unwrap_or_default(),
                ..Settings::new(namespace, &args.name)
            },
            admission: bind("--listen", args.listen)?,
            http: bind("--http-listen", args.http_listen)?,
            certificates: Source::of(args),
            client_authorities: pem("--client-ca-file", args.client_ca_file.as_deref())?,
        })
    }

    /// Serves until `stopping` is cancelled; then reviews under way are answered, and the lease is
    /// given back.
    pub(crate) async fn serve(self, stopping: CancellationToken) -> Result<(), Failure> {
        let (address, http) = (address(&self.admission), address(&self.http));
        tracing::info!(%address, %http, "serving admission");
        let metrics = Arc::<Metrics>::default();
        count_panics(&metrics);
        let term = Term::default();
        let writer = term.client(self.client.clone());
        let assembly = Assembly::new(&writer, &self.settings, Arc::clone(&metrics));
        let cluster = Rights::new(Kubernetes::new(self.client.clone()), Arc::clone(&metrics));
        let users = Arc::clone(&assembly.inventory);
        let cluster = Seen::new(cluster, Arc::clone(&users));
        let serving = Serving::new(Arc::clone(&metrics));
        let health = Arc::new(Health::new(serving.clone()));
        let certificates = self.certificates;
        let (client, settings) = (self.client.clone(), self.settings.clone());
        let tls = match &self.client_authorities {
            Some(authorities) => {
                serving.server_config_for(authorities.as_bytes(), Without::Refused)
            }
            None => Ok(serving.server_config()),
        };
        let tls = tls.map_err(|error| {
            Failure::new(Kind::Usage, "clients of admission cannot be told apart")
                .caused_by(&error)
                .help("name a file of certificates in PEM with `--client-ca-file`")
        })?;
        let certificates = async move { certificates.keep(&client, &settings, serving).await };
        let certificates = stopping.run_until_cancelled(certificates);
        let reviews = Reviews {
            admission: Arc::new(Admission::new(cluster)),
            users,
            metrics: Arc::clone(&metrics),
        };
        let (leads, leading) = watch::channel(false);
        // The lease is given back once nothing is written any more.
        let at_rest = CancellationToken::new();
        let report = assembly.report(leading.clone(), Arc::clone(&health));
        let report = stopping.run_until_cancelled(report);
        let stop = stopping.clone().cancelled_owned();
        let http = health::routes(health, metrics);
        let http = listen_in_clear(Limits::default(), self.http, http, stop);
        let election = election(self.client, self.settings, term, leads, at_rest.clone());
        let stop = stopping.clone().cancelled_owned();
        let review = listen(self.admission, tls, routes(reviews), stop);
        let controllers = async {
            assembly.run(leading, stopping.clone()).await;
            at_rest.cancel();
        };
        let (review, http, ..) =
            tokio::join!(review, http, controllers, election, certificates, report);
        review.and(http).map_err(|error| {
            Failure::new(Kind::Unavailable, "admission cannot be served").caused_by(&error)
        })
    }
}

async fn election(
    client: kube::Client,
    settings: Settings,
    term: Term,
    leads: watch::Sender<bool>,
    at_rest: CancellationToken,
) {
    if !settings.has_controllers {
        at_rest.cancelled().await;
        return;
    }
    let api: Api<Lease> = Api::namespaced(client, &settings.namespace);
    let election = Election::new(api, settings.name, identity(), Terms::default(), term);
    election.run(leads, at_rest).await;
}

/// Unique among replicas, and telling to people: the pod's name, and a part of its own.
fn identity() -> String {
    let host = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    let host = host.unwrap_or_else(|_| "bowline".to_owned());
    let own = uuid::Uuid::new_v4().simple().to_string();
    format!("{host}-{}", &own[..8])
}

fn pem(flag: &str, file: Option<&Path>) -> Result<Option<String>, Failure> {
    let read = |file: &Path| {
        std::fs::read_to_string(file).map_err(|error| {
            Failure::new(Kind::Usage, format!("cannot read `{}`", file.display()))
                .caused_by(&error)
                .help(format!("name a file of certificates in PEM with `{flag}`"))
        })
    };
    file.map(read).transpose()
}

/// `$POD_NAMESPACE` is what the chart sets from the pod's own metadata.
fn namespace(args: &Operator, context: &str) -> String {
    let from_pod = std::env::var("POD_NAMESPACE").ok();
    let named = args.namespace.clone().or(from_pod);
    named
        .or_else(|| Some(context.to_owned()).filter(|name| name != "default"))
        .unwrap_or_else(|| NAMESPACE.to_owned())
}

/// For people and programs; a bound listener has an address.
fn address(listener: &TcpListener) -> String {
    let address = listener.local_addr();
    address.map_or_else(|error| error.to_string(), |address| address.to_string())
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

//! What `bowline up` puts together: the embedded Kubernetes API, admission plugged into it, and the
//! same admission over HTTPS. Talking to the person is left to `commands::up`.

mod admission;
mod callers;
pub(crate) mod control;
mod crds;
mod fault;
mod files;
pub(crate) mod links;
mod odahu;
mod reach;
mod seed;
mod tokens;

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use bowline_apiserver::kubeconfig::Access;
use bowline_apiserver::store::KeySource;
use bowline_apiserver::tls::{Authority, Serving};
use bowline_apiserver::{ApiServer, Config, Token, UserInfo};
use bowline_catalog::connection_types::Homes;
use bowline_core::Sensitive;
use bowline_operator::controllers::testing::When;
use bowline_operator::controllers::{self, Assembly};
use bowline_operator::listen::listen;
use bowline_operator::server::{Reviews, routes};
use bowline_operator::{Admission, Kubernetes, Metrics};
use bowline_proof::Bounds;
use bowline_server::callers::Callers;
use bowline_server::guard::Hosts;
use bowline_server::session::oidc::Oidc;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::web;
use admission::Embedded;
use fault::{at_fault, unopened};
use links::Links;
pub(crate) use reach::Reach;
use reach::{Far, bind};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Names under which clients on this machine reach the servers.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Who owns the written kubeconfig.
const ADMINISTRATOR: &str = "bowline-admin";
/// Who admission looks things up as.
const OPERATOR: &str = "system:bowline:operator";

/// Where the state is and where to listen; port 0 means any free one.
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) key: KeySource,
    pub(crate) kubernetes_port: u16,
    pub(crate) admission_port: u16,
    pub(crate) http_port: u16,
    /// Where clients on other machines reach what may be reached from there.
    pub(crate) reach: Option<Reach>,
    /// File of further users.
    pub(crate) token_file: Option<PathBuf>,
    /// Where connection types live.
    pub(crate) homes: Homes,
    /// Where people may sign in.
    pub(crate) oidc: Option<Arc<Oidc>>,
    /// Where tests may go.
    pub(crate) bounds: Bounds,
    /// When connections are tested by themselves.
    pub(crate) tests: Option<When>,
    /// The namespace of the store whose keys profiles get copies of.
    pub(crate) pipelines: Option<String>,
    /// ODAHU's API.
    pub(crate) odahu: crate::args::Odahu,
}

/// Where everything can be reached.
pub(crate) struct Listening {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) kubernetes: String,
    pub(crate) admission: String,
    pub(crate) http: String,
    /// The web over TLS, where it is reached from other machines.
    pub(crate) https: Option<String>,
    pub(crate) token: String,
    pub(crate) ca: PathBuf,
    /// Good for one sign-in.
    pub(crate) login: String,
}

/// Everything that runs, opened and bound, not yet serving.
pub(crate) struct Stack {
    api: ApiServer,
    controllers: Assembly,
    reviews: Reviews<Kubernetes>,
    serving: Serving,
    kubernetes: TcpListener,
    review: TcpListener,
    http: TcpListener,
    web: Router,
    far: Option<Far>,
    control: Option<UnixListener>,
    links: Links,
    listening: Listening,
}

impl Stack {
    /// Opens the state, binds the ports and writes the kubeconfig.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        files::make_private(&settings.data)?;
        let token = files::token(&settings.data.join("token"))?;
        // The store comes first: it knows best that another `bowline up` is running.
        let secret = token.secret().to_owned();
        let api = open_api(settings, token).await?;
        let address = settings.reach.map_or(LOOPBACK, |reach| reach.address);
        let kubernetes = bind("--kubernetes-port", address, settings.kubernetes_port)?;
        let review = bind("--admission-port", LOOPBACK, settings.admission_port)?;
        let http = bind("--http-port", LOOPBACK, settings.http_port)?;
        let https = settings
            .reach
            .map(|reach| bind("--https-port", reach.address, reach.https_port))
            .transpose()?;
        let authority =
            Authority::in_directory(settings.data.join("tls")).map_err(|e| at_fault(&e))?;
        let serving = serving(&authority, address)?;
        let ca = settings.data.join("ca.crt");
        files::write(&ca, authority.certificate_pem())?;
        let client = api.in_process(UserInfo::administrator(OPERATOR));
        let client = kube::Client::new(client, "default");
        let homes = &settings.homes;
        seed::plant(&client, homes).await?;
        let reader = kube::Client::new(api.in_process(seed::account()), "default");
        let hosts = Hosts::loopback(port(&http)?);
        let mut web = bowline_server::Settings::new(hosts, false, reader, homes.clone());
        web.oidc.clone_from(&settings.oidc);
        // Whoever reaches loopback can also go where tests go without this server.
        web.testing = bowline_server::testing::Settings {
            bounds: settings.bounds.clone(),
            is_open: true,
            keeper: Some(client.clone()),
            ..bowline_server::testing::Settings::default()
        };
        web.odahu = Some(odahu::settings(&api, &settings.odahu).await?);
        let links = Links {
            url: url("http", &http)?,
            sessions: Arc::clone(&web.sessions),
            token: Sensitive::new(secret.as_str()),
        };
        let listening = Listening {
            kubeconfig: settings.data.join("kubeconfig"),
            kubernetes: url("https", &kubernetes)?,
            admission: url("https", &review)?,
            http: url("http", &http)?,
            https: https.as_ref().map(|far| url("https", far)).transpose()?,
            login: links.link(links::AT_THE_START),
            token: secret,
            ca,
        };
        let metrics = Arc::<Metrics>::default();
        let controllers = Assembly::new(
            &client,
            &controller_settings(settings),
            Arc::clone(&metrics),
        );
        let health = web::health(Arc::clone(&metrics), &web.metrics);
        let callers: Arc<dyn Callers> = Arc::new(callers::Embedded {
            api: api.clone(),
            oidc: settings.oidc.clone(),
        });
        let far = settings.reach.zip(https);
        let far = far.map(|(reach, https)| reach.web(https, &web, Arc::clone(&callers)));
        let far = far.transpose()?;
        let web = bowline_server::routes(web, callers, health);
        let users = Arc::clone(&controllers.inventory);
        let reviews = Reviews {
            admission: Arc::new(Admission::new(Kubernetes::new(client))),
            users,
            metrics,
        };
        api.set_admission(Arc::new(Embedded {
            admission: Arc::clone(&reviews.admission),
            users: Arc::clone(&reviews.users),
        }));
        let access = Access {
            name: "bowline",
            server: &listening.kubernetes,
            certificate_pem: authority.certificate_pem(),
            token: &listening.token,
            namespace: "default",
        };
        access
            .write(&listening.kubeconfig)
            .map_err(|error| at_fault(&error))?;
        Ok(Self {
            api,
            controllers,
            reviews,
            serving,
            kubernetes,
            review,
            http,
            web,
            far,
            control: control::bind(&settings.data),
            links,
            listening,
        })
    }

    pub(crate) const fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Serves until `stopping` is cancelled; then requests under way are answered.
    pub(crate) async fn serve(self, stopping: CancellationToken) -> Result<(), Failure> {
        let stop = || stopping.clone().cancelled_owned();
        let kubernetes = asynchronous(self.kubernetes)?;
        let tls = self.serving.server_config();
        let api = self.api.serve(kubernetes, Arc::clone(&tls), stop());
        let far = far(self.far, Arc::clone(&tls), stop());
        let review = listen(self.review, tls, routes(self.reviews), stop());
        let http = bowline_server::listen::listen(self.http, None, self.web, stop());
        // There is no other replica: this one leads.
        let (_leads, leading) = watch::channel(true);
        let controllers = self.controllers.run(leading, stopping.clone());
        let control = control::serve(self.control, &self.api, &self.links, stop());
        let (api, review, http, far, (), ()) =
            tokio::join!(api, review, http, far, controllers, control);
        api.map_err(|error| at_fault(&error))?;
        review.and(http).and(far).map_err(|error| at_fault(&error))
    }
}

/// Serves what is reached from other machines, if anything is.
async fn far(
    far: Option<Far>,
    tls: Arc<ServerConfig>,
    stop: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    match far {
        Some(far) => bowline_server::listen::listen(far.listener, Some(tls), far.web, stop).await,
        None => Ok(()),
    }
}

/// The serving certificate, also for the address at which clients elsewhere reach us.
fn serving(authority: &Authority, address: IpAddr) -> Result<Serving, Failure> {
    let address = address.to_string();
    let own = (!NAMES.contains(&address.as_str())).then_some(address.as_str());
    let names: Vec<&str> = NAMES.into_iter().chain(own).collect();
    authority.serving(&names).map_err(|error| at_fault(&error))
}

/// Our own Secrets are kept where people do not look for connections.
fn controller_settings(settings: &Settings) -> controllers::Settings {
    controllers::Settings {
        testing: settings.tests.map(|when| controllers::testing::Settings {
            when,
            bounds: settings.bounds.clone(),
            probe: bowline_probe::Settings::default(),
        }),
        pipelines: settings.pipelines.clone(),
        ..controllers::Settings::new("kube-system", "bowline")
    }
}

/// A server whose state is in this folder, and who knows nobody yet.
pub(crate) fn store_of(data: &Path, key: KeySource) -> Config {
    let mut config = Config::new(data.join("store.sqlite"));
    config.key = key;
    config
}

async fn open_api(settings: &Settings, token: Token) -> Result<ApiServer, Failure> {
    let mut config = store_of(&settings.data, settings.key.clone());
    config.tokens.push(token);
    if let Some(path) = &settings.token_file {
        config.tokens.extend(tokens::read(path)?);
    }
    config.definitions = crds::workload_kinds();
    ApiServer::open(config)
        .await
        .map_err(|error| unopened(&error))
}

pub(crate) fn administrator() -> UserInfo {
    UserInfo::administrator(ADMINISTRATOR)
}

fn url(scheme: &str, listener: &TcpListener) -> Result<String, Failure> {
    let address = listener.local_addr().map_err(|error| at_fault(&error))?;
    Ok(format!("{scheme}://{address}"))
}

fn port(listener: &TcpListener) -> Result<u16, Failure> {
    let address = listener.local_addr().map_err(|error| at_fault(&error))?;
    Ok(address.port())
}

fn asynchronous(listener: TcpListener) -> Result<tokio::net::TcpListener, Failure> {
    let made = listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener));
    made.map_err(|error| at_fault(&error))
}

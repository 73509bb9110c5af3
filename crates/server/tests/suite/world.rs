//! A web server on a free port in front of an API of its own, and the people who call it. What they
//! try is left to the tests.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use bowline_apiserver::{ApiServer, Config, Token, UserInfo};
use bowline_catalog::connection_types::{Homes, seed};
use bowline_core::Sensitive;
use bowline_probe::dial::{Resolve, Resolving};
use bowline_proof::Bounds;
use bowline_server::Settings;
use bowline_server::callers::{Caller, Callers, Credentials, Refusal, User};
use bowline_server::guard::Hosts;
use bowline_server::listen::{Patience, listen_within};
use bowline_server::session::oidc::Oidc;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::meddle::Meddler;

/// How long one-time links are good.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A token of which nobody ever finds out whose it is.
pub(crate) const ENDLESS: &str = "token-without-end";

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Says nothing.
    Anonymous,
    /// May read everything in project `team-a`.
    Viewer,
    /// May change everything there.
    Editor,
    /// May do everything.
    Admin,
    /// May change everything in project `team-b`.
    Other,
}

impl Who {
    pub(crate) const ALL: [Self; 5] = [
        Self::Anonymous,
        Self::Viewer,
        Self::Editor,
        Self::Admin,
        Self::Other,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Other => "other",
        }
    }

    pub(crate) fn token(self) -> String {
        format!("token-of-{}", self.name())
    }
}

/// A name server that knows no name.
pub(crate) struct NoNames;

impl Resolve for NoNames {
    fn addresses<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async { Err(std::io::ErrorKind::NotFound.into()) })
    }
}

/// Maps tokens to users of the embedded API, and trusts certificates and proxies as a cluster that
/// lets the server impersonate does.
struct Embedded {
    api: ApiServer,
    meddler: Meddler,
    oidc: Option<Arc<Oidc>>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Callers for Embedded {
    async fn caller(&self, credentials: &Credentials) -> Result<Caller, Refusal> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let user = match credentials {
            Credentials::Anonymous => return Err(Refusal::Anonymous),
            Credentials::Certificate(user) | Credentials::Proxy(user) => {
                UserInfo::new(user.name.as_str(), user.groups.clone())
            }
            Credentials::Token(token) => {
                let token = token.expose_str().unwrap_or_default();
                if token == ENDLESS {
                    std::future::pending::<()>().await;
                }
                let known = self.api.user_of_token(token).await;
                match (known.map_err(|_| Refusal::Unknown("no store"))?, &self.oidc) {
                    (Some(user), _) => user,
                    (None, Some(oidc)) => {
                        let person = oidc.verify(token).await;
                        let person = person.map_err(|_| Refusal::Unknown("not good"))?;
                        UserInfo::new(person.user.name, person.user.groups)
                    }
                    (None, None) => return Err(Refusal::Unknown("not one of ours")),
                }
            }
        };
        let client = self.meddler.client(&self.api, user.clone());
        let UserInfo {
            name,
            groups,
            extra,
            ..
        } = user;
        Ok(Caller::new(
            client,
            User {
                name,
                groups,
                extra,
            },
        ))
    }
}

/// The server and the API behind it.
pub(crate) struct World {
    /// Such as `http://127.0.0.1:40000`.
    pub(crate) url: String,
    /// A code that is good for one session of the administrator.
    pub(crate) code: String,
    pub(crate) api: ApiServer,
    /// What happens to the requests of those who call.
    pub(crate) meddler: Meddler,
    /// How often it was to be found out who has some credentials.
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) http: Client,
    _stop: DropGuard,
    _data: TempDir,
}

impl World {
    pub(crate) async fn new() -> Result<Self> {
        Self::with(|_| ()).await
    }

    /// With other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Result<Self> {
        Self::patient(Patience::default(), change).await
    }

    pub(crate) async fn patient(
        patience: Patience,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let api = open(&data).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let administrator = UserInfo::administrator("setup");
        let reader = kube::Client::new(api.in_process(administrator), "default");
        seed(&reader, &Homes::default()).await?;
        let hosts = Hosts::loopback(address.port());
        let mut settings = Settings::new(hosts, false, reader, Homes::default());
        settings.testing = bowline_server::testing::Settings {
            bounds: Bounds {
                is_own_allowed: true,
                resolver: Arc::new(NoNames),
                ..Bounds::default()
            },
            is_open: true,
            keeper: Some(settings.reader.clone()),
            ..bowline_server::testing::Settings::default()
        };
        change(&mut settings);
        let administrator = Credentials::Token(Sensitive::new(Who::Admin.token()));
        let code = settings.sessions.invite(administrator, DAY);
        let meddler = Meddler::default();
        let asked = Arc::default();
        let callers = Embedded {
            api: api.clone(),
            meddler: meddler.clone(),
            oidc: settings.oidc.clone(),
            asked: Arc::clone(&asked),
        };
        let others = axum::Router::new().route("/defect", axum::routing::get(defect));
        let routes = bowline_server::routes(settings, Arc::new(callers), others);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(listen_within(patience, listener, None, routes, stopped));
        // The client library leaves the choice of a provider to us; a second call changes nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        let world = Self {
            url: format!("http://{address}"),
            code,
            api,
            meddler,
            asked,
            http: http.build()?,
            _stop: stop.drop_guard(),
            _data: data,
        };
        world.people().await?;
        Ok(world)
    }

    /// A request to a path as somebody.
    pub(crate) fn request(&self, who: Who, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match who {
            Who::Anonymous => request,
            who => request.bearer_auth(who.token()),
        }
    }

    pub(crate) async fn get(&self, who: Who, path: &str) -> Result<Response> {
        Ok(self.request(who, Method::GET, path).send().await?)
    }

    /// A client of the Kubernetes API that may do everything.
    pub(crate) fn client(&self) -> kube::Client {
        kube::Client::new(
            self.api.in_process(UserInfo::administrator("setup")),
            "default",
        )
    }

    /// Creates an object from its manifest.
    pub(crate) async fn create(&self, manifest: Value) -> Result<()> {
        let object: DynamicObject = serde_json::from_value(manifest)?;
        let types = object.types.clone().unwrap_or_default();
        let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types)?);
        let client = self.client();
        let api: Api<DynamicObject> = match &object.metadata.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        api.create(&PostParams::default(), &object).await?;
        Ok(())
    }

    async fn people(&self) -> Result<()> {
        for project in ["team-a", "team-b"] {
            self.create(
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": project}}),
            )
            .await?;
        }
        let all = json!([
            "get", "list", "watch", "create", "update", "patch", "delete"
        ]);
        self.allow("team-a", Who::Viewer, json!(["get", "list", "watch"]))
            .await?;
        self.allow("team-a", Who::Editor, all.clone()).await?;
        self.allow("team-b", Who::Other, all).await
    }

    pub(crate) async fn allow(&self, project: &str, who: Who, verbs: Value) -> Result<()> {
        let metadata = json!({"name": who.name(), "namespace": project});
        let groups = "rbac.authorization.k8s.io";
        self.create(json!({
            "apiVersion": format!("{groups}/v1"), "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}],
        }))
        .await?;
        self.create(json!({
            "apiVersion": format!("{groups}/v1"), "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": groups, "kind": "Role", "name": who.name()},
            "subjects": [{"apiGroup": groups, "kind": "User", "name": who.name()}],
        }))
        .await
    }
}

/// A handler with a defect.
async fn defect() -> &'static str {
    panic!("on purpose")
}

async fn open(data: &TempDir) -> Result<ApiServer> {
    let mut config = Config::new(data.path().join("store.sqlite"));
    for who in Who::ALL {
        let user = match who {
            Who::Anonymous => continue,
            Who::Admin => UserInfo::administrator(who.name()),
            _ => UserInfo::new(who.name(), Vec::<String>::new()),
        };
        config.tokens.push(Token::new(who.token(), user));
    }
    Ok(ApiServer::open(config).await?)
}

/// The problem document of an answer.
pub(crate) async fn problem(answer: Response) -> Result<Value> {
    let media_type = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    anyhow::ensure!(
        media_type == Some("application/problem+json"),
        "{media_type:?}"
    );
    Ok(answer.json().await?)
}

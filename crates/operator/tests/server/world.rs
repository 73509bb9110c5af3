//! What the tests stand on: an admission server on a free port, and an embedded API.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use bowline_apiserver::{ApiServer, Config, UserInfo};
use bowline_operator::listen::{Limits, listen_within};
use bowline_operator::server::{Reviews, routes};
use bowline_operator::{Admission, Metrics, Serving, Users};
use bowline_testkit::Memory;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::authority::Authority;
use crate::client::Trust;

/// An admission server that runs for as long as the test.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) trust: Trust,
    pub(crate) metrics: Arc<Metrics>,
}

impl World {
    pub(crate) async fn start(limits: Limits, users: Arc<dyn Users>) -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let metrics = Arc::new(Metrics::default());
        let serving = Serving::new(Arc::clone(&metrics));
        authority.serve(folder.path(), &serving).await;
        Self {
            address: serve(limits, &serving, users, &metrics),
            trust: Trust::in_pem(&authority.certificate),
            metrics,
        }
    }
}

/// Serves admission on a free port.
pub(crate) fn serve(
    limits: Limits,
    serving: &Serving,
    users: Arc<dyn Users>,
    metrics: &Arc<Metrics>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let cluster = Memory::default();
    cluster.curse("cursed");
    let reviews = Reviews {
        admission: Arc::new(Admission::new(cluster)),
        users,
        metrics: Arc::clone(metrics),
    };
    let (tls, routes) = (serving.server_config(), routes(reviews));
    tokio::spawn(listen_within(
        limits,
        listener,
        tls,
        routes,
        std::future::pending(),
    ));
    address
}

/// An embedded API that knows webhook configurations, and a client with all rights.
pub(crate) struct Api {
    pub(crate) client: kube::Client,
    _server: ApiServer,
    _folder: TempDir,
}

impl Api {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("store.sqlite"));
        config.definitions = vec![definition("Mutating"), definition("Validating")];
        let server = ApiServer::open(config).await.unwrap();
        let user = UserInfo::administrator("operator");
        Self {
            client: kube::Client::new(server.in_process(user), "default"),
            _server: server,
            _folder: folder,
        }
    }
}

fn definition(which: &str) -> Value {
    let kind = format!("{which}WebhookConfiguration");
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    let group = "admissionregistration.k8s.io";
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": {
        "type": "object",
        "properties": {"webhooks": {"type": "array", "items": any}},
    }});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": singular, "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    })
}

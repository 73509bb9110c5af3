//! What a probe needs beside the connection: the logins of others in its project, the certificate
//! authorities that the project trusts, its claims. Whatever the client may not read is left out.

use bowline_core::ca_bundle::{KEY, NAME, SOURCES, join};
use bowline_core::{Connection, Protocol, Recognition, Secret};
use futures::future::join_all;
use k8s_openapi::api::core::v1::{ConfigMap, Secret as KubernetesSecret};
use kube::api::ListParams;
use kube::{Api, Client};

use crate::ApiClaims;

/// What is around a connection.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The project's connections that hold a login, of which a location may need one.
    pub others: Vec<Connection>,
    /// Certificate authorities in PEM that the project trusts beside the system's.
    pub authorities: Option<String>,
    /// Who tells about claims.
    pub claims: Option<ApiClaims>,
}

impl Surroundings {
    /// What is around a connection of a project, with the rights of `client`.
    pub async fn of(client: &Client, connection: &Connection) -> Self {
        let namespace = &connection.secret.namespace;
        let (others, authorities) =
            futures::future::join(others(client, connection), authorities(client, namespace)).await;
        Self {
            others,
            authorities,
            claims: Some(ApiClaims(client.clone())),
        }
    }
}

/// Only a location can need the login of another connection.
async fn others(client: &Client, connection: &Connection) -> Vec<Connection> {
    if connection.protocol != Some(Protocol::Uri) {
        return Vec::new();
    }
    let api: Api<KubernetesSecret> = Api::namespaced(client.clone(), &connection.secret.namespace);
    let Ok(found) = api.list(&ListParams::default()).await else {
        return Vec::new();
    };
    let login = |secret: KubernetesSecret| {
        let secret = Secret::from_value(&serde_json::to_value(secret).ok()?).ok()?;
        match Connection::from_secret(secret) {
            Recognition::Connection(other) => other
                .protocol
                .is_some_and(|protocol| protocol != Protocol::Uri)
                .then_some(*other),
            _ => None,
        }
    };
    found.items.into_iter().filter_map(login).collect()
}

/// The bundle that KServe mounts, else what it would be made from.
async fn authorities(client: &Client, namespace: &str) -> Option<String> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let read = async |(name, keys): (&str, &[&str])| {
        let data = api.get_opt(name).await.ok().flatten()?.data?;
        let texts = keys.iter().filter_map(|key| data.get(*key).cloned());
        Some(texts.collect::<Vec<_>>().join("\n"))
    };
    let sources = std::iter::once((NAME, [KEY].as_slice())).chain(SOURCES);
    let texts: Vec<String> = join_all(sources.map(read))
        .await
        .into_iter()
        .flatten()
        .collect();
    let bundle = join(texts.iter().map(String::as_str));
    (bundle.certificates > 0).then_some(bundle.text)
}

//! The chart allows the web server's account what it needs and nothing else: a request for each right,
//! from a person whom a trusted proxy names.

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::own_audited;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::ensure_all_used;
use super::rules::grants;
use crate::installed::Installed;
use crate::scene::{binding, role};
use crate::wire::Caller;

const NAMESPACE: &str = "harbour";
const ADA: [(&str, &str); 3] = [
    ("x-remote-user", "ada"),
    ("x-remote-group", "crew"),
    ("x-remote-extra-scopes", "read"),
];

#[tokio::test]
async fn every_right_of_the_web_server_is_used_and_none_is_missing() -> Result<()> {
    let Some(mut cluster) = own_audited().await? else {
        return Ok(());
    };
    let log = cluster.control_plane().and_then(|plane| plane.audit_log());
    let log = log.context("no audit log")?;
    let installed = Installed::new(cluster, "server-on").await?;
    let (server, user) = installed.web_server().await?;
    prepare(&installed).await?;
    let ada = ada(server.address())?;
    let connections = format!("/api/v1/projects/{NAMESPACE}/connections");
    ada.get("/api/v1/projects").await?.granted()?;
    ada.get("/api/v1/connection-types").await?.granted()?;
    // Looked for in every place.
    let missing = ada.get("/api/v1/connection-types/mast").await?;
    ensure!(missing.code == 404, "{:?}", missing.body);
    // She may not read it, and has no right to say how the test went.
    let test = format!("{connections}/soundings/test");
    let report = ada.post(&test, &json!({})).await?.granted()?;
    ensure!(report["isRecorded"] == true, "{report}");
    let of_server: Vec<Value> = installed
        .objects
        .iter()
        .filter(|object| {
            let name = object["metadata"]["name"].as_str();
            name.is_some_and(|name| name.starts_with("bowline-server"))
        })
        .cloned()
        .collect();
    ensure_all_used(grants(&of_server)?, &log, &user).await
}

/// A connection that leads nowhere, and somebody who may test it.
async fn prepare(installed: &Installed) -> Result<()> {
    let cluster = &installed.cluster;
    cluster.namespace(NAMESPACE, &[]).await?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "soundings", "namespace": NAMESPACE,
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
        },
        "stringData": {"URI": "http://127.0.0.1:1/soundings"},
    });
    let rule =
        json!({"apiGroups": ["bowline.dev"], "resources": ["connections"], "verbs": ["test"]});
    let mut rights = [
        role("Role", "testers", &[rule]),
        binding("Role", "testers", "Group", "crew"),
    ];
    for object in &mut rights {
        object["metadata"]["namespace"] = json!(NAMESPACE);
    }
    cluster.apply(&rights).await?;
    cluster.apply(&[secret]).await
}

fn ada(address: std::net::SocketAddr) -> Result<Caller> {
    let mut config = kube::Config::new(format!("http://{address}").parse()?);
    config.default_retry = false;
    for (name, value) in ADA {
        let header = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        config.headers.push(header);
    }
    Ok(Caller::administrator(kube::Client::try_from(config)?))
}

//! The whole chain on a real API server: Secret and workload are created there, the webhook admits,
//! the running operator does the rest, and what is fetched with is exactly what is then stored.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use bowline_cluster_tests::storage::{Files, Namespace};
use bowline_cluster_tests::{own_with_schemas, until};
use bowline_core::{Secret, WorkloadKind};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::objects::{Admitted, NAMESPACE};
use super::*;
use crate::installed::Installed;
use crate::wire::{Caller, collection};

/// One installation for all tests here, with annotations for upstream KServe.
async fn installed() -> Result<Option<&'static Installed>> {
    static INSTALLED: OnceCell<Option<Installed>> = OnceCell::const_new();
    let install = || async {
        match own_with_schemas().await? {
            Some(cluster) => Ok(Some(Installed::new(cluster, "kserve").await?)),
            None => anyhow::Ok(None),
        }
    };
    Ok(INSTALLED.get_or_try_init(install).await?.as_ref())
}

/// Has a workload admitted and waits until the operator has seen to it.
async fn admit(installed: &Installed, scene: &Scene) -> Result<Admitted> {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let name = format!("{NAMESPACE}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let cluster = &installed.cluster;
    cluster.namespace(&name, &[]).await?;
    if let Some(text) = &scene.ca {
        let metadata = json!({"name": "odh-trusted-ca-bundle", "namespace": name});
        let data = json!({"ca-bundle.crt": text});
        let trusted = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data,
        });
        cluster.apply(&[trusted]).await?;
    }
    cluster.apply(&[moved(&scene.secret, &name)?]).await?;
    let admin = Caller::administrator(cluster.client().await?);
    let workload = moved(&scene.workload, &name)?;
    let reply = admin
        .post(&collection(&workload, &name)?, &workload)
        .await?;
    let workload = reply.granted()?;
    let kind = WorkloadKind::of_object(&workload).context("no workload")?;
    if kind.is_serving() {
        until("the operator has made the entry", || async {
            let namespace = read(&admin, &name).await?;
            Ok(is_settled(&namespace, scene))
        })
        .await?;
    }
    let namespace = read(&admin, &name).await?;
    Ok(Admitted {
        workload,
        namespace,
    })
}

/// The same object in another namespace.
fn moved(object: &Value, namespace: &str) -> Result<Value> {
    Ok(serde_json::from_str(
        &object.to_string().replace(NAMESPACE, namespace),
    )?)
}

/// Whether the entry is there, and refers to the certificates where there are any.
fn is_settled(namespace: &Namespace, scene: &Scene) -> bool {
    let entry = namespace
        .secrets
        .get("storage-config")
        .and_then(|config| config.value(dialect::NAME)?.expose_str());
    let is_trusting = |entry: &str| {
        let entry: Value = serde_json::from_str(entry).unwrap_or_default();
        let has_tls = entry["endpoint_url"]
            .as_str()
            .is_some_and(|url| url.starts_with("https://"));
        !has_tls || scene.ca.is_none() || entry["cabundle_configmap"].is_string()
    };
    entry.is_some_and(is_trusting)
}

/// Everything in a namespace that fetching a model asks for.
async fn read(admin: &Caller, name: &str) -> Result<Namespace> {
    let list = async |plural: &str| {
        let path = format!("/api/v1/namespaces/{name}/{plural}");
        let list = admin.get(&path).await?.granted()?;
        let items = list["items"].as_array().context("no items")?;
        anyhow::Ok(items.clone())
    };
    let text = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let mut namespace = Namespace::default();
    for secret in list("secrets").await? {
        let secret = Secret::from_value(&secret)?;
        namespace.secrets.insert(secret.name.clone(), secret);
    }
    for account in list("serviceaccounts").await? {
        let links = account["secrets"].as_array().into_iter().flatten();
        let links = links.map(text).collect();
        namespace.accounts.insert(text(&account["metadata"]), links);
    }
    for config_map in list("configmaps").await? {
        let data: Option<BTreeMap<String, String>> =
            serde_json::from_value(config_map["data"].clone())?;
        let files: Files = data.unwrap_or_default();
        namespace
            .config_maps
            .insert(text(&config_map["metadata"]), files);
    }
    Ok(namespace)
}

async fn gets_the_model(
    connection: impl Fn(&Stage) -> Connection,
    workload: Workload,
    kserve: KServe,
) -> Result<()> {
    let Some(stage) = Stage::set() else {
        return Ok(());
    };
    let Some(installed) = installed().await? else {
        return Ok(());
    };
    let scene = scene(stage, &connection(stage), workload(PATH));
    let admitted = admit(installed, &scene).await?;
    assert_eq!(stage.fetch(&admitted, kserve), Ok(model()));
    Ok(())
}

#[rstest]
#[case::inference_service(inference_service, UPSTREAM)]
#[case::llm_inference_service(llm_inference_service, UPSTREAM)]
#[case::llm_inference_service_of_open_data_hub(llm_inference_service, OPEN_DATA_HUB)]
#[tokio::test]
async fn a_model_is_fetched_with_what_the_operator_has_stored(
    #[case] workload: Workload,
    #[case] kserve: KServe,
    #[values(
        Dialect::Protocol,
        Dialect::TypeRef,
        Dialect::Legacy,
        Dialect::Alauda,
        Dialect::KServe
    )]
    dialect: Dialect,
) -> Result<()> {
    gets_the_model(|stage| usable(stage, dialect), workload, kserve).await
}

#[tokio::test]
async fn a_model_of_alauda_is_fetched_with_the_account_that_was_made() -> Result<()> {
    let connection = |stage: &Stage| stage.connection(Dialect::Alauda);
    gets_the_model(connection, alauda_inference_service, UPSTREAM).await
}

#[rstest]
#[tokio::test]
async fn a_notebook_reads_the_model_with_what_is_stored(
    #[values(Dialect::Protocol, Dialect::TypeRef, Dialect::Legacy, Dialect::Alauda)]
    dialect: Dialect,
) -> Result<()> {
    gets_the_model(|stage| stage.connection(dialect), notebook, UPSTREAM).await
}

#[rstest]
#[case::inference_service(inference_service, UPSTREAM)]
#[case::llm_inference_service(llm_inference_service, UPSTREAM)]
#[case::llm_inference_service_of_open_data_hub(llm_inference_service, OPEN_DATA_HUB)]
#[tokio::test]
async fn the_bundle_that_the_operator_has_joined_is_trusted(
    #[case] workload: Workload,
    #[case] kserve: KServe,
) -> Result<()> {
    gets_the_model(
        |stage| stage.tls_connection(Dialect::Protocol),
        workload,
        kserve,
    )
    .await
}

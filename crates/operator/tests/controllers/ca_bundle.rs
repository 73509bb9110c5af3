//! The bundle of certificates of a namespace: joined from its sources, and from ours.

use anyhow::Result;
use bowline_core::storage_config::Mode;
use bowline_operator::controllers::Settings;
use serde_json::{Value, json};

use crate::api::{Loop, TestApi};

fn certificate(filling: u8) -> String {
    use base64::Engine as _;
    let mut der = vec![0x30, 0x82, 0x00, 0x10];
    der.extend([filling; 16]);
    let encoded = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n")
}

fn config_map(name: &str, data: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "team-a"}, "data": data,
    })
}

fn bundle() -> Value {
    config_map("odh-kserve-custom-ca-bundle", &json!({}))
}

fn connection() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "models", "namespace": "team-a",
            "labels": {"opendatahub.io/managed": "true"},
            "annotations": {"opendatahub.io/connection-type-protocol": "s3"},
        },
        "stringData": {"AWS_S3_BUCKET": "models", "AWS_S3_ENDPOINT": "https://s3.example"},
    })
}

fn is(text: String) -> impl Fn(&Value) -> bool {
    move |found| found["data"]["cabundle.crt"] == json!(text)
}

#[tokio::test]
async fn sources_are_joined_followed_and_named_in_entries() -> Result<()> {
    let api = TestApi::start().await?;
    let (a, b, c) = (certificate(1), certificate(2), certificate(3));
    api.create(connection()).await?;
    let trusted = config_map("odh-trusted-ca-bundle", &json!({"ca-bundle.crt": a}));
    api.create(trusted.clone()).await?;
    let settings = Settings {
        ca_bundle: c.clone(),
        ..Settings::new("default", "bowline")
    };
    let _running = Loop::start_with(&api.client, &settings);
    api.until(&bundle(), is(format!("{a}{c}"))).await?;
    api.create(config_map(
        "openshift-service-ca.crt",
        &json!({"service-ca.crt": b}),
    ))
    .await?;
    api.until(&bundle(), is(format!("{a}{b}{c}"))).await?;
    api.delete(&trusted).await?;
    api.until(&bundle(), is(format!("{b}{c}"))).await?;
    let store =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "storage-config"}});
    api.until(&store, |found| {
        use base64::Engine as _;
        let text = found["data"]["models"].as_str().unwrap_or_default();
        let text = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap_or_default();
        String::from_utf8_lossy(&text)
            .contains(r#""cabundle_configmap":"odh-kserve-custom-ca-bundle""#)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_namespace_without_certificates_has_an_empty_bundle_and_one_without_connections_none()
-> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection()).await?;
    let _running = Loop::start(&api.client);
    api.until(&bundle(), is(String::new())).await?;
    api.delete(&connection()).await?;
    api.until(&bundle(), Value::is_null).await?;
    Ok(())
}

#[tokio::test]
async fn a_bundle_that_is_not_ours_is_left_alone() -> Result<()> {
    let api = TestApi::start().await?;
    let theirs = config_map(
        "odh-kserve-custom-ca-bundle",
        &json!({"cabundle.crt": "mine"}),
    );
    api.create(theirs).await?;
    api.create(connection()).await?;
    let running = Loop::start(&api.client);
    let store =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "storage-config"}});
    api.until(&store, |found| !found.is_null()).await?;
    running.until_idle().await?;
    assert!(is("mine".to_owned())(
        &api.get(&bundle()).await?.unwrap_or_default()
    ));
    Ok(())
}

/// KServe needs it in namespaces with models, whether or not those name connections.
#[tokio::test]
async fn a_bundle_taken_over_from_a_peer_is_kept_when_nothing_names_a_connection_any_more()
-> Result<()> {
    let api = TestApi::start().await?;
    let a = certificate(1);
    let mut theirs = config_map("odh-kserve-custom-ca-bundle", &json!({"cabundle.crt": ""}));
    theirs["metadata"]["labels"] = json!({"opendatahub.io/managed": "true"});
    api.create(theirs).await?;
    let trusted = config_map("odh-trusted-ca-bundle", &json!({"ca-bundle.crt": a}));
    api.create(trusted).await?;
    api.create(connection()).await?;
    let settings = Settings {
        storage_config: Mode::Adopt,
        ..Settings::new("default", "bowline")
    };
    let running = Loop::start_with(&api.client, &settings);
    api.until(&bundle(), is(a.clone())).await?;
    let store =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "storage-config"}});
    api.until(&store, |found| !found.is_null()).await?;
    api.delete(&connection()).await?;
    api.until(&store, Value::is_null).await?;
    running.until_idle().await?;
    assert!(is(a)(&api.get(&bundle()).await?.unwrap_or_default()));
    Ok(())
}

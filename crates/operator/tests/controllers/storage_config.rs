//! `storage-config`: entries that come, follow their connection and go, and what is left alone.

use std::sync::atomic::Ordering;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::storage_config::Mode;
use bowline_operator::controllers::Settings;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Loop, TestApi};

fn connection(name: &str, annotations: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": "team-a", "annotations": annotations},
        "stringData": {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-key-0",
            "AWS_S3_ENDPOINT": "https://s3.harbour.example", "AWS_S3_BUCKET": "models",
        },
    })
}

fn s3() -> Value {
    json!({"opendatahub.io/connection-type-protocol": "s3"})
}

fn model(name: &str, connection: &str) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {
            "name": name, "namespace": "team-a",
            "annotations": {"opendatahub.io/connections": connection},
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    })
}

fn store() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "storage-config", "namespace": "team-a"},
    })
}

/// Where it is told for as long as models cannot read a connection.
fn statuses() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "bowline-connection-status", "namespace": "team-a"},
    })
}

fn condition(statuses: &Value) -> Value {
    let text = statuses["data"]["storage-config"].as_str();
    serde_json::from_str(text.unwrap_or_default()).unwrap_or_default()
}

fn entry(store: &Value, name: &str) -> Value {
    let text = store["data"][name].as_str().unwrap_or_default();
    let bytes = STANDARD.decode(text).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

async fn notes(api: &TestApi) -> Result<Vec<String>> {
    let events: Api<Event> = Api::namespaced(api.client.clone(), "team-a");
    let list = events.list(&ListParams::default()).await?;
    Ok(list
        .items
        .into_iter()
        .filter_map(|event| event.note)
        .collect())
}

async fn until_told(api: &TestApi, part: &str) -> Result<()> {
    let told = async {
        while !notes(api).await?.iter().any(|note| note.contains(part)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), told).await?
}

#[rstest]
#[case::protocol(s3())]
#[case::reference(json!({"opendatahub.io/connection-type-ref": "s3"}))]
#[case::legacy(json!({"opendatahub.io/connection-type": "s3"}))]
#[case::alauda(json!({"cpaas.io/connection-type-protocol": "s3"}))]
#[case::keys_only(json!({}))]
#[tokio::test]
async fn a_connection_that_a_model_uses_has_an_entry_whatever_dialect_made_it(
    #[case] annotations: Value,
) -> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection("models", &annotations)).await?;
    api.create(model("llm", "models")).await?;
    let _running = Loop::start(&api.client);
    let found = api
        .until(&store(), |it| entry(it, "models")["bucket"] == "models")
        .await?;
    let expected = json!({
        "type": "s3", "access_key_id": "AKIDEXAMPLE", "secret_access_key": "not-a-real-key-0",
        "endpoint_url": "https://s3.harbour.example", "bucket": "models", "region": "us-east-1",
    });
    assert_eq!(entry(&found, "models"), expected);
    Ok(())
}

#[tokio::test]
async fn an_entry_follows_its_connection_and_goes_with_the_last_model() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection("models", &s3())).await?;
    api.create(model("llm", "models")).await?;
    let _running = Loop::start(&api.client);
    api.until(&store(), |it| entry(it, "models")["bucket"] == "models")
        .await?;
    let patch = json!({"stringData": {"AWS_S3_BUCKET": "moved"}});
    api.patch(&connection("models", &s3()), patch).await?;
    api.until(&store(), |it| entry(it, "models")["bucket"] == "moved")
        .await?;
    api.delete(&model("llm", "models")).await?;
    api.until(&store(), Value::is_null).await?;
    Ok(())
}

#[tokio::test]
async fn a_labelled_connection_has_an_entry_without_any_user_and_a_plain_one_has_none() -> Result<()>
{
    let api = TestApi::start().await?;
    let mut labelled = connection("labelled", &s3());
    labelled["metadata"]["labels"] = json!({"opendatahub.io/managed": "true"});
    api.create(labelled).await?;
    api.create(connection("plain", &s3())).await?;
    let _running = Loop::start(&api.client);
    let found = api
        .until(&store(), |it| entry(it, "labelled")["type"] == "s3")
        .await?;
    assert!(found["data"].get("plain").is_none());
    Ok(())
}

#[rstest]
#[case::foreign(json!({}), Mode::Adopt)]
#[case::opted_out(json!({"opendatahub.io/managed": "false"}), Mode::Adopt)]
#[case::of_openshift_ai(json!({"opendatahub.io/managed": "true"}), Mode::Own)]
#[tokio::test]
async fn a_storage_config_that_is_not_ours_is_left_alone_and_told(
    #[case] labels: Value,
    #[case] mode: Mode,
) -> Result<()> {
    let api = TestApi::start().await?;
    let mut theirs = store();
    theirs["metadata"]["labels"] = labels;
    theirs["stringData"] = json!({"other": "{}"});
    let before = api.create(theirs).await?;
    api.create(connection("models", &s3())).await?;
    api.create(model("llm", "models")).await?;
    let settings = Settings {
        storage_config: mode,
        ..Settings::new("default", "bowline")
    };
    let _running = Loop::start_with(&api.client, &settings);
    until_told(&api, "models cannot read connection `models`").await?;
    api.until(&statuses(), |it| condition(it)["reason"] == "NotOurs")
        .await?;
    let after = api.get(&store()).await?.unwrap_or_default();
    assert_eq!(
        after["metadata"]["resourceVersion"],
        json!(before.metadata.resource_version)
    );
    Ok(())
}

#[tokio::test]
async fn the_condition_goes_when_the_way_is_free() -> Result<()> {
    let api = TestApi::start().await?;
    let mut theirs = store();
    theirs["stringData"] = json!({"other": "{}"});
    api.create(theirs).await?;
    let mut labelled = connection("models", &s3());
    labelled["metadata"]["labels"] = json!({"opendatahub.io/managed": "true"});
    api.create(labelled).await?;
    let _running = Loop::start(&api.client);
    let is_told = |it: &Value| condition(it)["reason"] == "NotOurs";
    api.until(&statuses(), is_told).await?;
    api.delete(&store()).await?;
    api.until(&store(), |it| entry(it, "models")["type"] == "s3")
        .await?;
    api.until(&statuses(), Value::is_null).await?;
    Ok(())
}

#[tokio::test]
async fn what_openshift_ais_controller_made_is_adopted_with_what_is_in_it() -> Result<()> {
    let api = TestApi::start().await?;
    let mut theirs = store();
    theirs["metadata"]["labels"] = json!({"opendatahub.io/managed": "true"});
    theirs["stringData"] = json!({"models": r#"{"type":""}"#, "more": r#"{"type":"s3"}"#});
    api.create(theirs).await?;
    api.create(connection("models", &s3())).await?;
    api.create(model("llm", "models")).await?;
    let settings = Settings {
        storage_config: Mode::Adopt,
        ..Settings::new("default", "bowline")
    };
    let _running = Loop::start_with(&api.client, &settings);
    let found = api
        .until(&store(), |it| entry(it, "models")["type"] == "s3")
        .await?;
    assert_eq!(entry(&found, "more")["type"], "s3");
    Ok(())
}

#[tokio::test]
async fn two_writers_lose_nothing_of_each_other() -> Result<()> {
    let api = TestApi::start().await?;
    let _running = Loop::start(&api.client);
    for round in 0..20 {
        let name = format!("models-{round}");
        api.create(connection(&name, &s3())).await?;
        api.create(model(&format!("llm-{round}"), &name)).await?;
        api.until(&store(), |it| !it.is_null()).await?;
        let theirs = json!({"stringData": {format!("foreign-{round}"): "{}"}});
        api.patch(&store(), theirs).await?;
    }
    let count = |it: &Value| it["data"].as_object().map_or(0, serde_json::Map::len);
    let found = api.until(&store(), |it| count(it) == 40).await?;
    let kept = (0..20).all(|round| found["data"].get(format!("foreign-{round}")).is_some());
    assert!(
        kept,
        "{:?}",
        found["data"]
            .as_object()
            .map(|data| data.keys().collect::<Vec<_>>())
    );
    Ok(())
}

#[tokio::test]
async fn a_changed_label_writes_nothing() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection("models", &s3())).await?;
    api.create(model("llm", "models")).await?;
    let running = Loop::start(&api.client);
    let before = api
        .until(&store(), |it| entry(it, "models")["type"] == "s3")
        .await?;
    let patch = json!({"metadata": {"labels": {"colour": "blue"}}});
    let changed = api.patch(&connection("models", &s3()), patch).await?;
    running
        .until_seen("team-a", "models", changed.metadata.resource_version)
        .await?;
    running.until_idle().await?;
    let after = api.get(&store()).await?.unwrap_or_default();
    assert_eq!(
        before["metadata"]["resourceVersion"],
        after["metadata"]["resourceVersion"]
    );
    Ok(())
}

#[tokio::test]
async fn connections_get_the_annotations_of_upstream_kserve_when_asked_to() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(connection("models", &s3())).await?;
    api.create(model("llm", "models")).await?;
    let settings = Settings {
        annotates_secrets: true,
        ..Settings::new("default", "bowline")
    };
    let running = Loop::start_with(&api.client, &settings);
    let key = "serving.kserve.io/s3-endpoint";
    let found = api
        .until(&connection("models", &s3()), |it| {
            it["metadata"]["annotations"][key] == "s3.harbour.example"
        })
        .await?;
    running.until_idle().await?;
    let after = api
        .get(&connection("models", &s3()))
        .await?
        .unwrap_or_default();
    assert_eq!(
        found["metadata"]["resourceVersion"],
        after["metadata"]["resourceVersion"]
    );
    Ok(())
}

#[tokio::test]
async fn no_event_tells_a_value() -> Result<()> {
    let api = TestApi::start().await?;
    let mut lossy = connection("models", &s3());
    lossy["stringData"]["AWS_SESSION_TOKEN"] = json!("not-a-real-token");
    api.create(lossy).await?;
    api.create(model("llm", "models")).await?;
    let _running = Loop::start(&api.client);
    until_told(&api, "AWS_SESSION_TOKEN").await?;
    let notes = notes(&api).await?;
    assert!(
        !notes.iter().any(|note| note.contains("not-a-real")),
        "{notes:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_of_another_protocol_is_not_read_again_for_the_entries_of_others() -> Result<()>
{
    let api = TestApi::start().await?;
    let uri = json!({"opendatahub.io/connection-type-protocol": "uri"});
    let mut page = connection("page", &uri);
    page["stringData"] = json!({"URI": "https://models.example/one"});
    api.create(page).await?;
    api.create(model("page", "page")).await?;
    api.create(connection("models", &s3())).await?;
    api.create(model("llm", "models")).await?;
    let (client, reads) = api.counting_client("page");
    let running = Loop::start(&client);
    api.until(&store(), |it| entry(it, "models")["bucket"] == "models")
        .await?;
    running.until_idle().await?;
    let before = reads.load(Ordering::Relaxed);
    let patch = json!({"stringData": {"AWS_S3_BUCKET": "moved"}});
    api.patch(&connection("models", &s3()), patch).await?;
    api.until(&store(), |it| entry(it, "models")["bucket"] == "moved")
        .await?;
    running.until_idle().await?;
    assert!(before > 0, "it is read once");
    assert_eq!(reads.load(Ordering::Relaxed), before);
    Ok(())
}

#[tokio::test]
async fn the_keys_of_a_connection_that_is_deleted_while_it_is_read_do_not_stay() -> Result<()> {
    let api = TestApi::start().await?;
    let models = connection("models", &s3());
    api.create(models.clone()).await?;
    api.create(model("llm", "models")).await?;
    let (client, held) = api.client_that_holds("models");
    let running = Loop::start(&client);
    held.until_read().await?;
    let label = json!({"metadata": {"labels": {"colour": "blue"}}});
    let changed = api.patch(&models, label).await?;
    let told = |version| running.until_seen("team-a", "models", version);
    told(changed.metadata.resource_version).await?;
    api.delete(&models).await?;
    told(None).await?;
    held.let_through();
    running.until_idle().await?;
    assert_eq!(api.get(&store()).await?, None);
    Ok(())
}

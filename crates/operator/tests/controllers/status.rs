//! The connection status of workloads, from the change of a Secret to the annotation and the Event.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};

use crate::api::{Loop, TestApi, definitions};
use crate::tied::{notebook, secret};

const STATUS: &str = "bowline.dev/connection-status";

fn state(object: &Value) -> String {
    let text = object["metadata"]["annotations"][STATUS].as_str();
    let statuses: Value = serde_json::from_str(text.unwrap_or("{}")).expect("a status");
    statuses["models"]["state"]
        .as_str()
        .unwrap_or("none")
        .to_owned()
}

fn is(wanted: &'static str) -> impl Fn(&Value) -> bool {
    move |object| state(object) == wanted
}

/// A change of no value.
fn label(colour: &str) -> Value {
    json!({"metadata": {"labels": {"colour": colour}}})
}

async fn reasons(api: &TestApi) -> Result<Vec<String>> {
    let events: Api<Event> = Api::namespaced(api.client.clone(), "team-a");
    let list = events.list(&ListParams::default()).await?;
    Ok(list
        .items
        .into_iter()
        .filter_map(|event| event.reason)
        .collect())
}

#[tokio::test]
async fn a_changed_value_is_told_on_the_workload_and_a_restart_settles_it() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("nb")).await?;
    let _running = Loop::start(&api.client);
    api.until(&notebook("nb"), is("current")).await?;
    api.patch(
        &secret(""),
        json!({"stringData": {"URI": "https://a.example/2"}}),
    )
    .await?;
    api.until(&notebook("nb"), is("stale")).await?;
    api.patch(
        &notebook("nb"),
        json!({"spec": {"template": {"spec": {"nodeName": "n"}}}}),
    )
    .await?;
    api.until(&notebook("nb"), is("current")).await?;
    assert!(
        reasons(&api)
            .await?
            .contains(&"ConnectionChanged".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_deleted_secret_is_told_and_so_is_its_return() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("nb")).await?;
    let _running = Loop::start(&api.client);
    api.until(&notebook("nb"), is("current")).await?;
    api.delete(&secret("")).await?;
    api.until(&notebook("nb"), is("missing")).await?;
    api.create(secret("https://a.example/1")).await?;
    api.until(&notebook("nb"), is("current")).await?;
    assert!(
        reasons(&api)
            .await?
            .contains(&"ConnectionMissing".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_deleted_while_it_is_read_is_missing() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("nb")).await?;
    let (client, held) = api.client_that_holds("models");
    let running = Loop::start(&client);
    held.until_read().await?;
    let changed = api.patch(&secret(""), label("blue")).await?;
    let told = |version| running.until_seen("team-a", "models", version);
    told(changed.metadata.resource_version).await?;
    api.delete(&secret("")).await?;
    told(None).await?;
    held.let_through();
    running.until_idle().await?;
    let found = api.get(&notebook("nb")).await?.unwrap_or_default();
    assert_eq!(state(&found), "missing");
    Ok(())
}

#[tokio::test]
async fn a_change_before_the_next_user_comes_is_no_news_to_it() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("first")).await?;
    let (client, held) = api.client_that_holds("models");
    let running = Loop::start(&client);
    held.until_read().await?;
    api.delete(&notebook("first")).await?;
    running.until_forgotten("team-a", "models").await?;
    held.let_through();
    running.until_idle().await?;
    let change = json!({"stringData": {"URI": "https://a.example/2"}});
    api.patch(&secret(""), change).await?;
    api.create(notebook("next")).await?;
    api.until(&notebook("next"), is("current")).await?;
    let labelled = api.patch(&secret(""), label("blue")).await?;
    let version = labelled.metadata.resource_version;
    running.until_seen("team-a", "models", version).await?;
    running.until_idle().await?;
    let found = api.get(&notebook("next")).await?.unwrap_or_default();
    assert_eq!(state(&found), "current");
    Ok(())
}

#[tokio::test]
async fn a_change_while_nobody_looked_is_found_afterwards() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("nb")).await?;
    let running = Loop::start(&api.client);
    api.until(&notebook("nb"), is("current")).await?;
    drop(running);
    api.patch(
        &secret(""),
        json!({"stringData": {"URI": "https://a.example/2"}}),
    )
    .await?;
    let _running = Loop::start(&api.client);
    api.until(&notebook("nb"), is("stale")).await?;
    Ok(())
}

#[tokio::test]
async fn one_changed_value_is_fifty_status_changes_and_a_changed_label_none() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    let names: Vec<String> = (0..50).map(|n| format!("nb-{n}")).collect();
    for name in &names {
        api.create(notebook(name)).await?;
    }
    let running = Loop::start(&api.client);
    let mut versions = Vec::new();
    for name in &names {
        let found = api.until(&notebook(name), is("current")).await?;
        versions.push(version(&found));
    }
    api.patch(&secret(""), label("blue")).await?;
    api.patch(
        &secret(""),
        json!({"stringData": {"URI": "https://a.example/2"}}),
    )
    .await?;
    for name in &names {
        api.until(&notebook(name), is("stale")).await?;
    }
    running.until_idle().await?;
    for (name, before) in names.iter().zip(versions) {
        let found = api.get(&notebook(name)).await?.unwrap_or_default();
        let writes = api.writes_between(before, version(&found), name).await?;
        assert_eq!(
            writes, 1,
            "{name} was written more often than its status changed"
        );
    }
    Ok(())
}

fn version(object: &Value) -> u64 {
    let text = object["metadata"]["resourceVersion"].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_model_has_its_status_in_a_config_map_since_annotations_would_restart_it() -> Result<()> {
    let api = TestApi::start().await?;
    let model = json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {
            "name": "llm", "namespace": "team-a",
            "annotations": {"opendatahub.io/connections": "models"},
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}}}},
    });
    let statuses = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "bowline-connection-status", "namespace": "team-a"},
    });
    api.create(secret("https://a.example/1")).await?;
    let made = api.create(model.clone()).await?;
    let _running = Loop::start(&api.client);
    api.until(&statuses, |found| {
        let text = found["data"]["inferenceservice.llm"].as_str();
        text.is_some_and(|text| text.contains(r#""state":"current""#))
    })
    .await?;
    let found = api.get(&model).await?.unwrap_or_default();
    assert_eq!(
        found["metadata"]["resourceVersion"],
        json!(made.metadata.resource_version)
    );
    api.delete(&model).await?;
    api.until(&statuses, Value::is_null).await?;
    Ok(())
}

#[tokio::test]
async fn a_workload_that_drops_its_reference_loses_the_status() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("nb")).await?;
    let _running = Loop::start(&api.client);
    api.until(&notebook("nb"), is("current")).await?;
    let patch = json!({"metadata": {"annotations": {"opendatahub.io/connections": null}}});
    api.patch(&notebook("nb"), patch).await?;
    api.until(&notebook("nb"), is("none")).await?;
    Ok(())
}

#[tokio::test]
async fn a_kind_that_is_installed_later_is_picked_up_without_a_restart() -> Result<()> {
    let (notebooks, others): (Vec<_>, Vec<_>) = definitions()?
        .into_iter()
        .partition(|definition| definition["spec"]["names"]["kind"] == "Notebook");
    let api = TestApi::start_with(others).await?;
    api.create(secret("https://a.example/1")).await?;
    let _running = Loop::start(&api.client);
    for definition in notebooks {
        api.create(definition).await?;
    }
    let created = async {
        loop {
            if api.create(notebook("nb")).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), created).await?;
    api.until(&notebook("nb"), is("current")).await?;
    Ok(())
}

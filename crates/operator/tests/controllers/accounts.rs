//! ServiceAccounts of connections: there while a workload runs under them, gone with the last.

use std::time::Duration;

use anyhow::Result;
use bowline_operator::controllers::Settings;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Loop, TestApi};

/// A model that admission has tied to `models` and put under its account.
fn model(name: &str) -> Value {
    let record = json!({"connections": [{
        "name": "models", "protocol": "s3",
        "fields": [{"at": "spec.predictor.serviceAccountName", "value": "models-sa"}],
    }]});
    json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {
            "name": name, "namespace": "team-a",
            "annotations": {
                "opendatahub.io/connections": "models",
                "bowline.dev/injected": record.to_string(),
            },
        },
        "spec": {"predictor": {"serviceAccountName": "models-sa"}},
    })
}

fn account() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "models-sa", "namespace": "team-a"},
    })
}

/// An account of ours that nobody uses.
fn other_account() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {
            "name": "charts-sa", "namespace": "team-a",
            "labels": {"app.kubernetes.io/managed-by": "bowline"},
        },
        "secrets": [{"name": "charts"}],
    })
}

fn links(account: &Value) -> bool {
    let links = account["secrets"].as_array();
    links.is_some_and(|links| links.contains(&json!({"name": "models"})))
}

fn quick() -> Settings {
    Settings {
        account_grace: Duration::from_millis(200),
        ..Settings::new("default", "bowline")
    }
}

#[tokio::test]
async fn an_account_is_made_linked_and_goes_with_its_last_user() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(model("one")).await?;
    api.create(model("two")).await?;
    let running = Loop::start_with(&api.client, &quick());
    api.until(&account(), links).await?;
    api.delete(&model("one")).await?;
    running.until_idle().await?;
    assert!(api.get(&account()).await?.is_some(), "it is still used");
    api.delete(&model("two")).await?;
    api.until(&account(), Value::is_null).await?;
    Ok(())
}

#[tokio::test]
async fn an_account_that_the_manifest_names_itself_stays_without_the_connection() -> Result<()> {
    let api = TestApi::start().await?;
    let record = json!({"connections": [{"name": "models", "protocol": "s3", "ownAccount": true}]});
    let mut own = model("one");
    own["metadata"]["annotations"]["bowline.dev/injected"] = record.to_string().into();
    api.create(own.clone()).await?;
    let mut managed = account();
    managed["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "bowline"});
    managed["secrets"] = json!([{"name": "models"}]);
    api.create(managed).await?;
    // Another one of its kind goes, so that it is known that there was time enough.
    api.create(other_account()).await?;
    let running = Loop::start_with(&api.client, &quick());
    api.until(&other_account(), Value::is_null).await?;
    let dropped = json!({"metadata": {"annotations": {
        "opendatahub.io/connections": null, "bowline.dev/injected": null,
    }}});
    api.patch(&own, dropped).await?;
    running.until_idle().await?;
    api.create(other_account()).await?;
    api.until(&other_account(), Value::is_null).await?;
    assert!(api.get(&account()).await?.is_some(), "it is the manifest's");
    Ok(())
}

#[tokio::test]
async fn an_account_that_somebody_deletes_comes_back_while_it_is_used() -> Result<()> {
    let api = TestApi::start().await?;
    api.create(model("one")).await?;
    let _running = Loop::start_with(&api.client, &quick());
    api.until(&account(), links).await?;
    api.delete(&account()).await?;
    api.until(&account(), links).await?;
    Ok(())
}

#[rstest]
#[case::not_ours(json!({"secrets": [{"name": "models"}]}), None)]
#[case::with_more_linked(json!({"secrets": [{"name": "models"}, {"name": "mine"}]}), Some("bowline"))]
#[case::with_a_role(
    json!({"metadata": {
        "name": "models-sa", "namespace": "team-a",
        "labels": {"app.kubernetes.io/managed-by": "bowline"},
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/models"},
    }}),
    None
)]
#[case::with_a_pull_secret(json!({"imagePullSecrets": [{"name": "mine"}]}), Some("bowline"))]
#[tokio::test]
async fn an_account_that_is_somebody_elses_too_stays(
    #[case] more: Value,
    #[case] managed_by: Option<&str>,
) -> Result<()> {
    let api = TestApi::start().await?;
    let mut made = account();
    if let Some(managed_by) = managed_by {
        made["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": managed_by});
    }
    made.as_object_mut()
        .expect("an object")
        .extend(more.as_object().cloned().unwrap_or_default());
    api.create(made).await?;
    api.create(model("one")).await?;
    let running = Loop::start_with(&api.client, &quick());
    api.until(&account(), links).await?;
    api.delete(&model("one")).await?;
    running.until_forgotten("team-a", "models").await?;
    running.until_idle().await?;
    assert!(api.get(&account()).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn an_account_of_ours_that_was_left_behind_is_removed_after_the_grace() -> Result<()> {
    let api = TestApi::start().await?;
    let mut left = account();
    left["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "bowline"});
    left["secrets"] = json!([{"name": "models"}]);
    api.create(left).await?;
    let _running = Loop::start_with(&api.client, &quick());
    api.until(&account(), Value::is_null).await?;
    Ok(())
}

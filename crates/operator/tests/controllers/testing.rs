//! Connections that are tested by themselves.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use bowline_operator::controllers::Settings;
use bowline_operator::controllers::testing::{self, When};
use bowline_proof::Bounds;
use serde_json::{Value, json};

use crate::api::{Loop, TestApi};
use crate::lease::LONG;

const STATUS: &str = "opendatahub.io/connection-test-status";
const TESTED: &str = "bowline.dev/tested";

fn settings(when: Option<When>) -> Settings {
    Settings {
        testing: when.map(|when| testing::Settings {
            when,
            bounds: Bounds {
                is_own_allowed: true,
                ..Bounds::default()
            },
            probe: bowline_probe::Settings::default(),
        }),
        ..Settings::new("default", "bowline")
    }
}

fn location(uri: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "tides", "namespace": "team-a",
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"},
        },
        "stringData": {"URI": uri},
    })
}

fn annotation(object: &Value, key: &str) -> Option<String> {
    let stated = object["metadata"]["annotations"][key].as_str();
    stated.map(str::to_owned)
}

/// The only event about tests is the one of a verdict that has changed.
async fn events(api: &TestApi) -> Result<usize> {
    use k8s_openapi::api::events::v1::Event;
    let events: kube::Api<Event> = kube::Api::namespaced(api.client.clone(), "team-a");
    let events = events.list(&kube::api::ListParams::default()).await?.items;
    let is_ours = |event: &&Event| event.reason.as_deref() == Some("ConnectionTestFailed");
    Ok(events.iter().filter(is_ours).count())
}

#[tokio::test]
async fn a_changed_connection_is_tested_by_itself_and_only_another_verdict_is_an_event()
-> Result<()> {
    let api = TestApi::start().await?;
    let _loop = Loop::start_with(&api.client, &settings(Some(When::OnChange)));
    let tides = api.create(location("http://127.0.0.1:1/a")).await?;
    let tides = serde_json::to_value(tides)?;
    let is_tested = |object: &Value| annotation(object, STATUS).as_deref() == Some("failed");
    let tested = api.until(&tides, is_tested).await?;
    let first = annotation(&tested, TESTED);
    api.patch(
        &tides,
        json!({"stringData": {"URI": "http://127.0.0.1:1/b"}}),
    )
    .await?;
    api.until(&tides, |object| annotation(object, TESTED) != first)
        .await?;
    assert_eq!(events(&api).await?, 1);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_tested_is_looked_at_once_and_not_called_verified() -> Result<()> {
    let api = TestApi::start().await?;
    let _loop = Loop::start_with(&api.client, &settings(Some(When::OnChange)));
    let tides = serde_json::to_value(api.create(location("hdfs://nobody.invalid/a")).await?)?;
    let looked_at = |object: &Value| annotation(object, TESTED).is_some();
    let first = api.until(&tides, looked_at).await?;
    assert_eq!(annotation(&first, STATUS).as_deref(), Some("not-tested"));
    // Another change, which is no reason to test, is seen after whatever the first look has left to do.
    api.patch(&tides, json!({"metadata": {"labels": {"seen": "yes"}}}))
        .await?;
    let mut other = location("http://127.0.0.1:1/b");
    other["metadata"]["name"] = "soundings".into();
    let other = serde_json::to_value(api.create(other).await?)?;
    api.until(&other, looked_at).await?;
    let now = api
        .until(&tides, |object| {
            object["metadata"]["labels"]["seen"] == "yes"
        })
        .await?;
    assert_eq!(annotation(&now, TESTED), annotation(&first, TESTED));
    Ok(())
}

#[tokio::test]
async fn a_connection_is_tested_again_after_a_while() -> Result<()> {
    let api = TestApi::start().await?;
    let every = When::Every(Duration::from_secs(2));
    let _loop = Loop::start_with(&api.client, &settings(Some(every)));
    let tides = serde_json::to_value(api.create(location("http://127.0.0.1:1/a")).await?)?;
    let tested = api
        .until(&tides, |object| annotation(object, TESTED).is_some())
        .await?;
    let first = annotation(&tested, TESTED);
    api.until(&tides, |object| annotation(object, TESTED) != first)
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_change_while_the_watch_was_cut_is_tested_long_before_it_is_time() -> Result<()> {
    let api = TestApi::start().await?;
    let tides = serde_json::to_value(api.create(location("http://127.0.0.1:1/a")).await?)?;
    let (client, cut) = api.client_with_a_watch_to_cut();
    let every = When::Every(Duration::from_secs(6 * 3600));
    let _loop = Loop::start_with(&client, &settings(Some(every)));
    let tested = api
        .until(&tides, |object| annotation(object, TESTED).is_some())
        .await?;
    let first = annotation(&tested, TESTED);
    let change = json!({"stringData": {"URI": "http://127.0.0.1:1/b"}});
    api.patch(&tides, change).await?;
    cut.send_replace(true);
    api.until(&tides, |object| annotation(object, TESTED) != first)
        .await?;
    Ok(())
}

/// Answers everybody with 200, after this time.
async fn answering_after(time: Duration) -> Result<SocketAddr> {
    let answer = move || async move { tokio::time::sleep(time).await };
    let routes = axum::Router::new().fallback(answer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

#[tokio::test]
async fn an_endpoint_that_is_slower_than_the_lease_is_renewed_gets_a_verdict() -> Result<()> {
    let api = TestApi::start().await?;
    let tested = settings(Some(When::OnChange));
    let _loop = Loop::start_as_elected(&api.client, &tested, LONG);
    let slow = answering_after(LONG.renew * 5).await?;
    let tides = serde_json::to_value(api.create(location(&format!("http://{slow}/a"))).await?)?;
    api.until(&tides, |object| annotation(object, STATUS).is_some())
        .await?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_tested_unless_that_is_asked_for() -> Result<()> {
    let api = TestApi::start().await?;
    let tester = settings(None);
    let assembly =
        bowline_operator::controllers::Assembly::new(&api.client, &tester, Default::default());
    assert!(assembly.tester.is_none());
    Ok(())
}

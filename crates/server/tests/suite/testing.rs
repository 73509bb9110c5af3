//! Testing connections over REST: what is answered and when, who may, what is kept, and what nobody
//! learns.

mod limits;
mod places;
mod stub;

use anyhow::{Context as _, Result};
use bowline_testkit::{Canaries, S3};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::world::{Who, World};

const CONNECTIONS: &str = "/api/v1/projects/team-a/connections";
const TIDES: &str = "/api/v1/projects/team-a/connections/tides/test";
const UNSAVED: &str = "/api/v1/projects/team-a/test";

/// A connection to an endpoint.
fn tides(endpoint: &str, access_key: &str, secret_key: &str) -> Value {
    json!({
        "type": "s3", "displayName": "Tides",
        "values": {
            "AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_S3_ENDPOINT": endpoint, "AWS_S3_BUCKET": "tides", "AWS_DEFAULT_REGION": "us-east-1",
        },
    })
}

/// A real endpoint with an object in a bucket of the test's own, and the good connection to it.
fn good(bucket: &str) -> Result<Option<Value>> {
    let Some(s3) = S3::shared() else {
        return Ok(None);
    };
    s3.make_bucket(bucket)?;
    s3.put(bucket, "2026/a.csv", b"a,b")?;
    let ready = &s3.ready;
    let mut connection = tides(&ready.endpoint, &ready.access_key, &ready.secret_key);
    connection["values"]["AWS_S3_BUCKET"] = bucket.into();
    Ok(Some(connection))
}

async fn post(world: &World, who: Who, path: &str, body: &Value) -> Result<Response> {
    Ok(world
        .request(who, Method::POST, path)
        .json(body)
        .send()
        .await?)
}

async fn store(world: &World, connection: &Value) -> Result<()> {
    let made = post(world, Who::Editor, CONNECTIONS, connection).await?;
    anyhow::ensure!(made.status() == 201, "{}", made.text().await?);
    Ok(())
}

async fn outcome(answer: Response) -> Result<String> {
    anyhow::ensure!(answer.status() == 200, "{}", answer.text().await?);
    let report: Value = answer.json().await?;
    let outcome = report["verdict"]["outcome"].as_str();
    Ok(outcome.context("an outcome")?.to_owned())
}

/// The last test, as lists show it.
async fn last_test(world: &World) -> Result<Value> {
    let shown = world
        .get(Who::Viewer, &format!("{CONNECTIONS}/tides"))
        .await?;
    Ok(shown.json::<Value>().await?["test"].take())
}

/// The events of a stream: their names and data.
fn events(text: &str) -> Vec<(String, Value)> {
    let field = |event: &str, name: &str| {
        let mut lines = event.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let event = |event| {
        let data = field(event, "data:")?;
        Some((field(event, "event:")?, serde_json::from_str(&data).ok()?))
    };
    text.split("\n\n").filter_map(event).collect()
}

#[tokio::test]
async fn a_stored_connection_is_proved_and_an_edit_makes_the_result_stale() -> Result<()> {
    let Some(connection) = good("edited")? else {
        return Ok(());
    };
    let world = World::new().await?;
    store(&world, &connection).await?;
    let report: Value = post(&world, Who::Viewer, TIDES, &json!({}))
        .await?
        .json()
        .await?;
    assert_eq!(report["verdict"]["outcome"], "passed", "{report}");
    assert_eq!(report["isRecorded"], true);
    let test = last_test(&world).await?;
    assert_eq!(
        (&test["status"], &test["isStale"]),
        (&json!("verified"), &json!(false))
    );
    let change = json!({"values": {"AWS_S3_BUCKET": "tides-2"}});
    let path = format!("{CONNECTIONS}/tides");
    let changed = world
        .request(Who::Editor, Method::PATCH, &path)
        .json(&change);
    changed.send().await?.error_for_status()?;
    assert_eq!(last_test(&world).await?["isStale"], true);
    Ok(())
}

#[tokio::test]
async fn a_test_of_a_path_says_nothing_about_the_whole_and_is_not_kept() -> Result<()> {
    let Some(connection) = good("by-path")? else {
        return Ok(());
    };
    let world = World::new().await?;
    store(&world, &connection).await?;
    let answer = post(&world, Who::Viewer, TIDES, &json!({"path": "1999/"})).await?;
    assert_eq!(outcome(answer).await?, "no-such-object");
    assert_eq!(last_test(&world).await?, Value::Null);
    Ok(())
}

#[tokio::test]
async fn steps_are_told_as_they_end_and_the_verdict_comes_last() -> Result<()> {
    let Some(mut connection) = good("told")? else {
        return Ok(());
    };
    let mut canaries = Canaries::default();
    let canary = canaries.plant("a wrong secret key");
    connection["values"]["AWS_SECRET_ACCESS_KEY"] = canary.into();
    let world = World::new().await?;
    let unsaved = json!({"connection": connection});
    let request = world
        .request(Who::Editor, Method::POST, UNSAVED)
        .json(&unsaved);
    let answer = request.header("accept", "text/event-stream").send().await?;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = answer.text().await?;
    assert_eq!(canaries.leaks(&text), []);
    let events = events(&text);
    let told: Vec<_> = events
        .iter()
        .map(|(event, data)| format!("{event} {}", data["name"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        "step fields",
        "step name",
        "step connect",
        "step tls",
        "step sign-in",
        "step right",
        "step object",
        "step first-bytes",
        "verdict ",
    ];
    assert_eq!(told, expected);
    let verdict = &events.last().context("a verdict")?.1;
    assert_eq!(verdict["verdict"]["outcome"], "wrong-secret-key");
    Ok(())
}

/// Wrong values are answered like those of a creation, and no connection is left behind.
#[tokio::test]
async fn values_that_break_the_rules_of_their_type_are_not_sent_anywhere() -> Result<()> {
    let world = World::new().await?;
    let unsaved = json!({"connection": {"type": "s3", "values": {"AWS_S3_BUCKET": "tides"}}});
    let answer = post(&world, Who::Editor, UNSAVED, &unsaved).await?;
    assert_eq!(answer.status(), 422);
    let good = json!({"connection": tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key")});
    let answer = post(&world, Who::Editor, UNSAVED, &good).await?;
    assert_eq!(outcome(answer).await?, "connect-refused");
    let list: Value = world.get(Who::Editor, CONNECTIONS).await?.json().await?;
    assert_eq!(list["total"], 0);
    Ok(())
}

/// Gives a right of Bowline's own in a project.
async fn allow_test(world: &World, who: Who) -> Result<()> {
    let metadata = json!({"name": "tester", "namespace": "team-a"});
    let group = "rbac.authorization.k8s.io";
    world
        .create(json!({
            "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": ["bowline.dev"], "resources": ["connections"], "verbs": ["test"]}],
        }))
        .await?;
    world
        .create(json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "tester"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": who.name()}],
        }))
        .await
}

#[tokio::test]
async fn whoever_may_test_need_not_be_able_to_read() -> Result<()> {
    let world = World::new().await?;
    store(
        &world,
        &tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key"),
    )
    .await?;
    let refused = post(&world, Who::Other, TIDES, &json!({})).await?;
    assert_eq!(refused.status(), 403);
    allow_test(&world, Who::Other).await?;
    let answer = post(&world, Who::Other, TIDES, &json!({})).await?;
    assert_eq!(outcome(answer).await?, "connect-refused");
    let values = world
        .get(Who::Other, &format!("{CONNECTIONS}/tides/values"))
        .await?;
    assert_eq!(values.status(), 403);
    Ok(())
}

/// In a cluster the server has no rights of its own, unless an administrator gives it some.
#[tokio::test]
async fn without_rights_of_its_own_the_server_tests_only_what_the_sender_may_read() -> Result<()> {
    let world = World::with(|settings| settings.testing.keeper = None).await?;
    store(
        &world,
        &tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key"),
    )
    .await?;
    allow_test(&world, Who::Other).await?;
    assert_eq!(
        post(&world, Who::Other, TIDES, &json!({})).await?.status(),
        403
    );
    let report: Value = post(&world, Who::Viewer, TIDES, &json!({}))
        .await?
        .json()
        .await?;
    assert_eq!(report["isRecorded"], false);
    Ok(())
}

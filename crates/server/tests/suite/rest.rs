//! Connections and connection types over REST: what people do with them, and what is refused.

mod bodies;
mod detaching;
mod races;
mod types;
mod wishes;

use anyhow::Result;
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{Who, World, problem};

const CONNECTIONS: &str = "/api/v1/projects/team-a/connections";

pub(crate) fn tides() -> Value {
    json!({
        "type": "s3", "displayName": "Tides", "description": "Readings",
        "values": {
            "AWS_ACCESS_KEY_ID": "AKIATIDES", "AWS_SECRET_ACCESS_KEY": "a-secret-key",
            "AWS_S3_ENDPOINT": "https://s3.example.org", "AWS_S3_BUCKET": "tides", "AWS_DEFAULT_REGION": "us-east-1",
        },
    })
}

async fn send(
    world: &World,
    who: Who,
    method: Method,
    path: &str,
    body: Value,
) -> Result<Response> {
    Ok(world.request(who, method, path).json(&body).send().await?)
}

async fn made(world: &World) -> Result<Response> {
    let answer = send(world, Who::Editor, Method::POST, CONNECTIONS, tides()).await?;
    anyhow::ensure!(
        answer.status() == 201,
        "{}: {}",
        answer.status(),
        answer.text().await?
    );
    Ok(answer)
}

#[tokio::test]
async fn a_created_connection_is_shown_where_its_location_says() -> Result<()> {
    let world = World::new().await?;
    let created = made(&world).await?;
    assert_eq!(
        created.headers()["location"],
        "/api/v1/projects/team-a/connections/tides"
    );
    let etag = created.headers()["etag"].clone();
    let shown = world
        .get(Who::Viewer, "/api/v1/projects/team-a/connections/tides")
        .await?;
    assert_eq!(shown.headers()["etag"], etag);
    let shown: Value = shown.json().await?;
    assert_eq!(
        (&shown["displayName"], &shown["type"], &shown["creator"]),
        (&json!("Tides"), &json!("s3"), &json!("editor"))
    );
    assert!(
        shown["created"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{shown}"
    );
    Ok(())
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() -> Result<()> {
    let world = World::new().await?;
    let body = json!({"type": "s3", "displayName": "", "values": {"AWS_S3_BUCKET": "tides", "NOT_A_FIELD": "x"}});
    let answer = send(&world, Who::Editor, Method::POST, CONNECTIONS, body).await?;
    assert_eq!(answer.status(), 422);
    let document = problem(answer).await?;
    let fields: Vec<_> = document["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["field"].as_str())
        .collect();
    for field in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_S3_ENDPOINT",
        "NOT_A_FIELD",
    ] {
        assert!(fields.contains(&field), "{field} in {document}");
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    let again = send(&world, Who::Editor, Method::POST, CONNECTIONS, tides()).await?;
    assert_eq!(again.status(), 409);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() -> Result<()> {
    let world = World::new().await?;
    let dry = send(
        &world,
        Who::Editor,
        Method::POST,
        &format!("{CONNECTIONS}?dryRun=All"),
        tides(),
    )
    .await?;
    assert_eq!(dry.status(), 200);
    let shown: Value = dry.json().await?;
    assert_eq!(shown["name"], "tides");
    let tides_path = format!("{CONNECTIONS}/tides");
    assert_eq!(world.get(Who::Editor, &tides_path).await?.status(), 404);
    made(&world).await?;
    let change = json!({"description": "Other"});
    let dry = send(
        &world,
        Who::Editor,
        Method::PATCH,
        &format!("{tides_path}?dryRun=All"),
        change,
    )
    .await?;
    assert_eq!(dry.json::<Value>().await?["description"], "Other");
    let gone = world
        .request(
            Who::Editor,
            Method::DELETE,
            &format!("{tides_path}?dryRun=All"),
        )
        .send()
        .await?;
    assert_eq!(gone.status(), 200);
    let shown: Value = world.get(Who::Editor, &tides_path).await?.json().await?;
    assert_eq!(shown["description"], "Readings");
    Ok(())
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() -> Result<()> {
    let world = World::new().await?;
    let etag = made(&world).await?.headers()["etag"].clone();
    let request = world.request(Who::Viewer, Method::GET, &format!("{CONNECTIONS}/tides"));
    let answer = request.header("if-none-match", etag).send().await?;
    assert_eq!(answer.status(), 304);
    assert_eq!(answer.bytes().await?.len(), 0);
    Ok(())
}

#[rstest]
#[case(Method::PATCH)]
#[case(Method::DELETE)]
#[tokio::test]
async fn a_change_of_another_version_is_refused(#[case] method: Method) -> Result<()> {
    let world = World::new().await?;
    let etag = made(&world).await?.headers()["etag"].clone();
    let path = format!("{CONNECTIONS}/tides");
    let first = send(
        &world,
        Who::Admin,
        Method::PATCH,
        &path,
        json!({"description": "Mine"}),
    )
    .await?;
    assert_eq!(first.status(), 200);
    let late = world
        .request(Who::Editor, method, &path)
        .header("if-match", etag)
        .json(&json!({"description": "Yours"}));
    let late = late.send().await?;
    assert_eq!(late.status(), 412);
    assert_eq!(
        problem(late).await?["type"],
        "https://bowline.dev/problems/precondition-failed"
    );
    let current: Value = world.get(Who::Editor, &path).await?.json().await?;
    assert_eq!(current["description"], "Mine");
    Ok(())
}

#[tokio::test]
async fn a_version_in_the_body_that_is_stale_is_a_conflict() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    let change = json!({"description": "Yours", "resourceVersion": "1"});
    let answer = send(
        &world,
        Who::Editor,
        Method::PATCH,
        &format!("{CONNECTIONS}/tides"),
        change,
    )
    .await?;
    assert_eq!(answer.status(), 409);
    Ok(())
}

#[tokio::test]
async fn another_endpoint_needs_the_secret_again() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    let path = format!("{CONNECTIONS}/tides");
    let mut change = json!({"values": {"AWS_S3_ENDPOINT": "https://elsewhere.example.org"}});
    let refused = send(&world, Who::Editor, Method::PATCH, &path, change.clone()).await?;
    assert_eq!(refused.status(), 422);
    assert_eq!(
        problem(refused).await?["findings"][0]["rule"],
        "retype-secret"
    );
    change["values"]["AWS_SECRET_ACCESS_KEY"] = json!("typed-again");
    change["values"]["AWS_ACCESS_KEY_ID"] = json!("AKIATIDES");
    assert_eq!(
        send(&world, Who::Editor, Method::PATCH, &path, change)
            .await?
            .status(),
        200
    );
    Ok(())
}

#[tokio::test]
async fn values_are_read_by_who_may_read_the_secret() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    let path = format!("{CONNECTIONS}/tides/values");
    let values: Value = world.get(Who::Viewer, &path).await?.json().await?;
    assert_eq!(values["values"]["AWS_SECRET_ACCESS_KEY"], "a-secret-key");
    assert_eq!(values["hidden"], json!(["AWS_SECRET_ACCESS_KEY"]));
    assert_eq!(world.get(Who::Other, &path).await?.status(), 403);
    Ok(())
}

#[tokio::test]
async fn a_deleted_connection_is_gone_and_cannot_be_deleted_again() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    let path = format!("{CONNECTIONS}/tides");
    for status in [200, 404] {
        let answer = world
            .request(Who::Editor, Method::DELETE, &path)
            .send()
            .await?;
        assert_eq!(answer.status(), status);
    }
    Ok(())
}

/// Asks until an answer fits, since lists are kept by watches.
pub(crate) async fn until(
    world: &World,
    who: Who,
    path: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let answer: Value = world.get(who, path).await?.json().await?;
        if fits(&answer) {
            return Ok(answer);
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_paged() -> Result<()> {
    let world = World::new().await?;
    for name in ["Charts", "Soundings", "Tides"] {
        let mut new = tides();
        new["displayName"] = json!(name);
        assert_eq!(
            send(&world, Who::Editor, Method::POST, CONNECTIONS, new)
                .await?
                .status(),
            201
        );
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().into_iter().flatten();
        items
            .filter_map(|row| row["name"].as_str().map(str::to_owned))
            .collect()
    };
    let path = format!("{CONNECTIONS}?sort=displayName&order=descending&limit=2");
    let first = until(&world, Who::Viewer, &path, |page| page["total"] == 3).await?;
    assert_eq!(names(&first), ["tides", "soundings"]);
    let next = first["next"].as_str().unwrap_or_default();
    let second: Value = world
        .get(Who::Viewer, &format!("{path}&cursor={next}"))
        .await?
        .json()
        .await?;
    assert_eq!(
        (names(&second), &second["next"]),
        (vec!["charts".to_owned()], &Value::Null)
    );
    let found: Value = world
        .get(Who::Viewer, &format!("{CONNECTIONS}?text=sound"))
        .await?
        .json()
        .await?;
    assert_eq!(names(&found), ["soundings"]);
    let other: Value = world
        .get(Who::Viewer, &format!("{CONNECTIONS}?cursor={next}"))
        .await?
        .json()
        .await?;
    assert_eq!(other["status"], 400);
    Ok(())
}

#[rstest]
#[case::one_project(Who::Viewer, &["team-a"])]
#[case::another(Who::Other, &["team-b"])]
#[case::all(Who::Admin, &["team-a", "team-b"])]
#[tokio::test]
async fn everybody_sees_their_own_projects_only(
    #[case] who: Who,
    #[case] expected: &[&str],
) -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    let new = send(
        &world,
        Who::Other,
        Method::POST,
        "/api/v1/projects/team-b/connections",
        tides(),
    )
    .await?;
    assert_eq!(new.status(), 201);
    let page = until(&world, who, "/api/v1/connections", |page| {
        page["total"] == expected.len()
    })
    .await?;
    let projects: Vec<_> = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["namespace"].clone())
        .collect();
    assert_eq!(projects, expected);
    let all: Value = world.get(who, "/api/v1/projects").await?.json().await?;
    let all: Vec<_> = all["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|project| project["name"].as_str())
        .collect();
    let own: Vec<_> = all
        .iter()
        .copied()
        .filter(|name| name.starts_with("team-"))
        .collect();
    assert_eq!(own, expected);
    assert_eq!(all.len() > own.len(), who == Who::Admin, "{all:?}");
    Ok(())
}

#[tokio::test]
async fn usage_says_who_uses_what_and_stands_in_the_way_of_deletion() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    world.create(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "reader", "namespace": "team-a"},
        "spec": {"containers": [{"name": "main", "image": "reader", "envFrom": [{"secretRef": {"name": "tides"}}]}]},
    }))
    .await?;
    let path = format!("{CONNECTIONS}/tides/usage");
    let usage = until(&world, Who::Viewer, &path, |usage| {
        usage["users"] != json!([])
    })
    .await?;
    assert_eq!(
        (&usage["users"][0]["kind"], &usage["users"][0]["name"]),
        (&json!("Pod"), &json!("reader"))
    );
    let all: Value = world
        .get(Who::Viewer, "/api/v1/projects/team-a/usage")
        .await?
        .json()
        .await?;
    assert_eq!(all["items"][0]["name"], "tides");
    let refused = world
        .request(Who::Editor, Method::DELETE, &format!("{CONNECTIONS}/tides"))
        .send()
        .await?;
    assert_eq!(refused.status(), 409);
    assert!(
        problem(refused).await?["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("reader"))
    );
    Ok(())
}

#[rstest]
#[case("/api/v1/projects/..%2f..%2fsecrets/connections")]
#[case("/api/v1/projects/team-a/connections/a%2Fb")]
#[case("/api/v1/projects/team-a/connections/%3FdryRun=All")]
#[case("/api/v1/projects/Team/usage")]
#[case("/api/v1/connection-types/%00")]
#[case("/api/v1/connection-types/%ff")]
#[tokio::test]
async fn names_that_there_cannot_be_go_no_further(#[case] path: &str) -> Result<()> {
    let world = World::new().await?;
    assert_eq!(world.get(Who::Admin, path).await?.status(), 400);
    Ok(())
}

//! Connection types over REST.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CONNECTIONS, send};
use crate::world::{Who, World, problem};

const TYPES: &str = "/api/v1/connection-types";

#[tokio::test]
async fn a_type_is_created_changed_copied_disabled_and_deleted() -> Result<()> {
    let world = World::new().await?;
    let input = json!({"displayName": "Lake", "categories": ["Lakes"], "fields": [{"type": "short-text", "name": "Host", "envVar": "LAKE_HOST", "properties": {}}]});
    let created = send(&world, Who::Admin, Method::POST, TYPES, input.clone()).await?;
    assert_eq!(
        (
            created.status().as_u16(),
            created.headers()["location"].to_str()?
        ),
        (201, "/api/v1/connection-types/ct-lake")
    );
    let etag = created.headers()["etag"].clone();
    let lake = format!("{TYPES}/ct-lake");
    let unchanged = world
        .request(Who::Viewer, Method::GET, &lake)
        .header("if-none-match", etag.clone())
        .send()
        .await?;
    assert_eq!(unchanged.status(), 304);
    let mut other = input;
    other["description"] = json!("Deep");
    let replaced = world
        .request(Who::Admin, Method::PUT, &lake)
        .header("if-match", etag.clone())
        .json(&other)
        .send()
        .await?;
    assert_eq!(replaced.status(), 200);
    let stale = world
        .request(Who::Admin, Method::PUT, &lake)
        .header("if-match", etag)
        .json(&other)
        .send()
        .await?;
    assert_eq!(stale.status(), 412);
    let copy = send(
        &world,
        Who::Admin,
        Method::POST,
        &format!("{lake}/duplicate"),
        json!({}),
    )
    .await?;
    assert_eq!(copy.status(), 201);
    let disabled = send(
        &world,
        Who::Admin,
        Method::PUT,
        &format!("{lake}/enabled"),
        json!({"isEnabled": false}),
    )
    .await?;
    assert_eq!(disabled.json::<Value>().await?["isEnabled"], false);
    let refused = send(
        &world,
        Who::Editor,
        Method::POST,
        CONNECTIONS,
        json!({"type": "ct-lake", "displayName": "Old"}),
    )
    .await?;
    assert_eq!(
        problem(refused).await?["findings"][0]["rule"],
        "type-disabled"
    );
    let gone = world
        .request(Who::Admin, Method::DELETE, &lake)
        .send()
        .await?;
    assert_eq!(gone.status(), 204);
    assert_eq!(world.get(Who::Viewer, &lake).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn types_that_came_with_the_platform_are_protected() -> Result<()> {
    let world = World::new().await?;
    let gone = world
        .request(Who::Admin, Method::DELETE, &format!("{TYPES}/s3"))
        .send()
        .await?;
    assert_eq!(gone.status(), 403);
    let replaced = send(
        &world,
        Who::Admin,
        Method::PUT,
        &format!("{TYPES}/s3"),
        json!({"displayName": "Mine"}),
    )
    .await?;
    assert_eq!(replaced.status(), 403);
    Ok(())
}

#[tokio::test]
async fn a_type_that_cannot_be_read_is_listed_with_its_error() -> Result<()> {
    let world = World::new().await?;
    world
        .create(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "broken", "namespace": "opendatahub", "labels": {
                "opendatahub.io/dashboard": "true", "opendatahub.io/connection-type": "true"}},
            "data": {"fields": "{"},
        }))
        .await?;
    let all: Value = world.get(Who::Viewer, TYPES).await?.json().await?;
    let broken = all["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|item| item["name"] == "broken");
    assert!(
        broken.is_some_and(|broken| broken["error"].is_string()),
        "{all}"
    );
    assert_eq!(
        world
            .get(Who::Viewer, &format!("{TYPES}/broken"))
            .await?
            .status(),
        422
    );
    Ok(())
}

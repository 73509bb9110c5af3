//! Two who change or delete the same at the same time, each with `If-Match`: one of them does it, the
//! other is told so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use futures::future::join_all;
use http::HeaderValue;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

use super::{CONNECTIONS, made, send};
use crate::meddle::Way;
use crate::world::{Who, World, problem};

const SECRET: &str = "/api/v1/namespaces/team-a/secrets/tides";

async fn delete(world: &World, who: Who, path: &str, seen: &HeaderValue) -> Result<Response> {
    let request = world.request(who, Method::DELETE, path);
    Ok(request.header("if-match", seen).send().await?)
}

/// Lets somebody else change the Secret just before a deletion of it arrives, after `tries` of them.
fn overtake(world: &World, tries: usize) {
    let secrets = Api::<Secret>::namespaced(world.client(), "team-a");
    let deletions = Arc::new(AtomicUsize::new(0));
    world.meddler.ask(move |method, uri| {
        let (secrets, deletions) = (secrets.clone(), Arc::clone(&deletions));
        async move {
            let is_it = method == Method::DELETE && uri.path() == SECRET;
            if is_it && deletions.fetch_add(1, Ordering::Relaxed) == tries {
                let change = Patch::Merge(json!({"metadata": {"labels": {"moored": "yes"}}}));
                let params = PatchParams::default();
                let written = secrets.patch("tides", &params, &change).await;
                written.expect("the other one is faster");
            }
            Way::On
        }
    });
}

#[rstest]
#[case::before_it_is_tried(0)]
#[case::between_the_try_and_the_deletion(1)]
#[tokio::test]
async fn a_deletion_that_a_change_gets_ahead_of_is_refused(#[case] tries: usize) -> Result<()> {
    let world = World::new().await?;
    let seen = made(&world).await?.headers()["etag"].clone();
    overtake(&world, tries);
    let path = format!("{CONNECTIONS}/tides");
    let late = delete(&world, Who::Editor, &path, &seen).await?;
    assert_eq!(late.status(), 412);
    let problem = problem(late).await?;
    assert_eq!(
        problem["type"],
        "https://bowline.dev/problems/precondition-failed"
    );
    assert!(
        problem["detail"].to_string().contains("was changed"),
        "{problem}"
    );
    assert_eq!(world.get(Who::Editor, &path).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn without_a_version_a_deletion_that_a_change_gets_ahead_of_is_a_conflict() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    overtake(&world, 0);
    let path = format!("{CONNECTIONS}/tides");
    let answer = world.request(Who::Editor, Method::DELETE, &path).send();
    assert_eq!(answer.await?.status(), 409);
    Ok(())
}

#[tokio::test]
async fn of_one_who_changes_and_one_who_deletes_one_does_it() -> Result<()> {
    for _ in 0..10 {
        let world = World::new().await?;
        let seen = made(&world).await?.headers()["etag"].clone();
        let path = format!("{CONNECTIONS}/tides");
        let change = world.request(Who::Admin, Method::PATCH, &path);
        let change = change
            .header("if-match", &seen)
            .json(&json!({"description": "Mine"}));
        let (changed, deleted) =
            tokio::join!(change.send(), delete(&world, Who::Editor, &path, &seen));
        let (changed, deleted) = (changed?.status().as_u16(), deleted?.status().as_u16());
        // Whoever changes what is gone is told that it is gone.
        assert!(
            [(200, 412), (404, 200)].contains(&(changed, deleted)),
            "{changed} {deleted}"
        );
        let left = world.get(Who::Editor, &path).await?.status().as_u16();
        assert_eq!(left, if deleted == 200 { 404 } else { 200 });
    }
    Ok(())
}

#[tokio::test]
async fn of_many_who_delete_the_same_one_does_it() -> Result<()> {
    let world = World::new().await?;
    let seen = made(&world).await?.headers()["etag"].clone();
    let path = format!("{CONNECTIONS}/tides");
    let deleting = (0..8).map(|_| delete(&world, Who::Editor, &path, &seen));
    let mut statuses = Vec::new();
    for answer in join_all(deleting).await {
        statuses.push(answer?.status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404, 404, 404, 404]);
    Ok(())
}

#[tokio::test]
async fn a_type_of_another_version_is_not_deleted() -> Result<()> {
    let world = World::new().await?;
    let types = "/api/v1/connection-types";
    let mut input = json!({"displayName": "Lake", "categories": ["Lakes"], "fields": [{"type": "short-text", "name": "Host", "envVar": "LAKE_HOST", "properties": {}}]});
    let created = send(&world, Who::Admin, Method::POST, types, input.clone()).await?;
    let seen = created.headers()["etag"].clone();
    let path = format!("{types}/ct-lake");
    input["description"] = json!("Deep");
    send(&world, Who::Admin, Method::PUT, &path, input).await?;
    let late = delete(&world, Who::Admin, &path, &seen).await?;
    assert_eq!(late.status(), 412);
    let now = world.get(Who::Viewer, &path).await?;
    let seen = now.headers()["etag"].clone();
    assert_eq!(now.json::<Value>().await?["description"], "Deep");
    assert_eq!(
        delete(&world, Who::Admin, &path, &seen).await?.status(),
        204
    );
    Ok(())
}

//! A connection that becomes one whose Secret has another type: the Secret is deleted and another one
//! created, and whatever happens in between, one of the two is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use http::Uri;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::meddle::Way;
use crate::world::{Who, World};

const PATH: &str = "/api/v1/connection";
const SECRETS: &str = "/api/v1/namespaces/team-a/secrets";
/// Longest wait for something that is to happen by itself.
const PATIENCE: Duration = Duration::from_secs(20);

fn git() -> Value {
    json!({"id": "tides", "spec": {"type": "git", "uri": "git@git-host.example:a/b.git",
                                   "keySecret": "YQ==", "reference": "main"}})
}

fn docker() -> Value {
    json!({"id": "tides", "spec": {"type": "docker", "uri": "quay.io/reef",
                                   "username": "u", "password": "cA=="}})
}

async fn put(world: &World, who: Who) -> Result<(u16, Value)> {
    let request = world.request(who, Method::PUT, PATH);
    let answer = request.body(docker().to_string()).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

/// A server with a connection to Git, and its Secret.
async fn with_git() -> Result<(World, Value)> {
    let world = super::world(|_| ()).await?;
    let request = world.request(Who::Editor, Method::POST, PATH);
    let created = request.body(git().to_string()).send().await?;
    anyhow::ensure!(created.status() == 201, "{}", created.text().await?);
    let secret = super::secret(&world, "tides").await?;
    Ok((world, secret))
}

/// A Secret without what each new one has of its own.
fn contents(mut secret: Value) -> Value {
    if let Some(metadata) = secret["metadata"].as_object_mut() {
        for own in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "managedFields",
        ] {
            metadata.shift_remove(own);
        }
    }
    secret
}

fn is_creation(method: &Method, uri: &Uri) -> bool {
    let is_dry = uri.query().is_some_and(|query| query.contains("dryRun"));
    method == Method::POST && uri.path() == SECRETS && !is_dry
}

/// Lets something happen to the creations after the first `before` and up to `until`.
fn meddle_with_creations(world: &World, before: usize, until: usize, way: Way) {
    let creations = AtomicUsize::new(0);
    world.meddler.ask(move |method, uri| {
        let way = match is_creation(&method, &uri) {
            true if (before..until).contains(&creations.fetch_add(1, Ordering::Relaxed)) => way,
            _ => Way::On,
        };
        async move { way }
    });
}

#[tokio::test]
async fn a_creation_that_fails_brings_the_old_one_back_whole() -> Result<()> {
    let (world, before) = with_git().await?;
    meddle_with_creations(&world, 0, 1, Way::Lost);
    let (status, answer) = put(&world, Who::Editor).await?;
    assert_eq!(status, 503, "{answer}");
    let after = super::secret(&world, "tides").await?;
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(contents(after), contents(before));
    Ok(())
}

#[tokio::test]
async fn the_old_one_is_put_back_also_where_that_fails_at_first() -> Result<()> {
    let (world, before) = with_git().await?;
    meddle_with_creations(&world, 0, 3, Way::Lost);
    assert_eq!(put(&world, Who::Editor).await?.0, 503);
    let after = super::secret(&world, "tides").await?;
    assert_eq!(contents(after), contents(before));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_put_back_is_said_to_be_gone() -> Result<()> {
    let (world, _) = with_git().await?;
    meddle_with_creations(&world, 0, usize::MAX, Way::Lost);
    let (status, answer) = put(&world, Who::Editor).await?;
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(
        status == 503 && message.contains("create it again"),
        "{status} {answer}"
    );
    let left = world.get(Who::Editor, &format!("{PATH}/tides")).await?;
    assert_eq!(left.status(), 404);
    Ok(())
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_done() -> Result<()> {
    let (world, _) = with_git().await?;
    meddle_with_creations(&world, 0, 1, Way::Unanswered);
    let (status, answer) = put(&world, Who::Editor).await?;
    assert_eq!(status, 200, "{answer}");
    let after = super::secret(&world, "tides").await?;
    assert_eq!(after["type"], "kubernetes.io/dockerconfigjson");
    Ok(())
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_leaves_the_old_one() -> Result<()> {
    let (world, before) = with_git().await?;
    let deletions = AtomicUsize::new(0);
    world.meddler.ask(move |method, _| {
        // The first one is a dry run.
        let is_it = method == Method::DELETE && deletions.fetch_add(1, Ordering::Relaxed) == 1;
        let way = if is_it { Way::Unanswered } else { Way::On };
        async move { way }
    });
    assert_eq!(put(&world, Who::Editor).await?.0, 503);
    let after = super::secret(&world, "tides").await?;
    assert_eq!(contents(after), contents(before));
    Ok(())
}

#[tokio::test]
async fn one_that_somebody_else_makes_in_between_is_changed_and_not_lost() -> Result<()> {
    let (world, _) = with_git().await?;
    let secrets: Api<Secret> = Api::namespaced(world.client(), "team-a");
    let creations = Arc::new(AtomicUsize::new(0));
    world.meddler.ask(move |method, uri| {
        let (secrets, creations) = (secrets.clone(), Arc::clone(&creations));
        async move {
            if is_creation(&method, &uri) && creations.fetch_add(1, Ordering::Relaxed) == 0 {
                let other = json!({
                    "metadata": {"name": "tides", "labels": {"theirs": "yes"},
                                 "annotations": {"opendatahub.io/connection-type-protocol": "oci"}},
                    "type": "kubernetes.io/dockerconfigjson",
                    "stringData": {".dockerconfigjson": "{\"auths\":{\"quay.io\":{\"auth\":\"YTpi\"}}}"},
                });
                let other = serde_json::from_value(other).expect("a Secret");
                let made = secrets.create(&Default::default(), &other).await;
                made.expect("the other one is faster");
            }
            Way::On
        }
    });
    let (status, answer) = put(&world, Who::Editor).await?;
    assert_eq!(status, 200, "{answer}");
    let after = super::secret(&world, "tides").await?;
    assert_eq!(after["metadata"]["labels"]["theirs"], "yes", "{after}");
    Ok(())
}

#[rstest]
#[case::may_not_create(&["get", "list", "watch", "update", "patch", "delete"])]
#[case::may_not_delete(&["get", "list", "watch", "update", "patch", "create"])]
#[tokio::test]
async fn whoever_may_do_only_one_of_both_does_neither(#[case] verbs: &[&str]) -> Result<()> {
    let (world, before) = with_git().await?;
    world.allow("team-a", Who::Other, json!(verbs)).await?;
    let (status, answer) = put(&world, Who::Other).await?;
    assert_eq!(status, 403, "{answer}");
    assert_eq!(super::secret(&world, "tides").await?, before);
    Ok(())
}

#[tokio::test]
async fn one_that_finalizers_keep_is_left_alone() -> Result<()> {
    let (world, _) = with_git().await?;
    let secrets: Api<Secret> = Api::namespaced(world.client(), "team-a");
    let keep = Patch::Merge(json!({"metadata": {"finalizers": ["example.org/keep"]}}));
    secrets
        .patch("tides", &PatchParams::default(), &keep)
        .await?;
    let before = super::secret(&world, "tides").await?;
    let (status, answer) = put(&world, Who::Editor).await?;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(super::secret(&world, "tides").await?, before);
    Ok(())
}

#[tokio::test]
async fn a_sender_who_goes_away_in_the_middle_loses_nothing() -> Result<()> {
    let (world, _) = with_git().await?;
    let (is_deleted, is_gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (deleted, gone) = (Arc::clone(&is_deleted), Arc::clone(&is_gone));
    world.meddler.ask(move |method, uri| {
        let (deleted, gone) = (Arc::clone(&deleted), Arc::clone(&gone));
        async move {
            if is_creation(&method, &uri) {
                deleted.notify_one();
                gone.notified().await;
            }
            Way::On
        }
    });
    let request = world.request(Who::Editor, Method::PUT, PATH);
    tokio::select! {
        _ = request.body(docker().to_string()).send() => anyhow::bail!("it was answered"),
        () = is_deleted.notified() => {}
    }
    is_gone.notify_one();
    let stored = async {
        loop {
            if let Ok(secret) = super::secret(&world, "tides").await {
                return secret;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let after = tokio::time::timeout(PATIENCE, stored).await?;
    assert_eq!(after["type"], "kubernetes.io/dockerconfigjson");
    Ok(())
}

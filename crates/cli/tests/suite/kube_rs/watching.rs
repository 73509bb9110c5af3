//! Watches: raw, as a stream of `kube::runtime`, as a reflector, and waiting for a condition.

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use serde_json::json;

use super::{Harbour, inference_service, notebook, s3, soon};

#[tokio::test]
async fn a_watch_shows_additions_changes_and_deletions_in_order() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    let start = secrets
        .list(&Default::default())
        .await
        .expect("a list")
        .metadata
        .resource_version;
    let params = WatchParams::default().timeout(30);
    let stream = secrets
        .watch(&params, &start.expect("a version"))
        .await
        .expect("a watch");
    harbour.connect().await;
    let patch = Patch::Merge(json!({"metadata": {"labels": {"team": "pilots"}}}));
    secrets
        .patch("soundings", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    secrets
        .delete("soundings", &DeleteParams::default())
        .await
        .expect("deleted");

    let mut stream = stream.boxed();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let event = soon(stream.try_next())
            .await
            .expect("an event")
            .expect("one more");
        seen.push(match event {
            WatchEvent::Added(secret) => ("added", secret.name_any()),
            WatchEvent::Modified(secret) => ("modified", secret.name_any()),
            WatchEvent::Deleted(secret) => ("deleted", secret.name_any()),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(error) => panic!("{error:?}"),
        });
    }
    let name = || "soundings".to_owned();
    assert_eq!(
        seen,
        [("added", name()), ("modified", name()), ("deleted", name())]
    );
}

#[tokio::test]
async fn a_watch_begins_with_what_came_after_the_version_it_names() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    let version = harbour
        .connect()
        .await
        .resource_version()
        .expect("a version");
    secrets
        .create(&PostParams::default(), &s3("currents", "key"))
        .await
        .expect("created");
    let mut stream = secrets
        .watch(&WatchParams::default(), &version)
        .await
        .expect("a watch")
        .boxed();
    let first = soon(stream.try_next()).await.expect("an event");
    assert!(matches!(&first, Some(WatchEvent::Added(secret)) if secret.name_any() == "currents"));
}

#[tokio::test]
async fn a_watch_with_a_selector_calls_it_a_deletion_when_an_object_no_longer_matches() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    let mut secret = s3("soundings", "key");
    secret
        .labels_mut()
        .insert("team".to_owned(), "pilots".to_owned());
    let version = secrets
        .create(&PostParams::default(), &secret)
        .await
        .expect("created");
    let params = WatchParams::default().labels("team=pilots");
    let version = version.resource_version().expect("a version");
    let mut stream = secrets
        .watch(&params, &version)
        .await
        .expect("a watch")
        .boxed();
    let patch = Patch::Merge(json!({"metadata": {"labels": {"team": null}}}));
    secrets
        .patch("soundings", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    let event = soon(stream.try_next()).await.expect("an event");
    assert!(matches!(event, Some(WatchEvent::Deleted(_))), "{event:?}");
}

#[tokio::test]
async fn a_reflector_follows_the_secrets_of_a_project() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let (reader, writer) = reflector::store();
    let stream = watcher(harbour.api::<Secret>(), watcher::Config::default());
    let mut stream = stream
        .default_backoff()
        .reflect(writer)
        .applied_objects()
        .boxed();
    soon(stream.try_next()).await.expect("the first Secret");
    harbour
        .api()
        .create(&PostParams::default(), &s3("currents", "key"))
        .await
        .expect("created");
    soon(stream.try_next()).await.expect("the second Secret");
    let mut names: Vec<String> = reader
        .state()
        .iter()
        .map(|secret| secret.name_any())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["currents", "soundings"]);
}

#[tokio::test]
async fn a_program_can_wait_until_a_notebook_is_gone() {
    let harbour = Harbour::new().await;
    let notebooks = harbour.notebooks();
    let created = notebooks
        .create(&PostParams::default(), &notebook(""))
        .await
        .expect("created");
    let uid = created.uid().expect("a uid");
    let wait = await_condition(
        notebooks.clone(),
        "chart-room",
        conditions::is_deleted(&uid),
    );
    let delete = async {
        notebooks
            .delete("chart-room", &DeleteParams::default())
            .await
    };
    let (waited, deleted) = soon(async { tokio::join!(wait, delete) }).await;
    waited.expect("gone");
    deleted.expect("deleted");
}

#[tokio::test]
async fn a_program_can_wait_until_a_service_got_its_connection() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let services = harbour.inference_services();
    let has_key = |service: Option<&kube::api::DynamicObject>| {
        service.is_some_and(|service| {
            service.data["spec"]["predictor"]["model"]["storage"]["key"] == "soundings"
        })
    };
    let wait = await_condition(services.clone(), "tide-forecast", has_key);
    let service = inference_service("soundings", "models/tide");
    let create = async { services.create(&PostParams::default(), &service).await };
    let (waited, created) = soon(async { tokio::join!(wait, create) }).await;
    waited.expect("tied");
    created.expect("created");
}

//! Reflectors: what they hold becomes what the server holds, whatever happens in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use bowline_testkit::server::Server;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, PartialObjectMeta, Patch, PatchParams, PostParams, WatchEvent};
use kube::api::{ListParams, WatchParams};
use kube::runtime::reflector::Store;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, ResourceExt as _};
use rstest::rstest;
use serde_json::json;
use tokio::task::JoinHandle;

use super::gate::Gate;
use super::{Harbour, parsed, s3, soon, until};

/// A reflector of the ConfigMaps in `default` that runs by itself.
struct Reflection {
    store: Store<ConfigMap>,
    /// How often it has begun anew.
    beginnings: Arc<AtomicUsize>,
    running: JoinHandle<()>,
}

impl Reflection {
    fn of(client: Client, config: watcher::Config) -> Self {
        let (store, writer) = reflector::store();
        let beginnings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&beginnings);
        let stream = watcher(Api::<ConfigMap>::default_namespaced(client), config)
            .default_backoff()
            .reflect(writer);
        let running = tokio::spawn(async move {
            let mut stream = stream.boxed();
            while let Some(event) = stream.next().await {
                if matches!(event, Ok(watcher::Event::Init)) {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self {
            store,
            beginnings,
            running,
        }
    }

    fn beginnings(&self) -> usize {
        self.beginnings.load(Ordering::SeqCst)
    }

    /// What it holds becomes what is stored, to the version.
    async fn converges(&self, client: &Client) {
        let maps = Api::<ConfigMap>::default_namespaced(client.clone());
        until("what is reflected is what is stored", || async {
            let stored = maps.list(&ListParams::default()).await.expect("a list");
            let versions = |maps: &mut dyn Iterator<Item = (String, Option<String>)>| {
                maps.collect::<BTreeMap<_, _>>()
            };
            let of = |map: &ConfigMap| (map.name_any(), map.resource_version());
            let held = self.store.state();
            versions(&mut stored.iter().map(of)) == versions(&mut held.iter().map(|map| of(map)))
        })
        .await;
    }
}

impl Drop for Reflection {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn start(data: &Path) -> Result<Server> {
    // The log of every request would be as long as what is written here.
    Server::start_with(env!("CARGO_BIN_EXE_bowline"), data, "info")
}

async fn write(client: &Client, name: &str, text: &str) -> Result<()> {
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"text": text},
    });
    let params = PatchParams::apply("reflecting");
    maps.patch(name, &params, &Patch::Apply(map)).await?;
    Ok(())
}

async fn delete(client: &Client, name: &str) -> Result<()> {
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    maps.delete(name, &DeleteParams::default()).await?;
    Ok(())
}

#[tokio::test]
async fn a_reflector_goes_on_after_the_server_was_killed_and_lists_nothing_again() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut server = start(data.path())?;
    let gate = Gate::new().await?;
    gate.open(&server)?;
    let client = server.client().await?;
    let reflection = Reflection::of(gate.client(&server).await?, watcher::Config::default());
    for name in ["a", "b"] {
        write(&client, name, "first").await?;
    }
    reflection.converges(&client).await;
    gate.close();
    write(&client, "a", "changed while nobody looked").await?;
    delete(&client, "b").await?;
    server.kill();
    let server = start(data.path())?;
    let client = server.client().await?;
    write(&client, "c", "written to the next one").await?;
    gate.open(&server)?;
    reflection.converges(&client).await;
    assert_eq!(reflection.beginnings(), 1);
    Ok(())
}

#[rstest]
#[case::by_lists(watcher::Config::default())]
#[case::by_streaming_lists(watcher::Config::default().streaming_lists())]
#[tokio::test]
async fn a_reflector_that_comes_too_late_begins_anew(
    #[case] config: watcher::Config,
) -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = start(data.path())?;
    let gate = Gate::new().await?;
    gate.open(&server)?;
    let client = server.client().await?;
    let reflection = Reflection::of(gate.client(&server).await?, config);
    for name in ["a", "b"] {
        write(&client, name, "first").await?;
    }
    reflection.converges(&client).await;
    gate.close();
    delete(&client, "b").await?;
    // More than the server remembers.
    for number in 0..80 {
        write(&client, "large", &format!("{number:03}").repeat(300_000)).await?;
    }
    write(&client, "c", "last").await?;
    gate.open(&server)?;
    reflection.converges(&client).await;
    assert_eq!(reflection.beginnings(), 2);
    Ok(())
}

#[tokio::test]
async fn a_streaming_list_shows_what_there_is_and_says_when_that_is_all() {
    let harbour = Harbour::new().await;
    let secrets = harbour.api::<Secret>();
    // More than one page of it.
    for number in 0..250 {
        let secret = s3(&format!("log-{number:03}"), "key");
        secrets
            .create(&PostParams::default(), &secret)
            .await
            .expect("created");
    }
    let params = WatchParams::streaming_lists();
    let stream = secrets.watch(&params, "").await.expect("a watch");
    let mut stream = stream.boxed();
    let mut names = Vec::new();
    let end = loop {
        let event = soon(stream.try_next()).await.expect("an event");
        match event.expect("one more") {
            WatchEvent::Added(secret) => names.push(secret.name_any()),
            WatchEvent::Bookmark(bookmark) => break bookmark,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(names.len(), 250);
    assert!(names.is_sorted(), "in the order of a list");
    let marks = end.metadata.annotations;
    assert_eq!(
        marks.get("k8s.io/initial-events-end").map(String::as_str),
        Some("true")
    );
    // And then goes on.
    secrets
        .delete("log-007", &DeleteParams::default())
        .await
        .expect("deleted");
    let event = soon(stream.try_next()).await.expect("an event");
    assert!(matches!(event, Some(WatchEvent::Deleted(secret)) if secret.name_any() == "log-007"));
}

#[tokio::test]
async fn a_watcher_of_metadata_sees_no_value() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let api = harbour.api::<PartialObjectMeta<Secret>>();
    let stream = watcher(api, watcher::Config::default()).default_backoff();
    let mut stream = stream.applied_objects().boxed();
    let first = soon(stream.try_next())
        .await
        .expect("an event")
        .expect("one");
    assert_eq!(first.name_any(), "soundings");
    let patch = Patch::Merge(json!({"metadata": {"labels": {"team": "pilots"}}}));
    harbour
        .api::<Secret>()
        .patch("soundings", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    let next = soon(stream.try_next())
        .await
        .expect("an event")
        .expect("one");
    assert_eq!(next.labels()["team"], "pilots");
    let shown = serde_json::to_string(&next).expect("JSON");
    assert!(!shown.contains("AWS_SECRET_ACCESS_KEY\":\""), "{shown}");
}

#[tokio::test]
async fn two_reflectors_of_two_selections_share_what_moves_between_them() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    let map: ConfigMap = parsed(json!({"metadata": {"name": "buoy", "labels": {"side": "port"}}}));
    maps.create(&PostParams::default(), &map)
        .await
        .expect("created");
    let side = |side: &str| {
        let (store, writer) = reflector::store();
        let config = watcher::Config::default().labels(&format!("side={side}"));
        let stream = watcher(maps.clone(), config)
            .default_backoff()
            .reflect(writer);
        (store, tokio::spawn(stream.for_each(|_| async {})))
    };
    let (port, port_runs) = side("port");
    let (starboard, starboard_runs) = side("starboard");
    until("it is at port", || async {
        port.len() == 1 && starboard.is_empty()
    })
    .await;
    let patch = Patch::Merge(json!({"metadata": {"labels": {"side": "starboard"}}}));
    maps.patch("buoy", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    until("it moved", || async {
        port.is_empty() && starboard.len() == 1
    })
    .await;
    port_runs.abort();
    starboard_runs.abort();
}

//! A whole `bowline up` that is killed at any point while several people write and one watches.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use super::{secrets, start};

const KILLS: u64 = 20;
const WRITERS: usize = 4;
/// How many objects a deletion takes along.
const CARGO: usize = 250;
/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Writes one Secret again and again until the server is gone; returns the last number that was
/// acknowledged.
async fn write_until_killed(secrets: Api<Secret>, writer: usize, mut done: u64) -> u64 {
    let name = format!("writer-{writer}");
    loop {
        let next = done + 1;
        let written = if done == 0 {
            let secret = json!({"metadata": {"name": name}, "stringData": {"n": next.to_string()}});
            let secret = super::parsed(secret);
            secrets.create(&Default::default(), &secret).await
        } else {
            let patch = Patch::Merge(json!({"stringData": {"n": next.to_string()}}));
            secrets.patch(&name, &PatchParams::default(), &patch).await
        };
        match written {
            Ok(_) => done = next,
            Err(_) => return done,
        }
    }
}

fn number(secret: &Secret) -> u64 {
    let data = secret.data.as_ref().expect("data");
    let text = String::from_utf8(data["n"].0.clone()).expect("text");
    text.parse().expect("a number")
}

/// Every number since the last one, none left out and none twice.
async fn watch(
    secrets: &Api<Secret>,
    from: &mut String,
    seen: &mut BTreeMap<String, u64>,
    until: &BTreeMap<String, u64>,
) {
    let params = WatchParams::default().timeout(30);
    let stream = secrets.watch(&params, from).await.expect("a watch");
    let mut stream = stream.boxed();
    while seen != until {
        let event = stream.next().await.expect("an event").expect("no error");
        let (WatchEvent::Added(secret) | WatchEvent::Modified(secret)) = event else {
            panic!("{event:?}");
        };
        *from = secret.resource_version().expect("a version");
        if secret.name_any().starts_with("writer-") {
            let last = seen.entry(secret.name_any()).or_insert(0);
            assert_eq!(number(&secret), *last + 1, "{}", secret.name_any());
            *last += 1;
        }
    }
}

#[tokio::test]
async fn a_server_killed_at_any_point_has_all_that_it_acknowledged() {
    let data = tempfile::tempdir().expect("a folder");
    let mut done = vec![0; WRITERS];
    let mut seen = BTreeMap::new();
    let mut from = "0".to_owned();
    for kill in 0..KILLS {
        let mut server = start(data.path(), &[("RUST_LOG", "warn")]);
        let client = secrets(&server).await;
        if kill == 0 {
            let list = client.list(&Default::default()).await.expect("a list");
            from = list.metadata.resource_version.expect("a version");
        }
        let writers: Vec<_> = done
            .iter()
            .enumerate()
            .map(|(writer, done)| tokio::spawn(write_until_killed(client.clone(), writer, *done)))
            .collect();
        tokio::time::sleep(Duration::from_millis(20 + kill * 37 % 190)).await;
        server.kill();
        for (done, writer) in done.iter_mut().zip(writers) {
            *done = writer.await.expect("a writer");
        }
        let server = start(data.path(), &[("RUST_LOG", "warn")]);
        let client = secrets(&server).await;
        let mut until = BTreeMap::new();
        for (writer, done) in done.iter_mut().enumerate() {
            let name = format!("writer-{writer}");
            let found = client.get_opt(&name).await.expect("an answer");
            let found = found.as_ref().map_or(0, number);
            assert!(
                (*done..=*done + 1).contains(&found),
                "{name} was acknowledged at {done} and is at {found}"
            );
            *done = found;
            until.insert(name, found);
        }
        until.retain(|_, n| *n > 0);
        watch(&client, &mut from, &mut seen, &until).await;
    }
    assert!(done.iter().all(|n| *n > KILLS), "{done:?}");
}

/// Creates ConfigMaps with these owners.
async fn load(maps: &Api<ConfigMap>, name: &str, owners: serde_json::Value) {
    let create = |number: usize| {
        let metadata = json!({"name": format!("{name}-{number}"), "ownerReferences": owners});
        let map = serde_json::from_value(json!({ "metadata": metadata })).expect("a ConfigMap");
        async move { maps.create(&Default::default(), &map).await.map(drop) }
    };
    let created = stream::iter(0..CARGO).map(create).buffer_unordered(16);
    created.try_collect::<()>().await.expect("created");
}

/// A namespace and an owner, with what goes along with each.
struct Freight {
    namespaces: Api<Namespace>,
    inside: Api<ConfigMap>,
    beside: Api<ConfigMap>,
}

impl Freight {
    fn of(client: Client) -> Self {
        Self {
            namespaces: Api::all(client.clone()),
            inside: Api::namespaced(client.clone(), "sunk"),
            beside: Api::namespaced(client, "default"),
        }
    }

    async fn load(&self) {
        let namespace = json!({"metadata": {"name": "sunk"}});
        let namespace = serde_json::from_value(namespace).expect("a Namespace");
        let created = self
            .namespaces
            .create(&Default::default(), &namespace)
            .await;
        created.expect("created");
        load(&self.inside, "inside", json!([])).await;
        let owner = json!({"metadata": {"name": "owner"}});
        let owner = serde_json::from_value(owner).expect("a ConfigMap");
        let owner = self.beside.create(&Default::default(), &owner).await;
        let uid = owner.expect("created").uid().expect("a uid");
        let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid});
        load(&self.beside, "owned", json!([owner])).await;
    }

    /// Begins both deletions; neither is waited for.
    async fn drop_it(&self) {
        let owner = self.beside.delete("owner", &Default::default()).await;
        owner.expect("deleted");
        let namespaces = self.namespaces.clone();
        tokio::spawn(async move { namespaces.delete("sunk", &Default::default()).await });
        while self.is_open().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn is_open(&self) -> bool {
        let found = self.namespaces.get_opt("sunk").await.expect("an answer");
        found.is_some_and(|found| found.metadata.deletion_timestamp.is_none())
    }

    async fn left(&self) -> usize {
        let namespace = self.namespaces.get_opt("sunk").await.expect("an answer");
        let everything = ListParams::default();
        let inside = self.inside.list(&everything).await.expect("a list");
        let beside = self.beside.list(&everything).await.expect("a list");
        let owned = beside
            .iter()
            .filter(|map| map.name_any().starts_with("owned-"));
        usize::from(namespace.is_some()) + inside.items.len() + owned.count()
    }
}

#[tokio::test]
async fn a_deletion_that_was_cut_short_is_finished_by_the_next_start() {
    for pause in [0, 20, 70] {
        let data = tempfile::tempdir().expect("a folder");
        let mut server = start(data.path(), &[("RUST_LOG", "warn")]);
        let freight = Freight::of(server.client().await.expect("a client"));
        freight.load().await;
        freight.drop_it().await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.kill();
        let server = start(data.path(), &[("RUST_LOG", "warn")]);
        let freight = Freight::of(server.client().await.expect("a client"));
        let finished = async {
            while freight.left().await > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, finished).await;
        assert!(in_time.is_ok(), "{} are left", freight.left().await);
    }
}

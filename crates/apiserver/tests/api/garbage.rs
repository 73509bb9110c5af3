//! What becomes of objects whose owners go, and of old events.

use crate::client::{Client, PATIENCE, Server, config_map};
use crate::definitions::{BOATS, DEFINITIONS, boat, definition};
use crate::kubectl::Kubectl;
use bowline_apiserver::store::{HistoryLimit, ObjectKey, Store, Write};
use bowline_apiserver::tls::Authority;
use bowline_apiserver::{ApiServer, Config};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const EVENTS: &str = "/api/v1/namespaces/default/events";

/// A reference to a ConfigMap.
fn owner(owner: &Value, blocks: bool) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "blockOwnerDeletion": blocks,
    })
}

async fn create(client: &Client, name: &str, owners: &[Value]) -> Value {
    let mut object = config_map(name);
    object["metadata"]["ownerReferences"] = json!(owners);
    client.post(MAPS, &object).await.ok()
}

async fn delete(client: &Client, name: &str, policy: &str) -> Value {
    let path = format!("{MAPS}/{name}?propagationPolicy={policy}");
    client.delete(&path).await.ok()
}

/// Waits until this holds of an object; null stands for one that is gone.
async fn until(client: &Client, path: &str, holds: impl Fn(&Value) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = client.get(path).await;
        let object = if answer.code == 404 {
            Value::Null
        } else {
            answer.json()
        };
        if holds(&object) {
            return;
        }
        assert!(Instant::now() < deadline, "{path} is still {object}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_gone(client: &Client, name: &str) {
    until(client, &format!("{MAPS}/{name}"), Value::is_null).await;
}

async fn is_there(client: &Client, name: &str) -> bool {
    client.get(&format!("{MAPS}/{name}")).await.code == 200
}

#[tokio::test]
async fn what_is_owned_goes_after_its_owner_and_takes_along_what_it_owns() {
    let admin = Server::start().await.admin();
    let top = create(&admin, "top", &[]).await;
    let middle = create(&admin, "middle", &[owner(&top, false)]).await;
    create(&admin, "bottom", &[owner(&middle, false)]).await;
    create(&admin, "beside", &[]).await;
    delete(&admin, "top", "Background").await;
    until_gone(&admin, "bottom").await;
    assert_eq!(
        (
            is_there(&admin, "middle").await,
            is_there(&admin, "beside").await
        ),
        (false, true)
    );
}

#[tokio::test]
async fn one_owner_that_stays_is_enough() {
    let admin = Server::start().await.admin();
    let (one, two) = (
        create(&admin, "one", &[]).await,
        create(&admin, "two", &[]).await,
    );
    create(&admin, "both", &[owner(&one, false), owner(&two, false)]).await;
    delete(&admin, "one", "Background").await;
    let uid = two["metadata"]["uid"].clone();
    until(&admin, &format!("{MAPS}/both"), |both| {
        let owners = both["metadata"]["ownerReferences"].as_array();
        owners.is_some_and(|owners| owners.len() == 1 && owners[0]["uid"] == uid)
    })
    .await;
    delete(&admin, "two", "Background").await;
    until_gone(&admin, "both").await;
}

#[tokio::test]
async fn an_owner_of_the_same_name_is_another_one() {
    let admin = Server::start().await.admin();
    let old = create(&admin, "owner", &[]).await;
    delete(&admin, "owner", "Background").await;
    create(&admin, "owner", &[]).await;
    let other = create(&admin, "other", &[]).await;
    create(&admin, "owned", &[owner(&other, false), owner(&old, false)]).await;
    delete(&admin, "other", "Background").await;
    until_gone(&admin, "owned").await;
}

#[tokio::test]
async fn orphans_stay_and_belong_to_nobody() {
    let admin = Server::start().await.admin();
    let parent = create(&admin, "parent", &[]).await;
    create(&admin, "child", &[owner(&parent, true)]).await;
    let held = delete(&admin, "parent", "Orphan").await;
    assert_eq!(held["metadata"]["finalizers"], json!(["orphan"]));
    until_gone(&admin, "parent").await;
    let child = admin.get(&format!("{MAPS}/child")).await.ok();
    assert_eq!(
        child["metadata"]
            .get("ownerReferences")
            .and_then(Value::as_array)
            .map_or(0, Vec::len),
        0
    );
}

#[tokio::test]
async fn an_owner_deleted_in_the_foreground_waits_for_those_that_block_it() {
    let admin = Server::start().await.admin();
    let parent = create(&admin, "parent", &[]).await;
    let mut child = config_map("blocking");
    child["metadata"]["ownerReferences"] = json!([owner(&parent, true)]);
    child["metadata"]["finalizers"] = json!(["example.com/hold"]);
    admin.post(MAPS, &child).await.ok();
    let mut other = config_map("other");
    other["metadata"]["ownerReferences"] = json!([owner(&parent, false)]);
    other["metadata"]["finalizers"] = json!(["example.com/hold"]);
    admin.post(MAPS, &other).await.ok();

    let waiting = delete(&admin, "parent", "Foreground").await;
    assert_eq!(
        waiting["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    let is_going = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
    until(&admin, &format!("{MAPS}/blocking"), is_going).await;
    assert!(is_there(&admin, "parent").await);

    let free = json!({"metadata": {"finalizers": null}});
    admin
        .patch(&format!("{MAPS}/blocking"), "merge", &free)
        .await
        .ok();
    until_gone(&admin, "parent").await;
    assert!(is_there(&admin, "other").await);
}

#[tokio::test]
async fn cluster_scoped_owners_count_in_every_namespace() {
    let admin = Server::start().await.admin();
    let role = json!({"metadata": {"name": "crew"}, "rules": []});
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let role = admin.post(roles, &role).await.ok();
    let reference = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "crew",
        "uid": role["metadata"]["uid"],
    });
    create(&admin, "owned", &[reference]).await;
    admin.delete(&format!("{roles}/crew")).await.ok();
    until_gone(&admin, "owned").await;
}

#[tokio::test]
async fn an_owner_of_an_unknown_kind_is_taken_to_be_there() {
    let admin = Server::start().await.admin();
    let owner_of_all = create(&admin, "known", &[]).await;
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Whale", "name": "w", "uid": "1"});
    create(&admin, "held", &[unknown, owner(&owner_of_all, false)]).await;
    delete(&admin, "known", "Background").await;
    until(&admin, &format!("{MAPS}/held"), |held| {
        held["metadata"]["ownerReferences"]
            .as_array()
            .is_some_and(|owners| owners.len() == 1)
    })
    .await;
}

#[tokio::test]
async fn owners_are_known_after_a_restart() {
    let server = Server::start().await;
    let admin = server.admin();
    let parent = create(&admin, "parent", &[]).await;
    create(&admin, "child", &[owner(&parent, false)]).await;
    let Server { api, directory } = server;
    drop((api, admin));
    let admin = Server::again(directory).await;
    let admin = (admin.admin(), admin);
    delete(&admin.0, "parent", "Background").await;
    until_gone(&admin.0, "child").await;
}

/// What a server that was killed has left behind, and one that serves it from there.
struct Wreck {
    directory: TempDir,
    history: HistoryLimit,
}

impl Wreck {
    /// Objects that a server stored.
    async fn of(fill: impl AsyncFnOnce(&Client)) -> Self {
        let server = Server::start().await;
        fill(&server.admin()).await;
        Self {
            directory: server.directory,
            history: HistoryLimit::default(),
        }
    }

    fn config(&self) -> Config {
        let mut config = Config::new(self.directory.path().join("store.sqlite"));
        config.history = self.history;
        config
    }

    /// Changes what is stored past every server, as the first half of a deletion does.
    async fn change(&self, writes: Vec<Write>) {
        let store = Store::open(self.config().store()).unwrap();
        for write in writes {
            store.write(vec![write]).await.unwrap();
        }
    }

    async fn stored(&self, key: &ObjectKey) -> Value {
        let store = Store::open(self.config().store()).unwrap();
        store.get(key).await.unwrap().unwrap().value
    }

    /// A server that serves what is stored.
    async fn served(self) -> (Client, Server) {
        let api = ApiServer::open(self.config()).await.unwrap();
        let authority = Authority::in_directory(self.directory.path().join("tls")).unwrap();
        let tls = authority.serving(&["localhost"]).unwrap().server_config();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = api.clone();
        tokio::spawn(async move { serving.serve(listener, tls, std::future::pending()).await });
        let directory = self.directory;
        let server = Server { api, directory };
        (server.admin(), server)
    }
}

fn key(resource: &str, namespace: &str, name: &str) -> ObjectKey {
    ObjectKey {
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn gone(name: &str) -> Write {
    Write::Delete {
        key: key("/configmaps", "default", name),
        expected: None,
    }
}

fn marked(key: ObjectKey, mut value: Value) -> Write {
    value["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    Write::Update {
        key,
        value,
        expected: None,
    }
}

#[tokio::test]
async fn a_namespace_whose_deletion_was_cut_short_goes() {
    let wreck = Wreck::of(async |admin| {
        for name in ["sunk", "afloat"] {
            let namespace = json!({"metadata": {"name": name}});
            admin.post("/api/v1/namespaces", &namespace).await.ok();
            let maps = format!("/api/v1/namespaces/{name}/configmaps");
            admin.post(&maps, &config_map("left")).await.ok();
        }
    })
    .await;
    let sunk = key("/namespaces", "", "sunk");
    let value = wreck.stored(&sunk).await;
    wreck.change(vec![marked(sunk, value)]).await;
    let (admin, _server) = wreck.served().await;
    until(&admin, "/api/v1/namespaces/sunk", Value::is_null).await;
    let left = |name: &str| format!("/api/v1/namespaces/{name}/configmaps/left");
    assert_eq!(admin.get(&left("sunk")).await.code, 404);
    assert_eq!(admin.get(&left("afloat")).await.code, 200);
}

#[tokio::test]
async fn a_definition_whose_deletion_was_cut_short_goes_with_its_objects() {
    let wreck = Wreck::of(async |admin| {
        admin.post(DEFINITIONS, &definition()).await.ok();
        admin.post(BOATS, &boat("argo")).await.ok();
    })
    .await;
    let name = "boats.harbour.example.com";
    let sunk = key("apiextensions.k8s.io/customresourcedefinitions", "", name);
    let value = wreck.stored(&sunk).await;
    wreck.change(vec![marked(sunk, value)]).await;
    let (admin, _server) = wreck.served().await;
    until(&admin, &format!("{DEFINITIONS}/{name}"), Value::is_null).await;
    admin.post(DEFINITIONS, &definition()).await.ok();
    assert_eq!(admin.get(BOATS).await.ok()["items"], json!([]));
}

#[rstest]
#[case::right_after_the_owner(&["top"], 10_000)]
#[case::amid_the_dependents(&["top", "middle"], 10_000)]
#[case::long_after_the_owner(&["top", "first"], 1)]
#[tokio::test]
async fn dependents_whose_collection_was_cut_short_go(
    #[case] deleted: &[&str],
    #[case] kept: usize,
) {
    let mut wreck = Wreck::of(async |admin| {
        let top = create(admin, "top", &[]).await;
        let middle = create(admin, "middle", &[owner(&top, false)]).await;
        create(admin, "bottom", &[owner(&middle, false)]).await;
        create(admin, "first", &[owner(&top, false)]).await;
        create(admin, "last", &[owner(&top, false)]).await;
        let other = create(admin, "other", &[]).await;
        create(admin, "of-other", &[owner(&other, false)]).await;
    })
    .await;
    wreck.history.changes = kept;
    wreck
        .change(deleted.iter().map(|name| gone(name)).collect())
        .await;
    let (admin, _server) = wreck.served().await;
    for name in ["first", "last", "middle", "bottom"] {
        until_gone(&admin, name).await;
    }
    assert!(is_there(&admin, "other").await && is_there(&admin, "of-other").await);
}

#[tokio::test]
async fn an_owner_that_waited_when_the_server_was_killed_goes() {
    let wreck = Wreck::of(async |admin| {
        let mut waiting = config_map("waiting");
        waiting["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
        let waiting = admin.post(MAPS, &waiting).await.ok();
        create(admin, "blocking", &[owner(&waiting, true)]).await;
    })
    .await;
    let waiting = key("/configmaps", "default", "waiting");
    let value = wreck.stored(&waiting).await;
    wreck.change(vec![marked(waiting, value)]).await;
    let (admin, _server) = wreck.served().await;
    until_gone(&admin, "waiting").await;
    assert!(!is_there(&admin, "blocking").await);
}

#[tokio::test]
async fn kubectl_cascades() {
    let kubectl = Kubectl::start().await;
    kubectl.ok("create configmap parent").await;
    let uid = kubectl
        .ok("get configmap parent -o jsonpath={.metadata.uid}")
        .await;
    let child = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: child\n  ownerReferences:\n  - {{apiVersion: v1, kind: ConfigMap, name: parent, uid: {uid}, blockOwnerDeletion: true}}\n"
    );
    kubectl.run(&["apply", "-f", "-"], &child).await;
    kubectl
        .ok("delete configmap parent --cascade=foreground")
        .await;
    let (succeeded, said) = kubectl.run(&["get", "configmap", "child"], "").await;
    assert!(!succeeded && said.contains("not found"), "{said}");
}

#[tokio::test]
async fn events_go_when_they_are_old() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::new(directory.path().join("store.sqlite"));
    config.event_age = Duration::from_millis(50);
    let server = Server {
        api: ApiServer::open(config).await.unwrap(),
        directory,
    };
    let admin = server.admin();
    let event = |name: &str, last: &str| {
        json!({
            "metadata": {"name": name}, "involvedObject": {"namespace": "default", "name": "a"},
            "reason": "Sailed", "lastTimestamp": last,
        })
    };
    admin
        .post(EVENTS, &event("old", "2020-01-01T00:00:00Z"))
        .await
        .ok();
    admin
        .post(EVENTS, &event("new", "2999-01-01T00:00:00Z"))
        .await
        .ok();
    until(&admin, &format!("{EVENTS}/old"), Value::is_null).await;
    assert_eq!(admin.get(&format!("{EVENTS}/new")).await.code, 200);
}

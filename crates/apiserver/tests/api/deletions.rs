//! The embedder's look at objects before they go.

use crate::client::{Client, Server, config_map, without_owners};
use bowline_apiserver::{Admission, AdmissionRequest, Denial, Operation, Verdict};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Denies to delete what is annotated `vital`, warns of the rest, and remembers what it was asked.
#[derive(Default)]
struct Guard {
    asked: Mutex<Vec<AdmissionRequest>>,
    gone: Arc<AtomicUsize>,
}

impl Admission for Guard {
    fn admit(&self, request: AdmissionRequest) -> BoxFuture<'_, Verdict> {
        Box::pin(async move {
            if request.operation != Operation::Delete {
                return Verdict::allow();
            }
            let old = request.old_object.clone().unwrap();
            let warning = format!("used: {}", request.name);
            self.asked.lock().unwrap().push(request);
            if old["metadata"]["annotations"]["vital"] == "true" {
                return Verdict::Deny(Denial {
                    code: 403,
                    reason: "Forbidden".into(),
                    message: "not this one".into(),
                });
            }
            let gone = Arc::clone(&self.gone);
            Verdict::Allow {
                object: None,
                warnings: vec![warning],
                afterwards: Some(Box::pin(async move {
                    gone.fetch_add(1, Ordering::SeqCst);
                    vec![]
                })),
            }
        })
    }
}

async fn guarded(objects: &[Value]) -> (Server, Client, Arc<Guard>) {
    let server = Server::start().await;
    let guard = Arc::new(Guard::default());
    let admin = server.admin();
    for object in objects {
        admin.post(MAPS, object).await.ok();
    }
    let admission = Arc::clone(&guard) as Arc<dyn Admission>;
    assert!(server.api.set_admission(admission));
    (server, admin, guard)
}

impl Guard {
    fn asked(&self) -> Vec<AdmissionRequest> {
        self.asked.lock().unwrap().clone()
    }

    fn gone(&self) -> usize {
        self.gone.load(Ordering::SeqCst)
    }
}

fn vital(name: &str) -> Value {
    let mut object = config_map(name);
    object["metadata"]["annotations"] = json!({"vital": "true"});
    object
}

fn held(name: &str) -> Value {
    let mut object = config_map(name);
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    object
}

#[tokio::test]
async fn a_deletion_shows_the_object_that_goes() {
    let (_server, admin, guard) = guarded(&[config_map("a")]).await;
    let before = admin.get(&format!("{MAPS}/a")).await.ok();
    let answer = admin.delete(&format!("{MAPS}/a")).await;
    answer.ok();
    assert_eq!(answer.warnings(), ["299 - \"used: a\""]);
    let asked = guard.asked().remove(0);
    assert_eq!(
        (asked.object, asked.old_object),
        (Value::Null, Some(without_owners(before)))
    );
    assert_eq!(
        (asked.name.as_str(), asked.namespace.as_str(), asked.dry_run),
        ("a", "default", false)
    );
    assert_eq!(guard.gone(), 1);
}

#[tokio::test]
async fn what_may_not_go_stays() {
    let (_server, admin, guard) = guarded(&[vital("a")]).await;
    let answer = admin.delete(&format!("{MAPS}/a")).await;
    assert_eq!(answer.refused(403, "Forbidden"), "not this one");
    admin.get(&format!("{MAPS}/a")).await.ok();
    assert_eq!(guard.gone(), 0);
}

#[tokio::test]
async fn a_dry_run_is_asked_about_and_has_no_afterwards() {
    let (_server, admin, guard) = guarded(&[config_map("a"), vital("b")]).await;
    let path = |name: &str| format!("{MAPS}/{name}?dryRun=All");
    let answer = admin.delete(&path("a")).await;
    answer.ok();
    assert_eq!(answer.warnings(), ["299 - \"used: a\""]);
    admin.delete(&path("b")).await.refused(403, "Forbidden");
    assert!(guard.asked().iter().all(|asked| asked.dry_run));
    assert_eq!(guard.gone(), 0);
    admin.get(&format!("{MAPS}/a")).await.ok();
}

#[tokio::test]
async fn each_object_of_a_collection_is_asked_about() {
    let (_server, admin, guard) =
        guarded(&[config_map("a"), config_map("b"), config_map("c")]).await;
    let answer = admin.delete(MAPS).await;
    answer.ok();
    let names: Vec<String> = guard.asked().into_iter().map(|asked| asked.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(answer.warnings().len(), 3);
}

#[tokio::test]
async fn a_collection_stops_at_what_may_not_go() {
    let (_server, admin, _) = guarded(&[config_map("a"), vital("b"), config_map("c")]).await;
    admin.delete(MAPS).await.refused(403, "Forbidden");
    admin.get(&format!("{MAPS}/b")).await.ok();
}

#[tokio::test]
async fn what_a_finalizer_holds_is_asked_about_at_each_request_only() {
    let (_server, admin, guard) = guarded(&[held("a")]).await;
    let path = format!("{MAPS}/a");
    admin.delete(&path).await.ok();
    admin.delete(&path).await.ok();
    assert_eq!(guard.asked().len(), 2);
    let free = json!({"metadata": {"finalizers": null}});
    admin.patch(&path, "merge", &free).await.ok();
    admin.get(&path).await.refused(404, "NotFound");
    assert_eq!(
        guard.asked().len(),
        2,
        "the last finalizer's end is no request"
    );
}

#[tokio::test]
async fn a_precondition_that_does_not_hold_is_not_asked_about() {
    let (_server, admin, guard) = guarded(&[config_map("a")]).await;
    let options = json!({"preconditions": {"uid": "another"}}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = admin
        .send("DELETE", &format!("{MAPS}/a"), &headers, options)
        .await;
    answer.refused(409, "Conflict");
    assert!(guard.asked().is_empty());
}

#[tokio::test]
async fn a_namespace_is_asked_about_and_its_content_is_not() {
    let (_server, admin, guard) = guarded(&[]).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "crew"}});
    admin.post("/api/v1/namespaces", &namespace).await.ok();
    let inside = "/api/v1/namespaces/crew/configmaps";
    admin.post(inside, &vital("a")).await.ok();
    admin.delete("/api/v1/namespaces/crew").await.ok();
    let asked = guard.asked();
    assert_eq!((asked.len(), asked[0].name.as_str()), (1, "crew"));
    assert_eq!(asked[0].kind.kind, "Namespace");
}

#[tokio::test]
async fn a_namespace_gets_another_default_account_when_its_own_is_deleted() {
    let admin = Server::start().await.admin();
    let path = "/api/v1/namespaces/default/serviceaccounts/default";
    let uid = |object: Value| object["metadata"]["uid"].clone();
    let before = uid(admin.get(path).await.ok());
    admin.delete(path).await.ok();
    assert_ne!(uid(admin.get(path).await.ok()), before);
}

#[tokio::test]
async fn a_namespace_that_closes_gets_no_other_default_account() {
    let admin = Server::start().await.admin();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "crew"}});
    admin.post("/api/v1/namespaces", &namespace).await.ok();
    admin
        .post("/api/v1/namespaces/crew/configmaps", &held("a"))
        .await
        .ok();
    let path = "/api/v1/namespaces/crew/serviceaccounts/default";
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    let held = finalizers(json!(["example.com/hold"]));
    admin.patch(path, "merge", &held).await.ok();
    admin.delete("/api/v1/namespaces/crew").await.ok();
    let free = finalizers(Value::Null);
    admin.patch(path, "merge", &free).await.ok();
    admin.get(path).await.refused(404, "NotFound");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_object_can_be_deleted_while_others_patch_it() {
    let admin = Server::start().await.admin();
    for round in 0..10 {
        let name = format!("a-{round}");
        let path = format!("{MAPS}/{name}");
        admin.post(MAPS, &config_map(&name)).await.ok();
        let (begun, mut begins) = tokio::sync::mpsc::channel(1);
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let (admin, path, begun) = (admin.clone(), path.clone(), begun.clone());
                tokio::spawn(async move {
                    for number in 0.. {
                        let patch = json!({"data": {format!("k-{writer}"): number.to_string()}});
                        if admin.patch(&path, "merge", &patch).await.code == 404 {
                            return;
                        }
                        let _ = begun.try_send(());
                    }
                })
            })
            .collect();
        begins.recv().await.unwrap();
        admin.delete(&path).await.ok();
        futures::future::try_join_all(writers).await.unwrap();
    }
}

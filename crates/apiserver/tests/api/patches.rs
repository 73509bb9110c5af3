//! Patches of all kinds, and what they may not do.

use crate::client::{SECRETS, Server, config_map, secret};
use crate::workloads::{DEPLOYMENTS, deployment};
use serde_json::json;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn a_json_patch_changes_one_place() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let patch = json!([
        {"op": "test", "path": "/data/KEY", "value": "dmFsdWU="},
        {"op": "replace", "path": "/data/KEY", "value": "bmV3"},
        {"op": "add", "path": "/metadata/labels", "value": {"opendatahub.io/dashboard": "true"}},
    ]);
    let patched = admin
        .patch(&format!("{SECRETS}/a"), "json", &patch)
        .await
        .ok();
    assert_eq!(patched["data"]["KEY"], "bmV3");
    assert_eq!(
        patched["metadata"]["labels"]["opendatahub.io/dashboard"],
        "true"
    );
}

#[tokio::test]
async fn a_json_patch_that_does_not_fit_changes_nothing() {
    let admin = Server::start().await.admin();
    let created = admin.post(SECRETS, &secret("a")).await.ok();
    let path = format!("{SECRETS}/a");
    for patch in [
        json!([{"op": "replace", "path": "/data/KEY", "value": "eA=="}, {"op": "test", "path": "/data/KEY", "value": "bm8="}]),
        json!([{"op": "remove", "path": "/data/NONE"}]),
    ] {
        let message = admin
            .patch(&path, "json", &patch)
            .await
            .refused(422, "Invalid");
        assert!(
            !message.contains("bm8=") && !message.contains("dmFsdWU="),
            "{message}"
        );
    }
    admin
        .patch(&path, "json", &json!({"op": "remove"}))
        .await
        .refused(400, "BadRequest");
    assert_eq!(admin.get(&path).await.ok(), created);
}

#[tokio::test]
async fn a_merge_patch_removes_by_null() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let patch = json!({"data": {"KEY": null}, "stringData": {"OTHER": "x"}});
    let patched = admin
        .patch(&format!("{SECRETS}/a"), "merge", &patch)
        .await
        .ok();
    assert_eq!(patched["data"], json!({"OTHER": "eA=="}));
}

#[tokio::test]
async fn a_strategic_merge_patch_finds_list_members_by_key() {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let patch = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "main", "env": [{"name": "B", "value": "2"}]},
        {"name": "side", "image": "side:1"},
    ]}}}});
    let patched = admin
        .patch(&format!("{DEPLOYMENTS}/web"), "strategic-merge", &patch)
        .await
        .ok();
    let containers = patched["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .clone();
    let main = containers
        .iter()
        .find(|container| container["name"] == "main")
        .unwrap();
    assert_eq!(main["image"], "main:1");
    let names: Vec<&str> = main["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"A") && names.contains(&"B"), "{names:?}");
    assert_eq!(
        (containers.len(), &patched["metadata"]["generation"]),
        (2, &json!(2))
    );
}

#[tokio::test]
async fn a_patch_may_name_the_version_it_means() {
    let admin = Server::start().await.admin();
    let created = admin.post(SECRETS, &secret("a")).await.ok();
    let path = format!("{SECRETS}/a");
    let patch = |version: &serde_json::Value| json!({"metadata": {"resourceVersion": version, "labels": {"a": "b"}}});
    admin
        .patch(&path, "merge", &patch(&json!("1")))
        .await
        .refused(409, "Conflict");
    admin
        .patch(
            &path,
            "merge",
            &patch(&created["metadata"]["resourceVersion"]),
        )
        .await
        .ok();
}

#[tokio::test]
async fn patches_at_the_same_time_all_arrive() {
    let server = Server::start().await;
    let admin = server.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let patches = (0..4).map(|number| {
        let admin = admin.clone();
        tokio::spawn(async move {
            let patch = json!({"stringData": {format!("K{number}"): "x"}});
            admin
                .patch(&format!("{SECRETS}/a"), "merge", &patch)
                .await
                .ok();
        })
    });
    futures::future::try_join_all(patches).await.unwrap();
    let data = admin.get(&format!("{SECRETS}/a")).await.ok()["data"]
        .as_object()
        .unwrap()
        .len();
    assert_eq!(data, 5);
}

#[tokio::test]
async fn other_patches_are_not_known() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    for media_type in ["application/json", "text/plain"] {
        let answer = admin
            .send(
                "PATCH",
                &format!("{SECRETS}/a"),
                &[("content-type", media_type)],
                "{}",
            )
            .await;
        answer.refused(415, "UnsupportedMediaType");
    }
}

#[tokio::test]
async fn a_patch_that_leaves_no_object_is_refused() {
    let admin = Server::start().await.admin();
    admin.post(SECRETS, &secret("a")).await.ok();
    let answer = admin
        .patch(
            &format!("{SECRETS}/a"),
            "json",
            &json!([{"op": "replace", "path": "", "value": 5}]),
        )
        .await;
    assert!((400..500).contains(&answer.code), "{}", answer.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_names_no_version_patches_however_many_others_do() {
    let admin = Server::start().await.admin();
    admin.post(MAPS, &config_map("a")).await.ok();
    let path = format!("{MAPS}/a");
    let writers = (0..8).map(|writer| {
        let (admin, path) = (admin.clone(), path.clone());
        tokio::spawn(async move {
            for number in 0..30 {
                let patch = json!({"data": {format!("k-{writer}-{number}"): "x"}});
                admin.patch(&path, "merge", &patch).await.ok();
            }
        })
    });
    futures::future::try_join_all(writers).await.unwrap();
    let found = admin.get(&path).await.ok();
    assert_eq!(found["data"].as_object().unwrap().len(), 1 + 8 * 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_apply_what_is_not_there_yet() {
    let admin = Server::start().await.admin();
    let writers = (0..8).map(|writer| {
        let admin = admin.clone();
        tokio::spawn(async move {
            for object in 0..10 {
                let path = format!("{MAPS}/a-{object}?fieldManager=writer-{writer}");
                let mut applied = config_map(&format!("a-{object}"));
                applied["data"] = json!({format!("k-{writer}"): "x"});
                let headers = [("content-type", "application/apply-patch+yaml")];
                admin
                    .send("PATCH", &path, &headers, applied.to_string())
                    .await
                    .ok();
            }
        })
    });
    futures::future::try_join_all(writers).await.unwrap();
    let items = admin.get(MAPS).await.ok()["items"].take();
    let counts: Vec<usize> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["data"].as_object().unwrap().len())
        .collect();
    assert_eq!(counts, [8; 10]);
}

#[tokio::test]
async fn a_patch_that_takes_the_uid_away_leaves_it() {
    let admin = Server::start().await.admin();
    let created = admin.post(MAPS, &config_map("a")).await.ok();
    let patch = json!({"metadata": {"uid": null}});
    let patched = admin
        .patch(&format!("{MAPS}/a"), "merge", &patch)
        .await
        .ok();
    assert_eq!(patched["metadata"]["uid"], created["metadata"]["uid"]);
}

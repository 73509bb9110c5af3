//! Namespaces: what they bring, what they hold, how they go.

use crate::client::{Client, SECRETS, Server, config_map, secret};
use serde_json::{Value, json};

const NAMESPACES: &str = "/api/v1/namespaces";
/// So many are a while on their way.
const MAPS: usize = 60;

#[tokio::test]
async fn some_namespaces_exist_from_the_start() {
    let admin = Server::start().await.admin();
    for name in ["default", "kube-system", "kube-public"] {
        let found = admin.get(&format!("{NAMESPACES}/{name}")).await.ok();
        assert_eq!(found["status"]["phase"], "Active");
        admin
            .get(&format!("{NAMESPACES}/{name}/serviceaccounts/default"))
            .await
            .ok();
    }
    admin
        .delete(&format!("{NAMESPACES}/default"))
        .await
        .refused(403, "Forbidden");
}

#[tokio::test]
async fn a_namespace_brings_its_default_account() {
    let admin = Server::start().await.admin();
    let created = admin
        .post(NAMESPACES, &json!({"metadata": {"name": "team-a"}}))
        .await
        .ok();
    assert_eq!(
        (
            &created["status"]["phase"],
            &created["metadata"]["labels"]["kubernetes.io/metadata.name"]
        ),
        (&json!("Active"), &json!("team-a"))
    );
    admin
        .get(&format!("{NAMESPACES}/team-a/serviceaccounts/default"))
        .await
        .ok();
}

#[tokio::test]
async fn nothing_is_written_into_an_absent_namespace() {
    let admin = Server::start().await.admin();
    let message = admin
        .post(&format!("{NAMESPACES}/none/secrets"), &secret("a"))
        .await
        .refused(404, "NotFound");
    assert_eq!(message, "namespaces \"none\" not found");
    admin
        .post(
            &format!("{NAMESPACES}/none/secrets?dryRun=All"),
            &secret("a"),
        )
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn a_namespace_takes_its_content_with_it() {
    let admin = Server::start().await.admin();
    admin
        .post(NAMESPACES, &json!({"metadata": {"name": "team-a"}}))
        .await
        .ok();
    let secrets = format!("{NAMESPACES}/team-a/secrets");
    admin.post(&secrets, &secret("a")).await.ok();
    admin.post(SECRETS, &secret("a")).await.ok();
    let closing = admin.delete(&format!("{NAMESPACES}/team-a")).await.ok();
    assert_eq!(closing["status"]["phase"], "Terminating");
    admin
        .get(&format!("{NAMESPACES}/team-a"))
        .await
        .refused(404, "NotFound");
    admin
        .get(&format!("{secrets}/a"))
        .await
        .refused(404, "NotFound");
    admin.get(&format!("{SECRETS}/a")).await.ok();
}

#[tokio::test]
async fn a_namespace_waits_for_what_is_held_back() {
    let admin = Server::start().await.admin();
    admin
        .post(NAMESPACES, &json!({"metadata": {"name": "team-a"}}))
        .await
        .ok();
    let maps = format!("{NAMESPACES}/team-a/configmaps");
    let mut held = config_map("held");
    held["metadata"]["finalizers"] = json!(["example.com/keep"]);
    admin.post(&maps, &held).await.ok();
    admin.post(&maps, &config_map("free")).await.ok();
    admin.delete(&format!("{NAMESPACES}/team-a")).await.ok();
    admin
        .get(&format!("{maps}/free"))
        .await
        .refused(404, "NotFound");
    let waiting = admin.get(&format!("{NAMESPACES}/team-a")).await.ok();
    assert_eq!(waiting["status"]["phase"], "Terminating");
    let message = admin
        .post(&maps, &config_map("late"))
        .await
        .refused(403, "Forbidden");
    assert!(
        message.contains("because it is being terminated"),
        "{message}"
    );
    admin
        .patch(
            &format!("{maps}/held"),
            "merge",
            &json!({"metadata": {"finalizers": []}}),
        )
        .await
        .ok();
    admin
        .get(&format!("{NAMESPACES}/team-a"))
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn a_namespace_that_went_comes_again_empty_though_many_were_writing_into_it() {
    let admin = Server::start().await.admin();
    let team = json!({"metadata": {"name": "team-a"}});
    let maps = format!("{NAMESPACES}/team-a/configmaps");
    for round in 0..5 {
        admin.post(NAMESPACES, &team).await.ok();
        let writing = (0..8).map(|writer| {
            let (admin, maps) = (admin.clone(), maps.clone());
            tokio::spawn(async move {
                for number in 0..1_000 {
                    let map = config_map(&format!("m-{round}-{writer}-{number}"));
                    if admin.post(&maps, &map).await.code != 201 {
                        return;
                    }
                }
                panic!("a namespace that is closed takes nothing")
            })
        });
        let writing: Vec<_> = writing.collect();
        let first = format!("{maps}/m-{round}-0-0");
        while admin.get(&first).await.code != 200 {
            tokio::task::yield_now().await;
        }
        admin.delete(&format!("{NAMESPACES}/team-a")).await.ok();
        for writer in writing {
            writer.await.expect("a writer ends");
        }
        admin
            .post(&maps, &config_map("late"))
            .await
            .refused(404, "NotFound");
        admin.post(NAMESPACES, &team).await.ok();
        let left = admin.get(&maps).await.ok();
        assert_eq!(left["items"], json!([]));
        admin.delete(&format!("{NAMESPACES}/team-a")).await.ok();
    }
}

#[tokio::test]
async fn who_deleted_the_old_namespace_leaves_the_new_one_alone() {
    let admin = Server::start().await.admin();
    let team = json!({"metadata": {"name": "team-a"}});
    let (own, maps) = (
        format!("{NAMESPACES}/team-a"),
        format!("{NAMESPACES}/team-a/configmaps"),
    );
    for _ in 0..20 {
        let old = admin.post(NAMESPACES, &team).await.ok();
        for number in 0..5 {
            let map = config_map(&format!("m-{number}"));
            admin.post(&maps, &map).await.ok();
        }
        let only = json!({"preconditions": {"uid": old["metadata"]["uid"]}}).to_string();
        let deleting = (0..8).map(|_| {
            let (admin, own, only) = (admin.clone(), own.clone(), only.clone());
            let json = [("content-type", "application/json")];
            tokio::spawn(async move { admin.send("DELETE", &own, &json, only).await.code })
        });
        let deleting: Vec<_> = deleting.collect();
        while admin.get(&own).await.code != 404 {
            tokio::task::yield_now().await;
        }
        admin.post(NAMESPACES, &team).await.ok();
        admin.post(&maps, &config_map("new")).await.ok();
        for deleted in deleting {
            deleted.await.expect("a deletion ends");
        }
        admin.get(&format!("{maps}/new")).await.ok();
        admin.delete(&own).await.ok();
        admin
            .post(&maps, &config_map("late"))
            .await
            .refused(404, "NotFound");
    }
}

#[tokio::test]
async fn a_namespace_has_a_label_for_a_name() {
    let admin = Server::start().await.admin();
    let message = admin
        .post(NAMESPACES, &json!({"metadata": {"name": "team.a"}}))
        .await
        .refused(422, "Invalid");
    assert!(message.contains("must not contain dots"), "{message}");
}

/// A team of its own with config maps, whose deletion and the patches of them meet: the last are
/// patched first, as the first go first.
async fn patched_while_it_goes(own: &Value, patch: Value) -> (Client, Vec<String>) {
    let admin = Server::start().await.admin();
    let team = json!({"metadata": {"name": "team-a"}});
    admin.post(NAMESPACES, &team).await.ok();
    let maps = format!("{NAMESPACES}/team-a/configmaps");
    for number in 0..MAPS {
        let mut map = config_map(&format!("m-{number:03}"));
        map["metadata"]["finalizers"] = own.clone();
        admin.post(&maps, &map).await.ok();
    }
    let deleting = {
        let admin = admin.clone();
        tokio::spawn(async move { admin.delete(&format!("{NAMESPACES}/team-a")).await.ok() })
    };
    let mut patched = Vec::new();
    for number in (0..MAPS).rev() {
        let path = format!("{maps}/m-{number:03}");
        match admin.patch(&path, "merge", &patch).await.code {
            200 => patched.push(path),
            code => assert!([404, 422].contains(&code), "{code}"),
        }
    }
    deleting.await.expect("a deletion ends");
    (admin, patched)
}

#[tokio::test]
async fn what_is_let_go_while_its_namespace_goes_stays_let_go() {
    let free = json!({"metadata": {"finalizers": null}});
    let (admin, patched) = patched_while_it_goes(&json!(["example.com/keep"]), free).await;
    assert_eq!(patched.len(), MAPS);
    let own = format!("{NAMESPACES}/team-a");
    admin.get(&own).await.refused(404, "NotFound");
}

#[tokio::test]
async fn what_is_held_back_while_its_namespace_goes_is_kept() {
    let held = json!({"metadata": {"finalizers": ["example.com/keep"]}});
    let (admin, patched) = patched_while_it_goes(&json!([]), held).await;
    assert!(!patched.is_empty(), "all went before anybody held them");
    for map in patched {
        admin.get(&map).await.ok();
    }
}

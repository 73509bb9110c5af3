//! Lists: selectors, pages, versions.

use crate::client::{Client, SECRETS, Server, secret};
use rstest::rstest;
use serde_json::{Value, json};

async fn fill(admin: &Client) {
    for (name, labels, kind) in [
        (
            "a",
            json!({"tier": "x", "opendatahub.io/dashboard": "true"}),
            "Opaque",
        ),
        ("b", json!({"tier": "y"}), "example.com/other"),
        ("c", json!({}), "Opaque"),
    ] {
        let mut object = secret(name);
        object["metadata"]["labels"] = labels;
        object["type"] = kind.into();
        admin.post(SECRETS, &object).await.ok();
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[rstest]
#[case::equal("labelSelector=tier%3Dx", &["a"])]
#[case::prefixed("labelSelector=opendatahub.io/dashboard=true", &["a"])]
#[case::one_of("labelSelector=tier%20in%20(x,y)", &["a", "b"])]
#[case::absent("labelSelector=!tier", &["c"])]
#[case::not_equal("labelSelector=tier!=x", &["b", "c"])]
#[case::by_name("fieldSelector=metadata.name%3Db", &["b"])]
#[case::by_type("fieldSelector=type%3DOpaque", &["a", "c"])]
#[case::both("labelSelector=tier&fieldSelector=type!%3DOpaque", &["b"])]
#[tokio::test]
async fn a_selector_chooses(#[case] query: &str, #[case] expected: &[&str]) {
    let admin = Server::start().await.admin();
    fill(&admin).await;
    assert_eq!(
        names(&admin.get(&format!("{SECRETS}?{query}")).await.ok()),
        expected
    );
}

#[rstest]
#[case::field("fieldSelector=spec.unknown%3Dx")]
#[case::label("labelSelector=tier%20in%20x")]
#[case::continuation("continue=nonsense")]
#[case::limit("limit=many")]
#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused(#[case] query: &str) {
    let admin = Server::start().await.admin();
    admin
        .get(&format!("{SECRETS}?{query}"))
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn pages_make_one_consistent_list() {
    let admin = Server::start().await.admin();
    fill(&admin).await;
    let first = admin.get(&format!("{SECRETS}?limit=1")).await.ok();
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["a"], &json!(2))
    );
    admin.delete(&format!("{SECRETS}/c")).await.ok();
    admin.post(SECRETS, &secret("bb")).await.ok();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = admin
        .get(&format!("{SECRETS}?limit=5&continue={token}"))
        .await
        .ok();
    assert_eq!(names(&second), ["b", "c"]);
    assert_eq!(second["metadata"].get("continue"), None);
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
}

#[tokio::test]
async fn a_list_of_all_namespaces_has_them_all() {
    let admin = Server::start().await.admin();
    admin
        .post(
            "/api/v1/namespaces",
            &json!({"metadata": {"name": "team-a"}}),
        )
        .await
        .ok();
    admin
        .post("/api/v1/namespaces/team-a/secrets", &secret("z"))
        .await
        .ok();
    admin.post(SECRETS, &secret("a")).await.ok();
    let list = admin.get("/api/v1/secrets").await.ok();
    assert_eq!(
        (names(&list), &list["kind"], &list["apiVersion"]),
        (vec!["a", "z"], &json!("SecretList"), &json!("v1"))
    );
}

#[tokio::test]
async fn events_are_the_same_in_both_groups() {
    let admin = Server::start().await.admin();
    let old = "/api/v1/namespaces/default/events";
    let new = "/apis/events.k8s.io/v1/namespaces/default/events";
    let regarding = json!({"kind": "Pod", "name": "p", "namespace": "default"});
    let event = json!({
        "metadata": {"name": "e"}, "regarding": regarding, "note": "it started", "reason": "Started", "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "example.com/c", "reportingInstance": "c-1", "action": "Start",
    });
    let created = admin.post(new, &event).await.ok();
    assert_eq!(
        (&created["note"], created.get("message")),
        (&json!("it started"), None)
    );
    let shown = admin
        .get(&format!("{old}?fieldSelector=involvedObject.name%3Dp"))
        .await
        .ok();
    let item = &shown["items"][0];
    assert_eq!(
        (&item["message"], &item["involvedObject"]),
        (&json!("it started"), &regarding)
    );
    assert_eq!(
        names(
            &admin
                .get(&format!(
                    "{new}?fieldSelector=reportingController%3Dexample.com/c"
                ))
                .await
                .ok()
        ),
        ["e"]
    );
}

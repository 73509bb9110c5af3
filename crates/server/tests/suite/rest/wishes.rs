//! What is asked for is done or refused, and never silently none: members and parameters that there are
//! not, protection, detaching, looking away, what is hidden, and the largest file.

use anyhow::Result;
use base64::Engine as _;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{CONNECTIONS, made, send, tides, until};
use crate::world::{Who, World, problem};

const TIDES: &str = "/api/v1/projects/team-a/connections/tides";
const LAKE: &str = "/api/v1/connection-types/ct-lake";

async fn with_tides_and_lake() -> Result<World> {
    let world = World::new().await?;
    made(&world).await?;
    let fields = json!([{"type": "file", "name": "Chart", "envVar": "CHART", "properties": {}}]);
    let lake = json!({"displayName": "Lake", "categories": ["Lakes"], "fields": fields});
    let types = "/api/v1/connection-types";
    let lake = send(&world, Who::Admin, Method::POST, types, lake).await?;
    assert_eq!(lake.status(), 201);
    Ok(world)
}

#[rstest]
#[case::values(Method::PATCH, TIDES, "value", "values")]
#[case::vital(Method::PATCH, TIDES, "vital", "isVital")]
#[case::type_(Method::PUT, LAKE, "isEnable", "isEnabled")]
#[case::new(Method::POST, CONNECTIONS, "displayname", "displayName")]
#[case::enabled(
    Method::PUT,
    "/api/v1/connection-types/ct-lake/enabled",
    "enabled",
    "isEnabled"
)]
#[tokio::test]
async fn a_member_that_there_is_not_is_refused_with_the_nearest_one(
    #[case] method: Method,
    #[case] path: &str,
    #[case] member: &str,
    #[case] near: &str,
) -> Result<()> {
    let world = with_tides_and_lake().await?;
    let before: Value = world.get(Who::Admin, TIDES).await?.json().await?;
    let body = json!({member: "Canary/0123456789abcdef+0123456789abcdef"});
    let answer = send(&world, Who::Admin, method, path, body).await?;
    assert_eq!(answer.status(), 422);
    let document = problem(answer).await?;
    let finding = &document["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["field"]),
        (&json!("unknown-member"), &json!(member))
    );
    let text = document.to_string();
    assert!(
        text.contains(&format!("did you mean `{near}`?")) && !text.contains("0123456789abcdef"),
        "{text}"
    );
    let after: Value = world.get(Who::Admin, TIDES).await?.json().await?;
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn a_type_that_was_read_can_be_sent_back() -> Result<()> {
    let world = with_tides_and_lake().await?;
    let mut lake: Value = world.get(Who::Admin, LAKE).await?.json().await?;
    lake["description"] = json!("Large");
    let answer = send(&world, Who::Admin, Method::PUT, LAKE, lake).await?;
    assert_eq!(answer.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_vital_connection_is_kept_until_that_is_lifted() -> Result<()> {
    let world = World::new().await?;
    let mut new = tides();
    new["isVital"] = json!(true);
    let created = send(&world, Who::Editor, Method::POST, CONNECTIONS, new).await?;
    assert_eq!(created.json::<Value>().await?["isVital"], true);
    let delete = || world.request(Who::Editor, Method::DELETE, TIDES).send();
    assert_eq!(delete().await?.status(), 403);
    let change = json!({"isVital": false});
    let changed = send(&world, Who::Editor, Method::PATCH, TIDES, change).await?;
    assert_eq!(changed.json::<Value>().await?["isVital"], false);
    assert_eq!(delete().await?.status(), 200);
    Ok(())
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "reader", "namespace": "team-a"},
        "spec": {"selector": {"matchLabels": {"app": "reader"}}, "template": {
            "metadata": {"labels": {"app": "reader"}},
            "spec": {"containers": [{"name": "main", "image": "a", "envFrom": [{"secretRef": {"name": "tides"}}]}]},
        }},
    })
}

#[tokio::test]
async fn a_connection_in_use_is_taken_out_where_that_is_asked_for() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    world.create(deployment()).await?;
    let delete = |query: &str| {
        let path = format!("{TIDES}{query}");
        world.request(Who::Editor, Method::DELETE, &path).send()
    };
    assert_eq!(delete("").await?.status(), 409);
    let done: Value = delete("?detach=true").await?.json().await?;
    assert_eq!(
        (&done["existed"], &done["detached"][0]["kind"]),
        (&json!(true), &json!("Deployment"))
    );
    assert_eq!(world.get(Who::Editor, TIDES).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn what_may_be_in_use_unseen_is_deleted_where_that_is_asked_for() -> Result<()> {
    let world = World::new().await?;
    made(&world).await?;
    world.create(deployment()).await?;
    let (group, metadata) = (
        "rbac.authorization.k8s.io",
        json!({"name": "secrets-only", "namespace": "team-a"}),
    );
    world
        .create(json!({
            "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}],
        }))
        .await?;
    world
        .create(json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "secrets-only"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": Who::Other.name()}],
        }))
        .await?;
    let delete = |query: &str| {
        let path = format!("{TIDES}{query}");
        world.request(Who::Other, Method::DELETE, &path).send()
    };
    let refused = delete("").await?;
    assert_eq!(refused.status(), 409);
    let text = problem(refused).await?.to_string();
    assert!(
        text.contains("Deployment (you may not list it)") && text.contains("unseen"),
        "{text}"
    );
    assert_eq!(delete("?unseen=true").await?.status(), 200);
    Ok(())
}

#[rstest]
#[case("", 0)]
#[case("?hidden=false", 0)]
#[case("?hidden=true", 1)]
#[case("?hidden=any", 1)]
#[tokio::test]
async fn what_is_hidden_is_listed_where_it_is_asked_for(
    #[case] query: &str,
    #[case] expected: usize,
) -> Result<()> {
    let world = World::new().await?;
    world
        .create(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "tides", "namespace": "team-a", "annotations": {
                "opendatahub.io/connection-type-protocol": "uri", "opendatahub.io/connection-hidden": "true",
            }},
            "stringData": {"URI": "https://a.example"},
        }))
        .await?;
    let seen = |page: &Value| page["total"] == expected;
    until(&world, Who::Viewer, &format!("{CONNECTIONS}{query}"), seen).await?;
    Ok(())
}

#[rstest]
#[case("?testStatus=bogus")]
#[case("?hidden=maybe")]
#[tokio::test]
async fn a_condition_that_there_is_not_is_refused(#[case] query: &str) -> Result<()> {
    let world = World::new().await?;
    let answer = world
        .get(Who::Viewer, &format!("{CONNECTIONS}{query}"))
        .await?;
    assert_eq!(answer.status(), 400);
    Ok(())
}

#[rstest]
#[case::just_fits(0, 201)]
#[case::one_byte_more(1, 422)]
#[tokio::test]
async fn a_file_has_one_mebibyte_at_most(#[case] more: usize, #[case] status: u16) -> Result<()> {
    let world = with_tides_and_lake().await?;
    let bytes = vec![0xff; 1024 * 1024 + more];
    let chart = json!({"base64": base64::engine::general_purpose::STANDARD.encode(bytes)});
    let new = json!({"type": "ct-lake", "name": "chart", "values": {"CHART": chart}});
    let answer = send(&world, Who::Editor, Method::POST, CONNECTIONS, new).await?;
    assert_eq!(answer.status(), status);
    Ok(())
}

/// More projects than a few, for somebody who may not list Secrets in all of them at once.
#[tokio::test]
async fn a_list_over_many_open_projects_is_whole() -> Result<()> {
    let world = World::new().await?;
    for number in 0..70 {
        let project = format!("bay-{number}");
        let metadata = json!({"name": project});
        world
            .create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
            .await?;
        world
            .allow(&project, Who::Other, json!(["get", "list", "watch"]))
            .await?;
        let annotations = json!({"opendatahub.io/connection-type-protocol": "uri"});
        world
            .create(json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "tides", "namespace": project, "annotations": annotations},
                "stringData": {"URI": "https://a.example"},
            }))
            .await?;
    }
    let all = |page: &Value| page["total"] == 70;
    until(&world, Who::Other, "/api/v1/connections", all).await?;
    Ok(())
}

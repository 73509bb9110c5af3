//! Patch bodies of the Kubernetes API.

use rstest::rstest;
use serde_json::json;

use super::{LIMIT, Target, VALUE, nested};
use crate::project::Project;

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// A project with a Secret to patch, and its path.
fn project_with_barnacle() -> (Project, String) {
    let project = Project::new("reef");
    project.run(&format!(
        "kubectl create secret generic barnacle --from-literal=bill={VALUE}"
    ));
    let path = format!("/api/v1/namespaces/{}/secrets/barnacle", project.name);
    (project, path)
}

#[rstest]
#[case::empty(MERGE, "", 400, "cannot be read as JSON")]
#[case::truncated(
    MERGE,
    r#"{"data":{"bill":"Barnacle-Bill-was-here"#,
    400,
    "EOF while parsing"
)]
#[case::duplicate(MERGE, r#"{"data":null,"data":{}}"#, 400, "duplicate field")]
#[case::merge_of_a_list(MERGE, "[]", 400, "object")]
#[case::merge_of_null(MERGE, "null", 400, "object")]
#[case::json_of_an_object(JSON, "{}", 400, "")]
#[case::unknown_operation(JSON, r#"[{"op":"scrape","path":"/data"}]"#, 422, "")]
#[case::no_path(JSON, r#"[{"op":"remove"}]"#, 422, "path")]
#[case::bad_path(JSON, r#"[{"op":"remove","path":"data"}]"#, 422, "")]
#[case::missing_place(
    JSON,
    r#"[{"op":"remove","path":"/data/anchor"}]"#,
    422,
    "/data/anchor"
)]
#[case::whole_object(JSON, r#"[{"op":"replace","path":"","value":null}]"#, 400, "")]
#[case::failed_test(JSON, r#"[{"op":"test","path":"/data/bill","value":"eA=="}]"#, 422, "")]
#[case::unknown_directive(
    STRATEGIC,
    r#"{"data":{"$patch":"scrape"}}"#,
    400,
    "`$patch` at `data`"
)]
#[case::server_side_apply("application/apply-patch+yaml", "{}", 422, "fieldManager")]
#[case::json("application/json", "{}", 415, "accepted media types include")]
#[case::no_type("", "{}", 415, "accepted media types include")]
#[case::other_name(MERGE, r#"{"metadata":{"name":"limpet"}}"#, 400, "name")]
#[case::other_kind(MERGE, r#"{"kind":"ConfigMap"}"#, 422, "kind")]
#[tokio::test]
async fn a_bad_patch_is_refused(
    #[case] media_type: &str,
    #[case] body: &str,
    #[case] status: u16,
    #[case] problem: &str,
) {
    let (project, path) = project_with_barnacle();
    Target::new()
        .api("PATCH", &path, media_type, body)
        .await
        .refuses(status, problem);
    assert_eq!(project.value("barnacle", "bill"), VALUE);
}

#[rstest]
#[case::merge(MERGE)]
#[case::json(JSON)]
#[case::strategic(STRATEGIC)]
#[tokio::test]
async fn a_deeply_nested_patch_is_refused(#[case] media_type: &str) {
    let (_project, path) = project_with_barnacle();
    let answer = Target::new()
        .api("PATCH", &path, media_type, nested(100_000))
        .await;
    answer.refuses(400, "recursion limit");
}

#[tokio::test]
async fn a_json_patch_that_doubles_an_object_again_and_again_is_refused() {
    let (project, path) = project_with_barnacle();
    let copies: Vec<_> = (0..40)
        .map(|number| json!({"op": "copy", "from": "/metadata", "path": format!("/metadata/{number}")}))
        .collect();
    let answer = Target::new()
        .api("PATCH", &path, JSON, json!(copies).to_string())
        .await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(project.value("barnacle", "bill"), VALUE);
}

#[tokio::test]
async fn a_json_patch_with_very_many_operations_is_refused() {
    let (_project, path) = project_with_barnacle();
    let operation = r#"{"op":"test","path":"/kind","value":"Secret"}"#;
    let operations = vec![operation; 20_000].join(",");
    let answer = Target::new()
        .api("PATCH", &path, JSON, format!("[{operations}]"))
        .await;
    answer.refuses(400, "may have 10000 operations, this one has 20000");
}

#[tokio::test]
async fn a_patch_that_makes_an_object_too_large_is_refused() {
    let (_project, path) = project_with_barnacle();
    let body = json!({"stringData": {"a": "x".repeat(LIMIT / 2)}}).to_string();
    Target::new()
        .api("PATCH", &path, MERGE, body)
        .await
        .refuses(422, "data: Too long");
}

//! Query strings and headers of the Kubernetes API.

use rstest::rstest;

use super::Target;

#[rstest]
#[case::open_list(
    "labelSelector=a+in+(b",
    "unable to parse requirement: found '', expected: ',' or ')'"
)]
#[case::bad_operator("labelSelector=a%3D%3D%3Db", "unable to parse requirement")]
#[case::bad_key("labelSelector=-a%3Db", "Invalid value: \\\"-a\\\"")]
#[case::unknown_field("fieldSelector=data.bill%3Dx", "data.bill")]
#[case::bad_field("fieldSelector=%3D", "field label not supported")]
#[case::limit("limit=many", "parsing \\\"many\\\"")]
#[case::resource_version("resourceVersion=latest", "invalid resource version")]
#[case::version_match(
    "resourceVersion=1&resourceVersionMatch=Nearly",
    "resourceVersionMatch"
)]
#[case::token("continue=garbage", "continue")]
#[case::timeout("watch=true&timeoutSeconds=soon", "parsing \\\"soon\\\"")]
#[tokio::test]
async fn a_bad_query_is_refused(#[case] query: &str, #[case] problem: &str) {
    let path = format!("/api/v1/namespaces/default/secrets?{query}");
    let answer = Target::new().api("GET", &path, "", "").await;
    assert!([400, 422].contains(&answer.status), "{answer:?}");
    assert!(
        answer.text.contains(problem),
        "no `{problem}` in: {}",
        answer.text
    );
}

/// As Kubernetes has it: no limit, and a value that no label has.
#[rstest]
#[case::negative_limit("limit=-1")]
#[case::not_utf8("labelSelector=%ff")]
#[tokio::test]
async fn a_query_without_a_meaning_is_answered(#[case] query: &str) {
    let path = format!("/api/v1/namespaces/default/secrets?{query}");
    let answer = Target::new().api("GET", &path, "", "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_dry_run_of_another_kind_than_all_is_refused() {
    let path = "/api/v1/namespaces/default/secrets?dryRun=Some";
    let answer = Target::new()
        .api(
            "POST",
            path,
            "application/json",
            super::secret(&serde_json::json!({})),
        )
        .await;
    assert!([400, 422].contains(&answer.status), "{answer:?}");
    assert!(answer.text.contains("dryRun"), "{}", answer.text);
}

#[tokio::test]
async fn a_selector_of_a_hundred_thousand_requirements_is_answered() {
    let selector = vec!["a"; 20_000].join(",");
    let path = format!("/api/v1/namespaces/default/secrets?labelSelector={selector}");
    let answer = Target::new().api("GET", &path, "", "").await;
    assert!(answer.status < 500, "{answer:?}");
}

//! Kinds that hold pod templates: defaults, status, generations, rules.

use crate::client::Server;
use rstest::rstest;
use serde_json::{Value, json};

pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

pub(crate) fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "main:1", "env": [{"name": "A", "value": "1"}]}]},
            },
        },
    })
}

#[tokio::test]
async fn defaults_are_filled_in() {
    let admin = Server::start().await.admin();
    let created = admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    assert_eq!(
        (
            &created["spec"]["replicas"],
            &created["metadata"]["generation"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        created["spec"]["template"]["spec"]["restartPolicy"],
        "Always"
    );
}

#[tokio::test]
async fn generation_counts_what_is_wanted() {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let path = format!("{DEPLOYMENTS}/web");
    let labelled = admin
        .patch(&path, "merge", &json!({"metadata": {"labels": {"a": "b"}}}))
        .await
        .ok();
    assert_eq!(labelled["metadata"]["generation"], 1);
    let scaled = admin
        .patch(&path, "merge", &json!({"spec": {"replicas": 3}}))
        .await
        .ok();
    assert_eq!(scaled["metadata"]["generation"], 2);
}

#[tokio::test]
async fn status_is_written_apart() {
    let admin = Server::start().await.admin();
    let mut object = deployment("web");
    object["status"] = json!({"replicas": 7});
    let created = admin.post(DEPLOYMENTS, &object).await.ok();
    assert_eq!(created["status"], json!({}));
    let path = format!("{DEPLOYMENTS}/web");
    let patch = json!({"spec": {"replicas": 5}, "status": {"replicas": 5}});
    let by_status = admin
        .patch(&format!("{path}/status"), "merge", &patch)
        .await
        .ok();
    assert_eq!(
        (
            &by_status["spec"]["replicas"],
            &by_status["status"]["replicas"]
        ),
        (&json!(1), &json!(5))
    );
    assert_eq!(by_status["metadata"]["generation"], 1);
    let by_spec = admin
        .patch(
            &path,
            "merge",
            &json!({"spec": {"replicas": 2}, "status": null}),
        )
        .await
        .ok();
    assert_eq!(
        (&by_spec["spec"]["replicas"], &by_spec["status"]["replicas"]),
        (&json!(2), &json!(5))
    );
}

#[rstest]
#[case::no_image(json!([{"op": "remove", "path": "/spec/template/spec/containers/0/image"}]), "spec.template.spec.containers[0].image: Required value")]
#[case::no_containers(json!([{"op": "replace", "path": "/spec/template/spec/containers", "value": []}]), "spec.template.spec.containers: Required value")]
#[case::same_name(json!([{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "main", "image": "x"}}]), "spec.template.spec.containers[1].name: Duplicate value: \"main\"")]
#[case::labels(json!([{"op": "replace", "path": "/spec/template/metadata/labels/app", "value": "x"}]), "`selector` does not match template `labels`")]
#[case::selector(json!([{"op": "replace", "path": "/spec/selector/matchLabels/app", "value": "x"}]), "spec.selector: Invalid value")]
#[tokio::test]
async fn a_deployment_keeps_its_rules(#[case] patch: Value, #[case] expected: &str) {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let message = admin
        .patch(&format!("{DEPLOYMENTS}/web"), "json", &patch)
        .await
        .refused(422, "Invalid");
    assert!(message.contains(expected), "{message}");
}

#[tokio::test]
async fn a_member_of_the_wrong_type_cannot_be_read() {
    let admin = Server::start().await.admin();
    let mut object = deployment("web");
    object["spec"]["replicas"] = "three".into();
    let message = admin
        .post(DEPLOYMENTS, &object)
        .await
        .refused(400, "BadRequest");
    assert!(
        message.contains("spec.replicas in body must be of type integer"),
        "{message}"
    );
}

#[rstest]
#[case::strict("Strict", 400, 0)]
#[case::warn("Warn", 201, 1)]
#[case::ignore("Ignore", 201, 0)]
#[tokio::test]
async fn unknown_members_are_treated_as_asked(
    #[case] validation: &str,
    #[case] code: u16,
    #[case] warnings: usize,
) {
    let admin = Server::start().await.admin();
    let mut object = deployment("web");
    object["spec"]["template"]["spec"]["containers"][0]["imagine"] = "x".into();
    let answer = admin
        .post(
            &format!("{DEPLOYMENTS}?fieldValidation={validation}"),
            &object,
        )
        .await;
    assert_eq!(
        (answer.code, answer.warnings().len()),
        (code, warnings),
        "{}",
        answer.json()
    );
    let path = "unknown field \"spec.template.spec.containers[0].imagine\"";
    let said = format!("{}{:?}", answer.json(), answer.warnings()).replace('\\', "");
    assert_eq!(said.contains(path), validation != "Ignore", "{said}");
    if code == 201 {
        assert!(!answer.json().to_string().contains("imagine"));
    }
}

#[tokio::test]
async fn a_pod_starts_pending_and_keeps_its_spec() {
    let admin = Server::start().await.admin();
    let pods = "/api/v1/namespaces/default/pods";
    let pod =
        json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}});
    let created = admin.post(pods, &pod).await.ok();
    assert_eq!(
        (
            &created["status"]["phase"],
            &created["spec"]["serviceAccountName"]
        ),
        (&json!("Pending"), &json!("default"))
    );
    let path = format!("{pods}/p");
    let image = json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "c:2"}]);
    admin.patch(&path, "json", &image).await.ok();
    let command = json!([{"op": "add", "path": "/spec/containers/0/command", "value": ["x"]}]);
    admin
        .patch(&path, "json", &command)
        .await
        .refused(422, "Invalid");
}

#[tokio::test]
async fn a_job_runs_to_its_end() {
    let admin = Server::start().await.admin();
    let jobs = "/apis/batch/v1/namespaces/default/jobs";
    let mut job = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "c"}]}}}});
    let message = admin.post(jobs, &job).await.refused(422, "Invalid");
    assert!(
        message.contains("spec.template.spec.restartPolicy: Required value"),
        "{message}"
    );
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
    let created = admin.post(jobs, &job).await.ok();
    assert_eq!(
        (
            &created["spec"]["completions"],
            &created["spec"]["parallelism"]
        ),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn daemon_sets_and_nodes_are_stored() {
    let admin = Server::start().await.admin();
    let mut set = deployment("lookout");
    set["kind"] = "DaemonSet".into();
    let path = "/apis/apps/v1/namespaces/default/daemonsets";
    let made = admin.post(path, &set).await.ok();
    assert_eq!(made["spec"]["updateStrategy"]["type"], "RollingUpdate");
    let node = json!({"metadata": {"name": "ship"}, "status": {"capacity": {"cpu": 2}}});
    admin.post("/api/v1/nodes", &node).await.ok();
    let status = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let status = admin
        .patch("/api/v1/nodes/ship/status", "merge", &status)
        .await
        .ok();
    assert_eq!(status["status"]["conditions"][0]["status"], "True");
}

#[rstest]
#[case::log("GET", "log")]
#[case::exec("GET", "exec")]
#[case::exec_of_old_clients("POST", "exec")]
#[case::eviction("POST", "eviction")]
#[tokio::test]
async fn a_pod_is_not_run_and_that_is_said(#[case] method: &str, #[case] part: &str) {
    let path = format!("/api/v1/namespaces/default/pods/web/{part}");
    let admin = Server::start().await.admin();
    let answer = admin.send(method, &path, &[], "").await;
    let message = answer.refused(404, "NotFound");
    let why = format!("pods are stored here and never run, so they have no `{part}`");
    assert!(message.ends_with(&why), "{message}");
}

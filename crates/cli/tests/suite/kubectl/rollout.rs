//! What kubectl does with workloads, in a store that runs none: what is written is stored, and what
//! would need somebody to act ends with a reason.

use rstest::rstest;

use crate::project::Project;

fn project_with_a_deployment() -> Project {
    let project = Project::new("harbour");
    project.run("kubectl create deployment web --image=registry.harbour.example/web:1");
    project
}

#[test]
fn a_rollout_is_paused_resumed_and_restarted() {
    let project = project_with_a_deployment();
    project.run("kubectl rollout pause deployment/web");
    assert_eq!(project.object("deployment web")["spec"]["paused"], true);
    project.run("kubectl rollout resume deployment/web && kubectl rollout restart deployment/web");
    let template = project.object("deployment web")["spec"]["template"].clone();
    assert!(template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string());
}

#[test]
fn a_rollout_that_nobody_observes_is_waited_for() {
    let project = project_with_a_deployment();
    project
        .run("kubectl rollout status deployment/web --watch=false")
        .prints("Waiting for deployment spec update to be observed");
    project
        .fails("kubectl rollout status deployment/web --timeout=1s")
        .complains("timed out waiting for the condition");
}

#[test]
fn a_rollout_has_no_history() {
    let project = project_with_a_deployment();
    project
        .run("kubectl rollout history deployment/web")
        .prints("No rollout history found.");
    project
        .fails("kubectl rollout undo deployment/web")
        .complains("no rollout history found for deployment \"web\"");
}

#[test]
fn a_node_is_cordoned_and_tainted() {
    let project = Project::new("harbour");
    project.file(
        "node.yaml",
        "apiVersion: v1\nkind: Node\nmetadata: {name: $PROJECT}\n",
    );
    project.run(
        "kubectl create -f node.yaml && kubectl cordon $PROJECT
         kubectl taint node $PROJECT storm=near:NoSchedule",
    );
    let spec = project.object("node $PROJECT")["spec"].clone();
    assert_eq!(spec["unschedulable"], true);
    let effects: Vec<&str> = spec["taints"]
        .as_array()
        .expect("taints")
        .iter()
        .filter_map(|taint| taint["effect"].as_str())
        .collect();
    assert_eq!(effects, ["NoSchedule"]);
}

#[rstest]
#[case::logs("logs web", "stored here and never run, so they have no `log`")]
#[case::exec(
    "exec web -- true",
    "stored here and never run, so they have no `exec`"
)]
#[case::attach("attach web", "stored here and never run, so they have no `attach`")]
#[case::forward("port-forward web 0:80", "pod is not running")]
#[case::top("top pods", "Metrics API not available")]
#[case::autoscale(
    "autoscale deployment web --max=3",
    "the server could not find the requested resource"
)]
#[case::debug("debug web --image=busybox", "ephemeral containers are disabled")]
#[case::dump(
    "cluster-info dump",
    "the server could not find the requested resource"
)]
#[case::sign(
    "certificate approve mate",
    "doesn't have a resource type \"certificatesigningrequests\""
)]
fn what_needs_a_cluster_is_refused(#[case] command: &str, #[case] why: &str) {
    let project = Project::new("harbour");
    project.file("both.yaml", include_str!("manifests/tides.yaml"));
    project.run(
        "kubectl create -f both.yaml && kubectl run web --image=registry.harbour.example/web:1",
    );
    project
        .fails(&format!("timeout 20 kubectl {command}"))
        .complains(why);
}

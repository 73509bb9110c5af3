//! Heading 3.4.1 "Namespace isolation in connections API": who may use a connection from where.

use rstest::rstest;

use super::{S3, inference_service};
use crate::project::Project;

const NOTEBOOK: &str = include_str!("../manifests/notebook-of-soundings.yaml");

/// A project whose user `mate` may do everything with workloads, and nothing with Secrets.
fn project_with_mate() -> Project {
    let project = Project::new("pier");
    project.apply(S3);
    project.run(
        "kubectl create role deck-hand --verb=get,list,watch,create,update,patch,delete \
           --resource=notebooks.kubeflow.org,inferenceservices.serving.kserve.io \
         && kubectl create rolebinding mate-works --role=deck-hand --user=mate",
    );
    project
}

fn let_mate_read(project: &Project, name: &str) {
    project.run(&format!(
        "kubectl create role reader --verb=get --resource=secrets --resource-name={name} \
         && kubectl create rolebinding mate-reads --role=reader --user=mate"
    ));
}

/// Chapter "Using connections", heading "Namespace isolation", first rule.
#[test]
fn namespace_isolation_you_must_have_permissions_to_work_with_secrets() {
    let project = Project::new("pier");
    let forbidden = format!(
        "secrets is forbidden: User \"purser\" cannot list resource \"secrets\" in API group \"\" \
         in the namespace \"{}\"",
        project.name
    );
    project
        .fails("kubectl --as=purser get secrets")
        .complains(&forbidden);
    project
        .fails("kubectl --as=purser auth can-i create secrets")
        .is("no");
    project.run(
        "kubectl create role keeper --verb=create,get,list,update,patch,delete --resource=secrets \
         && kubectl create rolebinding purser-keeps --role=keeper --user=purser",
    );
    project
        .run("kubectl --as=purser auth can-i create secrets")
        .is("yes");
    project.file("s3.yaml", S3);
    project
        .run("kubectl --as=purser create -f s3.yaml")
        .prints("secret/soundings created");
    project
        .run("kubectl --as=purser get secrets -o name")
        .is("secret/soundings");
    project.run("kubectl --as=purser annotate secret soundings openshift.io/description=deep");
    project
        .run("kubectl --as=purser delete secret soundings")
        .prints("deleted");
}

/// Chapter "Using connections", heading "Namespace isolation": rights end at the namespace.
#[test]
fn namespace_isolation_permissions_of_one_project_are_none_in_another() {
    let (project, other) = (project_with_mate(), Project::new("island"));
    let_mate_read(&project, "soundings");
    project
        .run("kubectl --as=mate get secret soundings")
        .prints("soundings");
    other.apply(S3);
    other
        .fails("kubectl --as=mate get secret soundings")
        .complains("Forbidden");
    project
        .fails("kubectl --as=mate get secrets --all-namespaces")
        .complains("at the cluster scope");
}

/// Chapter "Using connections", heading "Namespace isolation": a Notebook cannot reach into another
/// namespace, whoever asks, and learns nothing about it.
#[rstest]
#[case::there_is_one(true)]
#[case::there_is_none(false)]
fn namespace_isolation_cross_namespace_access_is_not_supported(#[case] exists: bool) {
    let (project, other) = (Project::new("pier"), Project::new("island"));
    if exists {
        other.apply(S3);
    }
    let island = &other.name;
    project
        .apply_fails(&NOTEBOOK.replace("$PROJECT/", &format!("{island}/")))
        .complains(&format!(
            "names `{island}/soundings`, which you cannot use in namespace `{}`",
            project.name
        ));
    assert!(!project.has("notebook chart-room"));
}

/// Chapter "Using connections", heading "Namespace isolation": a missing connection and one that the
/// person may not read are the same to them, for every kind of workload.
#[rstest]
#[case::notebook(NOTEBOOK.to_owned())]
#[case::service(inference_service("soundings", Some("models/tide")))]
fn namespace_isolation_a_connection_one_may_not_read_looks_like_a_missing_one(
    #[case] workload: String,
) {
    let project = project_with_mate();
    project.file("workload.yaml", &workload);
    let forbidden = project.fails("kubectl --as=mate create -f workload.yaml");
    forbidden
        .complains("Error from server (Forbidden)")
        .complains("which you cannot use in namespace");
    project.run("kubectl delete secret soundings");
    let missing = project.fails("kubectl --as=mate create -f workload.yaml");
    assert_eq!(forbidden.stderr, missing.stderr);
}

/// Chapter "Using connections", heading "Namespace isolation": with the right to `get` this one
/// Secret the same requests pass.
#[rstest]
#[case::notebook(NOTEBOOK.to_owned())]
#[case::service(inference_service("soundings", Some("models/tide")))]
fn namespace_isolation_a_connection_one_may_read_can_be_used(#[case] workload: String) {
    let project = project_with_mate();
    let_mate_read(&project, "soundings");
    project.file("workload.yaml", &workload);
    project
        .run("kubectl --as=mate create -f workload.yaml")
        .prints("created");
}

/// Chapter "Using connections", heading "Namespace isolation": who may not read a connection may
/// still stop or label a workload that uses it.
#[test]
fn namespace_isolation_a_workload_can_be_changed_without_the_right_to_read_its_connection() {
    let project = project_with_mate();
    project.apply(NOTEBOOK);
    project
        .run("kubectl --as=mate annotate notebook chart-room kubeflow-resource-stopped=now")
        .prints("annotated");
    let notebook = project.object("notebook chart-room");
    let container = &notebook["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["envFrom"][0]["secretRef"]["name"], "soundings");
}

/// Chapter "Using connections", heading "Namespace isolation", second rule: components read Secrets
/// under ServiceAccounts.
#[test]
fn namespace_isolation_components_must_have_service_account_permissions() {
    let project = Project::new("pier");
    project.apply(S3);
    project.run("kubectl create serviceaccount crane");
    let get = "kubectl --as=system:serviceaccount:$PROJECT:crane get secret soundings -o name";
    project.fails(get).complains("Forbidden");
    project.run(
        "kubectl create role reader --verb=get --resource=secrets \
         && kubectl create rolebinding crane-reads --role=reader --serviceaccount=$PROJECT:crane",
    );
    project.run(get).is("secret/soundings");
}

//! What somebody does who may `edit` one project and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use crate::project::{Project, Shared};

const ALAUDA_TYPE: &str = include_str!("../guides/manifests/alauda-type.yaml");

/// A project of `ada`, who may edit it, on a server of its own; `KUBECONFIG=admin` is everybody else.
fn project() -> Project {
    let folder = tempfile::tempdir().expect("a folder for tokens");
    let tokens = folder.path().join("tokens.csv");
    fs::write(&tokens, "ada-token,ada,1\n").expect("tokens");
    fs::set_permissions(&tokens, fs::Permissions::from_mode(0o600)).expect("a mode");
    let tokens = tokens.to_str().expect("a path");
    let shared = Shared::start_in(&[("BOWLINE_TOKEN_AUTH_FILE", tokens)]);
    let project = Project::on(Arc::new(shared), "quay");
    project.run(
        "cp \"$KUBECONFIG\" admin && kubectl create rolebinding ada --clusterrole=edit --user=ada \
         && kubectl config set-credentials ada --token=ada-token \
         && kubectl config set-context --current --user=ada",
    );
    project
}

#[test]
fn an_editor_of_one_project_uses_the_types_of_all() {
    let project = project();
    project
        .file("type.yaml", ALAUDA_TYPE)
        .run("KUBECONFIG=admin kubectl apply -f type.yaml");
    let alauda = format!("ct-{}", project.name);
    project
        .run("bowline types list -o name")
        .prints("s3\n")
        .prints(&format!("{alauda}\n"));
    project
        .fails("bowline create x --type nope")
        .complains("there is no connection type `nope`");
    project.run(&format!(
        "printf %s \"$CANARY\" | bowline create tides --type {alauda} \
         --set AWS_ACCESS_KEY_ID=reader --set AWS_SECRET_ACCESS_KEY=-"
    ));
    project.run(&format!(
        "KUBECONFIG=admin kubectl delete configmap {alauda} -n kube-public"
    ));
    project.run("bowline set tides --description Depths");
    project.run("bowline export").prints("name: tides\n");
}

#[test]
fn where_types_may_not_be_read_those_compiled_in_remain() {
    let project = project();
    let elsewhere = "--types-namespace default";
    project
        .run(&format!("bowline types {elsewhere} list -o name"))
        .prints("s3\n")
        .complains("connection types in namespace `default` are not shown");
    project.run(&format!(
        "bowline create tides --type uri-v1 --set URI=https://a.example {elsewhere}"
    ));
    project
        .run(&format!("bowline export {elsewhere}"))
        .prints("name: tides\n");
}

/// A Notebook of somebody else is seen, so its connection is not deleted from under it.
#[test]
fn an_editor_of_one_project_sees_its_workloads() {
    let project = project();
    project.run("bowline create tides --type uri-v1 --set URI=https://a.example");
    project.file(
        "notebook.yaml",
        "apiVersion: kubeflow.org/v1\nkind: Notebook\nmetadata: {name: forecast, annotations: {opendatahub.io/connections: $PROJECT/tides}}\n\
         spec: {template: {spec: {containers: [{name: forecast, image: a}]}}}\n",
    );
    project.run("KUBECONFIG=admin kubectl apply -f notebook.yaml");
    project
        .fails("bowline delete tides --yes")
        .complains("Notebook")
        .complains("is in use");
    project.run("bowline delete tides --yes --detach");
    assert!(!project.has("secret/tides"));
}

#[test]
fn what_nobody_has_looked_for_is_deleted_only_when_told_so() {
    let project = project();
    project.run("bowline create tides --type uri-v1 --set URI=https://a.example");
    project.run(
        "export KUBECONFIG=admin; kubectl delete rolebinding ada; \
         kubectl create role ada --verb='*' --resource=secrets && kubectl create rolebinding ada --role=ada --user=ada",
    );
    project
        .fails("bowline delete tides --yes")
        .complains("Notebook (you may not list it)")
        .complains(&format!(
            "`bowline delete tides -n {} --unseen`",
            project.name
        ));
    project.run("bowline delete tides --yes --unseen");
}

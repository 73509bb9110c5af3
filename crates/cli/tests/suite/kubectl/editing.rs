//! `kubectl edit` with an editor that is a script, `label`, `annotate`, and every kind of `patch`.

use rstest::rstest;
use serde_json::json;

use crate::project::Project;

/// A ConfigMap `tides` and a Deployment `web` of two replicas.
const TIDES: &str = include_str!("manifests/tides.yaml");

fn project_with_tides() -> Project {
    let project = Project::new("harbour");
    project.file("tides.yaml", TIDES);
    project.run("kubectl create -f tides.yaml");
    project
}

#[test]
fn what_an_editor_changes_is_stored() {
    let project = project_with_tides();
    project
        .file("editor", "sed -i 's/\"4\"/\"5\"/' $1")
        .run("KUBE_EDITOR='sh editor' kubectl edit configmap tides")
        .prints("configmap/tides edited");
    assert_eq!(project.object("configmap tides")["data"]["high"], "5");
}

#[test]
fn an_edit_without_a_change_is_cancelled() {
    let project = project_with_tides();
    project
        .run("KUBE_EDITOR=true kubectl edit configmap tides 2>&1")
        .prints("Edit cancelled, no changes made.");
}

/// The editor is opened again with the reason on top, and then mends what it did.
#[test]
fn an_editor_is_opened_again_with_what_is_wrong() {
    let project = project_with_tides();
    project.file(
        "editor",
        "if [ -e seen ]; then grep '^# ' $1 > seen; sed -i 's/: -7/: 7/' $1; else touch seen; sed -i 's/replicas: 2/replicas: -7/' $1; fi",
    );
    project
        .run("KUBE_EDITOR='sh editor' kubectl edit deployment web")
        .prints("deployment.apps/web edited");
    project
        .run("cat seen")
        .prints("spec.replicas: Invalid value: -7: must be greater than or equal to 0");
    assert_eq!(project.object("deployment web")["spec"]["replicas"], 7);
}

#[test]
fn the_status_is_edited_by_its_own_name() {
    let project = project_with_tides();
    if !project.has_kubectl(24) {
        return;
    }
    project.run(
        "KUBE_EDITOR=\"sed -i 's/^status: {}/status: {observedGeneration: 1}/'\" \
           kubectl edit deployment web --subresource=status",
    );
    assert_eq!(
        project.object("deployment web")["status"]["observedGeneration"],
        1
    );
}

#[test]
fn a_label_is_only_overwritten_when_that_is_said() {
    let project = project_with_tides();
    project.run("kubectl label configmap tides tier=front");
    project
        .fails("kubectl label configmap tides tier=back")
        .complains("--overwrite is false");
    project.run("kubectl label configmap tides tier=back --overwrite");
    assert_eq!(
        project.object("configmap tides")["metadata"]["labels"],
        json!({"tier": "back"})
    );
    project.run("kubectl label configmap tides tier-");
    assert_eq!(
        project
            .object("configmap tides")
            .pointer("/metadata/labels"),
        None
    );
}

#[test]
fn a_label_that_cannot_be_one_is_refused() {
    let project = project_with_tides();
    project
        .fails("kubectl label configmap tides tier='no label'")
        .complains("a valid label must be");
}

#[test]
fn an_annotation_comes_changes_and_goes() {
    let project = project_with_tides();
    let annotations = |project: &Project| {
        project
            .object("configmap tides")
            .pointer("/metadata/annotations")
            .cloned()
    };
    project.run("kubectl annotate configmap tides by=mate");
    project.run("kubectl annotate configmap tides by=captain --overwrite");
    assert_eq!(annotations(&project), Some(json!({"by": "captain"})));
    project.run("kubectl annotate configmap tides by-");
    assert_eq!(annotations(&project), None);
}

#[test]
fn a_label_for_a_version_that_has_gone_is_a_conflict() {
    let project = project_with_tides();
    project
        .fails("kubectl label configmap tides tier=front --resource-version=1")
        .complains("(Conflict)");
}

#[rstest]
#[case::json(
    "configmap tides --type=json -p '[{\"op\":\"replace\",\"path\":\"/data/high\",\"value\":\"6\"}]'",
    "{.data.high}",
    "6"
)]
#[case::json_test(
    "configmap tides --type=json -p '[{\"op\":\"test\",\"path\":\"/data/high\",\"value\":\"4\"},{\"op\":\"add\",\"path\":\"/data/low\",\"value\":\"1\"}]'",
    "{.data.low}",
    "1"
)]
#[case::merge(
    "configmap tides --type=merge -p '{\"data\":{\"high\":null,\"low\":\"1\"}}'",
    "{.data}",
    "{\"low\":\"1\"}"
)]
#[case::merge_in_yaml(
    "configmap tides --type=merge -p 'data: {low: \"1\"}'",
    "{.data.low}",
    "1"
)]
#[case::strategic(
    "deployment web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"side\",\"image\":\"side:1\"}]}}}}'",
    "{.spec.template.spec.containers[*].name}",
    "side web"
)]
#[case::strategic_removal(
    "deployment web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"side\",\"image\":\"side:1\"},{\"$patch\":\"delete\",\"name\":\"web\"}]}}}}'",
    "{.spec.template.spec.containers[*].name}",
    "side"
)]
fn a_patch_is_taken(#[case] patch: &str, #[case] path: &str, #[case] wanted: &str) {
    let project = project_with_tides();
    let object = patch.split(' ').take(2).collect::<Vec<_>>().join(" ");
    project
        .run(&format!("kubectl patch {patch}"))
        .prints(" patched");
    project
        .run(&format!("kubectl get {object} -o jsonpath='{path}'"))
        .is(wanted);
}

#[rstest]
#[case::of_a_status(
    "deployment web --subresource=status --type=merge -p '{\"status\":{\"replicas\":2}}'",
    "{.status.replicas}",
    "2"
)]
#[case::of_a_scale(
    "deployment web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":5}}'",
    "{.spec.replicas}",
    "5"
)]
fn a_patch_of_a_part_is_taken(#[case] patch: &str, #[case] path: &str, #[case] wanted: &str) {
    let project = project_with_tides();
    if !project.has_kubectl(24) {
        return;
    }
    project.run(&format!("kubectl patch {patch}"));
    project
        .run(&format!("kubectl get deployment web -o jsonpath='{path}'"))
        .is(wanted);
}

#[rstest]
#[case::failed_test(
    "--type=json -p '[{\"op\":\"test\",\"path\":\"/data/high\",\"value\":\"5\"}]'",
    "tested `/data/high`: the value there is another one"
)]
#[case::no_such_place(
    "--type=json -p '[{\"op\":\"remove\",\"path\":\"/data/low\"}]'",
    "needs `/data/low`, which does not exist"
)]
#[case::another_name(
    "--type=merge -p '{\"metadata\":{\"name\":\"other\"}}'",
    "(BadRequest)"
)]
#[case::wrong_type(
    "--type=merge -p '{\"data\":{\"high\":4}}'",
    "data[high] in body must be of type string"
)]
#[case::unknown_kind("--type=magic -p '{}'", "--type must be one of")]
fn a_patch_is_refused(#[case] patch: &str, #[case] why: &str) {
    let project = project_with_tides();
    let refused = project.fails(&format!("kubectl patch configmap tides {patch}"));
    // Before 1.22 kubectl keeps the server's reason to itself.
    if !refused.stderr.contains("The request is invalid") || project.has_kubectl(22) {
        refused.complains(why);
    }
}

#[test]
fn a_patch_without_effect_says_so() {
    let project = project_with_tides();
    project
        .run("kubectl patch configmap tides --type=merge -p '{\"data\":{\"high\":\"4\"}}'")
        .prints("patched (no change)");
}

#[rstest]
#[case::image(
    "set image deployment/web web=registry.harbour.example/web:2",
    "{.spec.template.spec.containers[0].image}",
    "registry.harbour.example/web:2"
)]
#[case::variable(
    "set env deployment/web WIND=calm",
    "{.spec.template.spec.containers[0].env[0].value}",
    "calm"
)]
#[case::variables_of_a_config_map(
    "set env deployment/web --from=configmap/tides",
    "{.spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.name}",
    "tides"
)]
#[case::account(
    "set serviceaccount deployment/web keeper",
    "{.spec.template.spec.serviceAccountName}",
    "keeper"
)]
#[case::resources(
    "set resources deployment/web --limits=cpu=200m",
    "{.spec.template.spec.containers[0].resources.limits.cpu}",
    "200m"
)]
#[case::replicas(
    "scale deployment/web --replicas=3 --current-replicas=2",
    "{.spec.replicas}",
    "3"
)]
fn a_deployment_is_set(#[case] command: &str, #[case] path: &str, #[case] wanted: &str) {
    let project = project_with_tides();
    project.run(&format!("kubectl {command}"));
    project
        .run(&format!("kubectl get deployment web -o jsonpath='{path}'"))
        .is(wanted);
}

#[test]
fn subjects_and_selectors_are_set() {
    let project = project_with_tides();
    project.run(
        "kubectl create rolebinding crew --clusterrole=view --user=mate
         kubectl set subject rolebinding crew --group=officers
         kubectl expose deployment web --port=80
         kubectl set selector service web tier=front",
    );
    let crew = project.object("rolebinding crew");
    assert_eq!(crew["subjects"][1]["name"], "officers");
    let service = project.object("service web");
    assert_eq!(service["spec"]["selector"], json!({"tier": "front"}));
}

#[test]
fn a_scale_from_another_number_is_refused() {
    let project = project_with_tides();
    project
        .fails("kubectl scale deployment/web --replicas=3 --current-replicas=7")
        .complains("replicas");
    assert_eq!(project.object("deployment web")["spec"]["replicas"], 2);
}

//! What people do with kubectl beyond the guides: looking around, waiting, comparing, checking.

mod access;
mod applying;
mod chain;
mod deleting;
mod describe;
mod editing;
mod generators;
mod output;
mod rollout;
mod untying;

use serde_json::{Value, json};

use crate::project::Project;

const CONNECTIONS: &str = include_str!("guides/manifests/users-of-soundings.yaml");
const SOUNDINGS: &str = include_str!("guides/manifests/s3-protocol.yaml");

/// A project with a connection and workloads of several kinds that use it.
fn project_with_users() -> Project {
    let project = Project::new("harbour");
    project.apply(SOUNDINGS);
    project.apply(CONNECTIONS);
    project
}

/// The rows of a table, without its head, by words.
fn rows(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect())
        .collect()
}

#[test]
fn api_resources_lists_the_kinds_with_their_short_names() {
    let project = Project::new("harbour");
    let table = project.run("kubectl api-resources");
    let has = |words: &[&str]| rows(&table.stdout).iter().any(|row| row == words);
    assert!(
        has(&["secrets", "v1", "true", "Secret"]),
        "{}",
        table.stdout
    );
    assert!(has(&["configmaps", "cm", "v1", "true", "ConfigMap"]));
    assert!(has(&["notebooks", "kubeflow.org/v1", "true", "Notebook"]));
    assert!(has(&[
        "inferenceservices",
        "isvc",
        "serving.kserve.io/v1beta1",
        "true",
        "InferenceService"
    ]));
}

#[test]
fn version_names_the_server() {
    Project::new("harbour")
        .run("kubectl version")
        .prints("Server Version: ");
}

#[test]
fn cluster_info_names_the_address() {
    let project = Project::new("harbour");
    let address = &project.shared.server.ready.kubernetes;
    project
        .run("NO_COLOR=1 kubectl cluster-info | sed 's/\\x1b\\[[0-9;]*m//g'")
        .prints(address);
}

#[test]
fn explain_describes_built_in_kinds() {
    let project = Project::new("harbour");
    if !project.has_kubectl(27) {
        return;
    }
    project
        .run("kubectl explain secret")
        .prints("KIND:       Secret")
        .prints("stringData");
    project
        .run("kubectl explain deployment.spec.template")
        .prints("PodTemplateSpec");
}

#[test]
fn tables_show_what_a_kind_calls_important() {
    let project = project_with_users();
    let services = project.run("kubectl get isvc");
    services
        .prints("NAME")
        .prints("URL")
        .prints("READY")
        .prints("CONNECTION")
        .prints("AGE");
    let names: Vec<&str> = rows(&services.stdout).iter().map(|row| row[0]).collect();
    assert_eq!(names, ["by-hand", "tide-forecast"]);
    project
        .run("kubectl get notebooks")
        .prints(&format!("{}/soundings", project.name));
    project.run("kubectl get deployments").prints("UP-TO-DATE");
    project
        .run("kubectl get pods -o wide")
        .prints("NOMINATED NODE");
}

#[test]
fn describe_shows_a_workload_with_what_was_injected() {
    let project = project_with_users();
    let described = project.run("kubectl describe notebook chart-room");
    described
        .prints("Kind:         Notebook")
        .prints("Secret Ref:")
        .prints("Name:  soundings");
}

#[test]
fn get_sorts_selects_and_formats() {
    let project = project_with_users();
    project
        .run("kubectl get pods --sort-by=.metadata.name -o jsonpath='{.items[*].metadata.name}'")
        .is("foghorn plumb-line");
    project
        .run("kubectl get pods --field-selector metadata.name=foghorn -o name")
        .is("pod/foghorn");
    project
        .run("kubectl get pods -o go-template='{{len .items}}'")
        .is("2");
}

#[test]
fn a_watch_prints_changes_as_they_come() {
    let project = Project::new("harbour");
    project.run(
        "kubectl get configmaps --watch-only -o name > seen & WATCH=$!
         until kubectl create configmap buoy-$((i = i + 1)) && sleep 0.1 && grep -q buoy seen; do :; done
         kill $WATCH",
    );
    project.run("head -n 1 seen").prints("configmap/buoy-");
}

#[test]
fn wait_returns_when_a_condition_holds() {
    let project = project_with_users();
    if !project.has_kubectl(23) {
        return;
    }
    project
        .run("kubectl wait notebook/chart-room --for=jsonpath='{.metadata.name}'=chart-room --timeout=30s")
        .prints("condition met");
    project.run(
        "kubectl wait pod/foghorn --for=delete --timeout=30s & WAIT=$!
         kubectl delete pod foghorn && wait $WAIT",
    );
}

#[test]
fn wait_gives_up_when_a_condition_does_not_hold() {
    let project = project_with_users();
    if !project.has_kubectl(23) {
        return;
    }
    project
        .fails("kubectl wait pod/foghorn --for=jsonpath='{.status.phase}'=Running --timeout=1s")
        .complains("timed out waiting for the condition");
}

#[test]
fn diff_shows_what_an_apply_would_change() {
    let project = project_with_users();
    project
        .file("same.yaml", CONNECTIONS)
        .run("kubectl diff -f same.yaml")
        .is("");
    let changed = CONNECTIONS.replace("models/tide", "models/tide-2");
    project
        .file("changed.yaml", &changed)
        .fails("kubectl diff -f changed.yaml")
        .prints("+    opendatahub.io/connection-path: models/tide-2")
        .prints("+        path: models/tide-2");
    let service = project.object("inferenceservice tide-forecast");
    assert_eq!(
        service["spec"]["predictor"]["model"]["storage"]["path"],
        "models/tide"
    );
}

/// kubectl says `configured` of a custom object with an injected list item, because it cannot merge
/// lists there; the server sees that nothing changes.
#[test]
fn applying_workloads_again_changes_nothing() {
    let project = project_with_users();
    let kinds = "pods,deployments,notebooks,inferenceservices";
    // Bowline tells how connections stand when it comes to it, which may be in between.
    let objects = format!(
        "kubectl get {kinds} -o json | jq '.items | \
         del(.[].metadata | .resourceVersion, .annotations[\"bowline.dev/connection-status\"])'"
    );
    let before = project.run(&objects).stdout;
    project.apply(CONNECTIONS);
    project.run(&objects).is(before.trim_end());
}

#[test]
fn apply_deletes_what_a_manifest_no_longer_has_and_keeps_what_was_injected() {
    let project = project_with_users();
    let manifest = CONNECTIONS.replace(
        "        name: onnx\n---",
        "        name: onnx\n      runtime: a\n---",
    );
    project.apply(&manifest);
    project.apply(CONNECTIONS);
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"]["predictor"]["model"],
        json!({
            "modelFormat": {"name": "onnx"},
            "storage": {"key": "soundings", "path": "models/tide"},
        })
    );
}

#[test]
fn a_misspelt_field_is_pointed_out_before_it_is_sent() {
    let project = Project::new("harbour");
    if !project.has_kubectl(27) {
        return;
    }
    let manifest = SOUNDINGS.replace("stringData:", "strinData:");
    project
        .apply_fails(&manifest)
        .complains("unknown field \"strinData\"");
}

#[test]
fn who_am_i_and_what_may_i_do() {
    let project = Project::new("harbour");
    if project.has_kubectl(28) {
        project.run("kubectl auth whoami").prints("Username");
    }
    project
        .run("kubectl auth can-i '*' '*' --all-namespaces")
        .is("yes");
    project
        .fails("kubectl auth can-i get secrets --as=mate")
        .is("no");
    project.run("kubectl create rolebinding mate-views --clusterrole=view --user=mate");
    project
        .run("kubectl auth can-i get configmaps --as=mate")
        .is("yes");
    project
        .fails("kubectl auth can-i get secrets --as=mate")
        .is("no");
    project
        .run("kubectl auth can-i --list --as=mate")
        .prints("configmaps");
}

#[test]
fn a_dry_run_on_the_server_shows_the_injection_and_stores_nothing() {
    let project = project_with_users();
    project.run("kubectl delete notebook chart-room");
    project.file("again.yaml", CONNECTIONS);
    let shown = project.run(
        "kubectl apply -f again.yaml --dry-run=server -o json \
         | jq '.items[] | select(.kind == \"Notebook\") | .spec.template.spec.containers[0].envFrom'",
    );
    let entries: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(entries, json!([{"secretRef": {"name": "soundings"}}]));
    assert!(!project.has("notebook chart-room"));
}

#[test]
fn everything_of_a_manifest_can_be_deleted_at_once() {
    let project = project_with_users();
    project
        .file("all.yaml", CONNECTIONS)
        .run("kubectl delete -f all.yaml");
    project
        .run("kubectl get pods,deployments,notebooks,inferenceservices -o name")
        .is("");
}

#[test]
fn a_project_that_is_deleted_is_gone_with_all_that_was_in_it() {
    let project = project_with_users();
    project
        .run("kubectl delete namespace $PROJECT --timeout=30s")
        .prints("deleted");
    project
        .fails("kubectl get namespace $PROJECT")
        .complains("not found");
    project
        .run("kubectl get secrets -o name --ignore-not-found")
        .is("");
}

//! `apply`, on the server too, with `diff`, `replace` and kustomizations: what manifests become, and
//! who may change it.

use serde_json::json;

use crate::project::Project;

const TIDES: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tides}\ndata: {high: '4'}\n";

fn project_with_tides() -> Project {
    let project = Project::new("harbour");
    project.file("tides.yaml", TIDES);
    project.file("higher.yaml", &TIDES.replace('4', "5"));
    project
}

#[test]
fn an_apply_says_what_it_did() {
    let project = project_with_tides();
    let apply = |file: &str| project.run(&format!("kubectl apply -f {file}.yaml"));
    apply("tides").is("configmap/tides created");
    apply("tides").is("configmap/tides unchanged");
    apply("higher").is("configmap/tides configured");
}

#[test]
fn what_somebody_else_added_survives_an_apply() {
    let project = project_with_tides();
    project.run(
        "kubectl apply -f tides.yaml
         kubectl patch configmap tides --type=merge -p '{\"data\":{\"low\":\"1\"}}'
         kubectl apply -f higher.yaml",
    );
    assert_eq!(
        project.object("configmap tides")["data"],
        json!({"high": "5", "low": "1"})
    );
}

#[test]
fn an_apply_prunes_what_is_labelled_and_no_longer_in_the_files() {
    let project = project_with_tides();
    if !project.has_kubectl(26) {
        return;
    }
    let labelled = TIDES.replace("{name: tides}", "{name: tides, labels: {set: a}}");
    project.file("set/tides.yaml", &labelled);
    project.file("set/notes.yaml", &labelled.replace("tides", "notes"));
    project.run("kubectl apply -f set && rm set/notes.yaml");
    project
        .run("kubectl apply -f set --prune -l set=a --prune-allowlist=core/v1/ConfigMap")
        .prints("configmap/notes pruned");
    assert!(!project.has("configmap notes") && project.has("configmap tides"));
}

#[test]
fn another_owner_is_a_conflict_on_the_server() {
    let project = project_with_tides();
    project
        .run("kubectl apply --server-side -f tides.yaml")
        .is("configmap/tides serverside-applied");
    project
        .fails("kubectl apply --server-side --field-manager=mate -f higher.yaml")
        .complains("Apply failed with 1 conflict: conflict with \"kubectl\": .data.high");
    project
        .run("kubectl apply --server-side --field-manager=mate --force-conflicts -f higher.yaml");
    assert_eq!(project.object("configmap tides")["data"]["high"], "5");
    project
        .fails("kubectl apply --server-side -f tides.yaml")
        .complains("conflict with \"mate\": .data.high");
}

#[test]
fn an_apply_on_the_server_takes_over_from_an_older_one() {
    let project = project_with_tides();
    project.run(
        "kubectl apply -f tides.yaml
         kubectl apply --server-side -f higher.yaml",
    );
    assert_eq!(project.object("configmap tides")["data"]["high"], "5");
}

#[test]
fn two_owners_who_say_the_same_share_it() {
    let project = project_with_tides();
    project.run(
        "kubectl apply --server-side -f tides.yaml
         kubectl apply --server-side --field-manager=mate -f tides.yaml",
    );
    // Before 1.21 they were always shown.
    let show = if project.has_kubectl(21) {
        "--show-managed-fields"
    } else {
        ""
    };
    project
        .run(&format!("kubectl get configmap tides -o jsonpath='{{range .metadata.managedFields[*]}}{{.manager}}{{\"\\n\"}}{{end}}' {show}"))
        .lists(&["kubectl", "mate"]);
}

#[test]
fn diff_tells_by_its_exit_code() {
    let project = project_with_tides();
    project.run("kubectl apply -f tides.yaml");
    project
        .run("kubectl diff -f tides.yaml; echo $?; kubectl diff -f higher.yaml > changes; echo $?; kubectl diff -f none.yaml 2> error; test $? -gt 1 && echo more")
        .is("0\n1\nmore");
    project
        .run("cat changes")
        .prints("-  high: \"4\"\n+  high: \"5\"");
}

#[test]
fn a_diff_on_the_server_tells_who_is_in_the_way() {
    let project = project_with_tides();
    project.run("kubectl apply --server-side -f tides.yaml");
    project
        .run("kubectl diff --server-side -f higher.yaml || true")
        .prints("+  high: \"5\"");
    project
        .fails("kubectl diff --server-side --field-manager=mate -f higher.yaml")
        .complains("conflict with \"kubectl\"");
}

#[test]
fn a_diff_shows_no_value_of_a_secret() {
    let project = Project::new("harbour");
    if !project.has_kubectl(21) {
        return;
    }
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {key: $CANARY, other: a}\n";
    project.file("key.yaml", secret);
    project.run("kubectl apply --server-side -f key.yaml");
    project.file("key.yaml", &secret.replace("other: a", "other: b"));
    let shown = project.run("kubectl diff --server-side -f key.yaml || true");
    shown.prints("*** (before)").prints("*** (after)");
    assert!(!shown.stdout.contains(&project.canary));
}

#[test]
fn replace_needs_the_object_and_its_present_version() {
    let project = project_with_tides();
    project
        .fails("kubectl replace -f tides.yaml")
        .complains("(NotFound)");
    project.run(
        "kubectl create -f tides.yaml
         kubectl get configmap tides -o yaml > old.yaml
         kubectl replace -f higher.yaml",
    );
    project
        .fails("kubectl replace -f old.yaml")
        .complains("(Conflict)")
        .complains("the object has been modified");
}

#[test]
fn replace_with_force_makes_another_object() {
    let project = project_with_tides();
    project.run("kubectl create -f tides.yaml");
    let before = project.object("configmap tides")["metadata"]["uid"].clone();
    project
        .run("kubectl replace --force -f higher.yaml")
        .prints("configmap \"tides\" deleted")
        .prints("configmap/tides replaced");
    let after = project.object("configmap tides");
    assert_ne!(after["metadata"]["uid"], before);
    assert_eq!(after["data"]["high"], "5");
}

#[test]
fn a_kustomization_is_applied_and_deleted() {
    let project = project_with_tides();
    if !project.has_kubectl(22) {
        return;
    }
    project.file("base/tides.yaml", TIDES).file(
        "base/kustomization.yaml",
        "resources: [tides.yaml]\nnamePrefix: north-\n\
         labels: [{pairs: {sea: north}}]\n\
         secretGenerator: [{name: key, literals: [key=$CANARY]}]\n\
         generatorOptions: {disableNameSuffixHash: true}\n",
    );
    project
        .run("kubectl apply -k base")
        .lists(&["configmap/north-tides created", "secret/north-key created"]);
    assert_eq!(project.value("north-key", "key"), project.canary);
    assert_eq!(
        project.object("configmap north-tides")["metadata"]["labels"],
        json!({"sea": "north"})
    );
    project.run("kubectl delete -k base");
    assert!(!project.has("configmap north-tides"));
}

#[test]
fn one_bad_manifest_of_several_does_not_hold_up_the_others() {
    let project = project_with_tides();
    let bad = TIDES.replace("tides", "No_Name");
    project.file("both.yaml", &format!("{bad}---\n{TIDES}"));
    project
        .fails("kubectl apply -f both.yaml")
        .complains("a lowercase RFC 1123 subdomain must consist of");
    assert!(project.has("configmap tides"));
}

#[test]
fn every_dry_run_on_the_server_stores_nothing() {
    let project = project_with_tides();
    project.run("kubectl create -f tides.yaml");
    let before = project.object("configmap tides");
    project.run(
        "set -e
         kubectl apply -f higher.yaml --dry-run=server
         kubectl apply --server-side --force-conflicts -f higher.yaml --dry-run=server
         kubectl replace -f higher.yaml --dry-run=server
         kubectl patch configmap tides --type=merge -p 'data: {low: \"1\"}' --dry-run=server
         kubectl label configmap tides a=b --dry-run=server
         kubectl annotate configmap tides a=b --dry-run=server
         kubectl delete -f tides.yaml --dry-run=server
         kubectl delete configmaps --all --dry-run=server",
    );
    assert_eq!(project.object("configmap tides"), before);
}

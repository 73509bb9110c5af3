//! `bowline list` with conditions, `usage` and `delete`, as people call them, against `bowline up`.

use crate::project::Project;

const SECRETS: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: soundings
  labels: {opendatahub.io/dashboard: "true", opendatahub.io/managed: "true"}
  annotations:
    opendatahub.io/connection-type-protocol: s3
    opendatahub.io/connection-type-ref: s3
    openshift.io/display-name: Depths of the bay
stringData:
  AWS_ACCESS_KEY_ID: AKIDEXAMPLEAKIDEXAMP
  AWS_SECRET_ACCESS_KEY: $CANARY
  AWS_S3_ENDPOINT: https://s3.harbour.example
  AWS_S3_BUCKET: soundings
---
apiVersion: v1
kind: Secret
metadata:
  name: tides
  annotations: {opendatahub.io/connection-type-protocol: uri}
stringData:
  URI: hf://harbour/tides
---
apiVersion: v1
kind: Secret
metadata:
  name: charts
  annotations: {opendatahub.io/connection-type-protocol: uri, bowline.dev/vital: "true"}
stringData:
  URI: hf://harbour/charts
"#;

const NOTEBOOK: &str = r#"
apiVersion: kubeflow.org/v1
kind: Notebook
metadata:
  name: forecast
  annotations: {opendatahub.io/connections: "$PROJECT/soundings,$PROJECT/tides"}
spec:
  template:
    spec:
      containers: [{name: forecast, image: a}]
"#;

/// Two connections that a Notebook uses, and a vital one.
fn harbour() -> Project {
    let project = Project::new("harbour");
    project.file("secrets.yaml", SECRETS);
    project.file("notebook.yaml", NOTEBOOK);
    // What `kubectl apply` remembers is nobody's reference, and would be found below.
    project.run("kubectl create -f secrets.yaml && kubectl create -f notebook.yaml");
    project
}

fn bowline(project: &Project, line: &str) -> crate::project::Outcome {
    project.run(&format!("bowline {line}"))
}

#[test]
fn a_list_can_be_narrowed_and_sorted() {
    let project = harbour();
    let names = |line: &str| bowline(&project, &format!("list -o name {line}")).stdout;
    assert_eq!(names(""), "charts\nsoundings\ntides\n");
    assert_eq!(names("--used"), "soundings\ntides\n");
    assert_eq!(names("--unused"), "charts\n");
    assert_eq!(names("--text 'bay DEPTHS'"), "soundings\n");
    assert_eq!(names("--protocol uri --reverse"), "tides\ncharts\n");
    assert_eq!(names("--tag s3"), "soundings\n");
    assert_eq!(names("--type s3"), "soundings\n");
    assert_eq!(names("--vital"), "charts\n");
    assert_eq!(
        names("--sort usedBy --reverse"),
        "soundings\ntides\ncharts\n"
    );
    assert_eq!(names("--sort displayName"), "charts\nsoundings\ntides\n");
}

#[test]
fn every_form_of_a_list_says_who_uses_what() {
    let project = harbour();
    bowline(&project, "list -o wide")
        .prints("USED BY")
        .prints("Depths of the bay");
    let used_by = "jsonpath='{.connections[*].usedBy}'";
    bowline(&project, &format!("list -o {used_by}")).is("0 1 1");
    bowline(&project, "list -o yaml").prints("kind: DataSciencePipelinesApplication");
}

#[test]
fn a_list_that_cannot_be_made_says_what_is_possible() {
    let project = Project::new("harbour");
    project
        .fails("bowline list --sort size")
        .complains("possible values: name, displayName");
}

#[test]
fn usage_shows_where_a_connection_is_named() {
    let project = harbour();
    let usage = bowline(&project, "usage soundings");
    usage.prints("Notebook").prints("forecast");
    usage.prints("metadata.annotations[opendatahub.io/connections]");
    usage.prints("spec.template.spec.containers[0].envFrom[0].secretRef.name");
    usage.prints("not looked at: DataSciencePipelinesApplication (not installed)");
    bowline(&project, "usage charts").prints("nothing uses `charts`");
    bowline(&project, "usage -o name tides").is("notebook/forecast");
    let names = bowline(&project, "usage -o jsonpath='{.connections[*].name}'");
    names.is("soundings tides");
}

const OTHERS: &str = r#"
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: runtime}
spec:
  containers: [{name: kserve-container, image: a, envFrom: [{secretRef: {name: tides}}]}]
  imagePullSecrets: [{name: tides}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kfp-launcher}
data:
  providers: |
    s3: {default: {credentials: {fromEnv: false, secretRef: {secretName: tides, accessKeyKey: a, secretKeyKey: b}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: store, labels: {bowline.dev/pipelines: store}}
data:
  store.yaml: |
    {apiVersion: bowline.dev/v1alpha1, kind: PipelineStore, metadata: {namespace: $PROJECT}, spec: {connection: tides}}
"#;

#[test]
fn runtimes_and_the_config_maps_of_pipelines_use_connections() {
    let project = harbour();
    project.file("others.yaml", OTHERS);
    project.run("kubectl create -f others.yaml && kubectl delete -f notebook.yaml");
    bowline(&project, "usage tides -o jsonpath='{..kind} {..name}'")
        .prints("ServingRuntime")
        .prints("ConfigMap")
        .prints("runtime")
        .prints("kfp-launcher")
        .prints("store");
    project
        .fails("bowline delete tides --yes --detach")
        .complains("ConfigMap `kfp-launcher` cannot do without it");
}

#[test]
fn usage_of_what_is_not_there_suggests_another() {
    let project = harbour();
    project
        .fails("bowline usage sounding")
        .complains("did you mean `soundings`?");
}

#[test]
fn usage_of_a_deleted_connection_shows_what_still_names_it() {
    let project = harbour();
    project.run("kubectl delete secret tides");
    let usage = bowline(&project, "usage tides");
    usage.prints("forecast").complains("is named all the same");
}

#[test]
fn deleting_needs_a_yes_that_nobody_can_give_without_a_terminal() {
    let project = harbour();
    project.run("kubectl delete notebook forecast");
    project
        .fails("bowline delete tides < /dev/null")
        .complains("add `--yes`");
    assert!(project.has("secret/tides"));
    bowline(&project, "delete tides soundings --yes").lists(&[
        "deleted connection `soundings`",
        "deleted connection `tides`",
    ]);
    assert!(!project.has("secret/tides") && !project.has("secret/soundings"));
}

#[test]
fn what_is_used_is_shown_and_stays() {
    let project = harbour();
    let refused = project.fails("bowline delete soundings --yes");
    refused
        .complains("Notebook")
        .complains("forecast")
        .complains("--detach");
    assert!(project.has("secret/soundings"));
}

#[test]
fn what_is_vital_stays_and_it_says_how_to_lift_that() {
    let project = harbour();
    let refused = project.fails("bowline delete charts --yes --detach");
    refused
        .complains("is vital")
        .complains("bowline set charts");
    assert!(project.has("secret/charts"));
}

#[test]
fn what_is_detached_leaves_no_trace_in_its_users() {
    let project = harbour();
    bowline(&project, "delete soundings --detach --yes")
        .prints("took `soundings` out of Notebook `forecast`")
        .prints("deleted connection `soundings`");
    assert!(!project.has("secret/soundings"));
    let notebook = project.object("notebook/forecast").to_string();
    assert!(!notebook.contains("soundings"), "{notebook}");
    assert!(notebook.contains("tides"), "{notebook}");
}

#[test]
fn deleting_what_is_gone_says_so() {
    let project = harbour();
    project
        .fails("bowline delete nothing --yes")
        .complains("there is no connection `nothing`");
    project.run("kubectl delete secret tides");
    bowline(&project, "delete tides --detach --yes").prints("was gone already");
    let notebook = project.object("notebook/forecast").to_string();
    assert!(!notebook.contains("tides"), "{notebook}");
}

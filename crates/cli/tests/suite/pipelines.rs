//! One object store for pipelines, through the process: what comes out of which file, on which
//! stream, with which exit code.

use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use bowline_testkit::canary::Canaries;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

const KEYED: &str = "\
kubeflow_tools:
  pipelines:
    bucket: {name: kubeflow-pipelines, region: eu-west-1}
    objectStore:
      useExternal: true
      host: s3.eu-west-1.amazonaws.com
      auth: {existingSecret: soundings}
deploykf_core:
  deploykf_profiles_generator:
    profileDefaults: {tools: {kubeflowPipelines: {objectStoreAuth: {existingSecret: \"k-{profile_name}\"}}}}
    profiles: [{name: team-1}]
";

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("is written");
        path
    }

    /// Runs a line in the folder.
    fn bowline(&self, line: &str) -> Output {
        let mut command = Command::cargo_bin("bowline").expect("the binary");
        command.env_clear().current_dir(self.0.path());
        command.args(line.split_whitespace());
        command.output().expect("runs")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("a list").iter();
    let name = |object: &Value| {
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str().unwrap_or_default();
        let name = metadata["name"].as_str().unwrap_or_default();
        format!(
            "{} {namespace}/{name}",
            object["kind"].as_str().unwrap_or_default()
        )
    };
    items.map(name).collect()
}

#[test]
fn json_is_one_list_and_nothing_else_on_stdout() {
    let files = Files::new();
    files.write("values.yaml", KEYED);
    let output = files.bowline("pipelines render -f values.yaml --layout deploykf -o json");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(
        (&list["apiVersion"], &list["kind"]),
        (&"v1".into(), &"List".into())
    );
    let names = names(&list);
    for name in [
        "ConfigMap kubeflow/pipeline-install-config",
        "ConfigMap team-1/kfp-launcher",
        "ClusterPolicy /clone-profile-bucket-secret-7e2a2d5f-team-1",
    ] {
        assert!(names.iter().any(|one| one == name), "{name}: {names:#?}");
    }
}

#[test]
fn copies_are_shown_where_the_sources_are_given() {
    let files = Files::new();
    let mut canaries = Canaries::default();
    let value = canaries.plant("Secret kubeflow/k-team-1, key secret_key");
    files.write("values.yaml", KEYED);
    files.write(
        "secrets.yaml",
        &format!(
            "kind: Secret\nmetadata: {{name: k-team-1, namespace: kubeflow}}\n\
             stringData: {{access_key: a, secret_key: {value}}}\n"
        ),
    );
    let output = files.bowline("pipelines render -f values.yaml --secrets secrets.yaml -o json");
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let names = names(&list);
    assert!(
        names
            .iter()
            .any(|name| name == "Secret team-1/pipelines-object-store"),
        "{names:?}"
    );
    let told = text(&output.stderr);
    assert!(
        told.contains("kubeflow/soundings"),
        "the missing source is told: {told}"
    );
    assert_eq!(canaries.leaks(&told), []);
}

#[test]
fn everything_that_is_refused_is_told_with_its_place_and_without_values() {
    let files = Files::new();
    let mut canaries = Canaries::default();
    let value = canaries.plant("values, a mistyped key");
    files.write(
        "values.yaml",
        &format!(
            "kubeflow_tools:\n  pipelines:\n    objectStore:\n      useExternal: true\n      \
             port: 443\n      auth:\n        secretKye: {value}\n        accessKey: {value}\n"
        ),
    );
    let output = files.bowline("pipelines render -f values.yaml -o json");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let told = text(&output.stderr);
    assert!(told.contains("values.yaml:5:13: `kubeflow_tools.pipelines.objectStore.port` must be empty if using AWS S3"), "{told}");
    assert!(
        told.contains("values.yaml:7:9:") && told.contains("did you mean `secretKey`?"),
        "{told}"
    );
    assert_eq!(canaries.leaks(&told), []);
}

#[test]
fn lint_fails_on_errors_alone() {
    let files = Files::new();
    files.write("good.yaml", KEYED);
    files.write("bad.yaml", &KEYED.replace("useExternal", "useExtrenal"));
    let good = files.bowline("pipelines lint -f good.yaml --layout native --kfp 2.16 -o json");
    let report: Value = serde_json::from_slice(&good.stdout).expect("JSON");
    assert_eq!(report["counts"]["errors"], 0, "{report:#}");
    assert_eq!(good.status.code(), Some(0));
    let bad = files.bowline("pipelines lint -f bad.yaml -o json");
    assert_eq!(bad.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&bad.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    let typo = findings
        .iter()
        .find(|finding| finding["rule"] == "unknown-key");
    let place = typo.map(|typo| (typo["line"].as_u64(), typo["column"].as_u64()));
    assert_eq!(place, Some((Some(5), Some(7))), "{report:#}");
}

/// What a pipe gives whose first command has failed, and the file of something else.
#[rstest]
#[case::nothing("")]
#[case::something_else("replicas: 3\n")]
fn no_session_is_made_of_what_is_no_launcher(#[case] given: &str) {
    let files = Files::new();
    files.write("launcher.yaml", given);
    let output = files.bowline("pipelines resolve --launcher launcher.yaml");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let told = text(&output.stderr);
    assert!(
        told.contains("`launcher.yaml` is no `kfp-launcher` ConfigMap"),
        "{told}"
    );
}

#[test]
fn values_of_deploykf_come_out_again() {
    let files = Files::new();
    files.write("values.yaml", KEYED);
    let first = files.bowline("pipelines render -f values.yaml -o helm-values");
    files.write("again.yaml", &text(&first.stdout));
    let objects = |file: &str| {
        let line = format!("pipelines render -f {file} --layout deploykf -o json");
        text(&files.bowline(&line).stdout)
    };
    assert_eq!(objects("values.yaml"), objects("again.yaml"));
}

#[test]
fn a_kustomization_says_what_it_needs() {
    let files = Files::new();
    files.write("values.yaml", KEYED);
    let output = files.bowline("pipelines render -f values.yaml -o kustomize --base ../kfp");
    let printed = text(&output.stdout);
    assert!(printed.starts_with("# Laid over manifests of Kubeflow Pipelines"));
    assert!(printed.contains("- ../kfp\n"), "{printed}");
    assert!(text(&output.stderr).contains("`--into FOLDER` writes both"));
}

#[test]
fn a_document_and_its_connection_may_stand_in_one_file() {
    let files = Files::new();
    files.write(
        "store.yaml",
        "apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nmetadata: {name: kfp}\n\
         spec: {connection: soundings, profiles: [{name: team-1}]}\n---\n\
         kind: Secret\nmetadata: {name: soundings, namespace: kubeflow}\nstringData:\n  \
         AWS_ACCESS_KEY_ID: reader\n  AWS_SECRET_ACCESS_KEY: canary\n  \
         AWS_S3_ENDPOINT: https://s3.wharf.example\n  AWS_S3_BUCKET: soundings\n",
    );
    let output = files.bowline("pipelines render --store store.yaml -o json");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let list: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let names = names(&list);
    assert!(
        names
            .iter()
            .any(|name| name == "Secret team-1/pipelines-object-store"),
        "{names:?}"
    );
    assert!(!text(&output.stderr).contains("canary"));
}

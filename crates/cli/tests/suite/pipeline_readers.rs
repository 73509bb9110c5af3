//! What readers of pipelines' object store make of it, through the process: `pipelines resolve`,
//! `policies` and `explain`. The rules are tested where they are.

use assert_cmd::Command;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

const VALUES: &str = "\
deploykf_core:
  deploykf_profiles_generator:
    users: [{id: ann, email: ann@example.com}]
    profiles:
      - {name: team-1, members: [{user: ann, access: {role: edit}}]}
      - {name: team-10}
kubeflow_tools:
  pipelines:
    bucket: {name: soundings, region: eu-west-1}
    objectStore: {useExternal: true, host: s3.eu-west-1.amazonaws.com, auth: {existingSecret: keys}}
";

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("one JSON document")
    }
}

/// Runs `bowline pipelines …` beside `values.yaml`, with something on standard input.
fn pipelines(line: &str, input: &str) -> Run {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("values.yaml"), VALUES).expect("a file");
    let mut command = Command::cargo_bin("bowline").expect("the binary");
    command.env_clear().current_dir(&folder).arg("pipelines");
    command.args(line.split_whitespace()).write_stdin(input);
    let output = command.output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

const LAUNCHER: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kfp-launcher}
data:
  defaultPipelineRoot: s3://soundings/v2/artifacts/team-1
  providers: |
    s3:
      default:
        endpoint: https://s3.eu-west-1.amazonaws.com
        region: eu-west-1
        credentials: {secretRef: {secretName: keys, accessKeyKey: a, secretKeyKey: s}}
";

#[test]
fn a_root_resolves_to_a_session_and_nothing_else() {
    let run = pipelines("resolve --launcher - -o json", LAUNCHER);
    let params = json!({
        "endpoint": "https://s3.eu-west-1.amazonaws.com", "region": "eu-west-1",
        "disableSSL": "false", "forcePathStyle": "true", "maxRetries": "5", "fromEnv": "false",
        "secretName": "keys", "accessKeyKey": "a", "secretKeyKey": "s",
    });
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        run.json(),
        json!({"session": {"Provider": "s3", "Params": params}})
    );
}

#[test]
fn a_root_that_kfp_refuses_resolves_to_its_error() {
    let run = pipelines(
        "resolve --launcher - --pipeline-root abfs://b/p -o json",
        LAUNCHER,
    );
    let error = "parse bucket config failed: unsupported Cloud bucket: \"abfs://b/p\"";
    assert_eq!(run.code, Some(1));
    assert_eq!(run.json(), json!({ "error": error }));
}

#[test]
fn what_kfp_passes_over_is_told_beside_the_session() {
    let line = "resolve --launcher - --pipeline-root s3://b/p?region=r -o json";
    let run = pipelines(line, LAUNCHER);
    assert_eq!(
        run.json(),
        json!({"session": {"Provider": "s3", "Params": {"fromEnv": "true"}}})
    );
    assert!(
        run.stderr.contains("`providers` is passed over"),
        "{}",
        run.stderr
    );
}

#[rstest]
#[case::a_secret("kind: Secret")]
#[case::no_yaml("{")]
fn a_file_that_is_no_launcher_configuration_is_refused(#[case] input: &str) {
    let run = pipelines("resolve --launcher - -o json", input);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
}

#[test]
fn policies_are_for_the_backend_the_profiles_and_the_users() {
    let made = pipelines("policies -f values.yaml -o json", "").json();
    let names = |part: &str| -> Vec<String> {
        made[part]
            .as_object()
            .expect("a mapping")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(made.as_object().expect("a mapping").len(), 3);
    assert_eq!(made["backend"]["Version"], "2012-10-17");
    assert_eq!(names("profiles"), ["team-1", "team-10"]);
    assert_eq!(names("users"), ["ann@example.com"]);
}

#[test]
fn policies_of_the_deploykf_layout_let_everybody_list() {
    let made = pipelines("policies -f values.yaml --layout deploykf -o json", "").json();
    let expected = json!({"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": ["arn:aws:s3:::soundings"]});
    assert_eq!(made["profiles"]["team-1"]["Statement"][0], expected);
}

#[rstest]
#[case("policies -f values.yaml --for aws --merge", "belong to users")]
#[case("policies -f values.yaml --for azure", "possible values")]
fn what_cannot_be_written_is_refused(#[case] line: &str, #[case] text: &str) {
    let run = pipelines(line, "");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(text), "{}", run.stderr);
}

#[test]
fn readers_are_explained_with_their_differences() {
    let explained = pipelines("explain -f values.yaml --kfp 2.5 -o json", "").json();
    let readers = explained["readers"].as_array().expect("a list");
    let launcher = readers
        .iter()
        .find(|it| it["reader"] == "v2 launcher")
        .expect("the launcher");
    assert_eq!(explained["consistent"], false);
    assert_eq!(launcher["error"], "unknown query parameter \"disableSSL\"");
    assert_eq!(launcher["finds"]["bucket"], "soundings");
}

#[test]
fn traps_of_the_release_are_in_lint() {
    let run = pipelines("lint -f values.yaml --kfp 2.5", "");
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("error[query-root]"), "{}", run.stdout);
    let run = pipelines("lint -f values.yaml --kfp 2.5 --layout native", "");
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

//! `bowline pipelines check` at services that have one habit, with keys of the cluster, and when it is
//! ended early.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;
use tempfile::TempDir;

use super::PASSED;
use super::scene::Checked;
use crate::project::Project;
use crate::test::endpoint::{Endpoint, Habit};

/// deployKF's values with keys typed in, for an endpoint.
fn values(endpoint: &str) -> String {
    let (host, port) = endpoint
        .trim_start_matches("http://")
        .split_once(':')
        .expect("a port");
    format!(
        "deploykf_core: {{deploykf_profiles_generator: {{profiles: [{{name: team-1}}]}}}}\n\
         kubeflow_tools:\n  pipelines:\n    bucket: {{name: soundings, region: us-east-1}}\n    \
         objectStore: {{useExternal: true, host: {host}, port: {port}, useSSL: false, auth: {{accessKey: AKIDEXAMPLE, secretKey: not-a-real-key}}}}\n"
    )
}

/// A command on deployKF's values, with the backend's keys alone, and its folder.
fn of_values(endpoint: &Endpoint, flags: &str) -> (TempDir, Command) {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("values.yaml", &values(&endpoint.url())).expect("a file");
    write("secrets.yaml", "").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    let line = "pipelines check -f values.yaml --layout native --kfp 2.16 --secrets secrets.yaml";
    let words = line.split_whitespace().chain(flags.split_whitespace());
    command.env_clear().current_dir(&folder).args(words);
    (folder, command)
}

#[rstest]
#[case::wrong_region(Habit::OtherRegion, "", "wrong-region")]
#[case::failing(Habit::Failing, "", "service-failed")]
#[case::something_else(Habit::SomethingElse, "", "answer-unknown")]
#[case::denied(Habit::Good, "--deny 127.0.0.0/8", "address-denied")]
fn whatever_the_service_does_is_said(
    #[case] habit: Habit,
    #[case] flags: &str,
    #[case] outcome: &str,
) {
    let endpoint = Endpoint::start(habit);
    let (_folder, mut command) = of_values(&endpoint, &format!("-o json {flags}"));
    let checked = Checked::of(&command.output().expect("it runs"));
    assert_eq!(
        checked.reader("API server", "pipelines/"),
        ["not-reached", "not-reached", outcome]
    );
    assert_ne!(checked.code, 0);
    assert!(
        !endpoint.heard().contains("PUT "),
        "nothing is written where listing fails otherwise"
    );
}

#[test]
fn ctrl_c_ends_it_and_what_was_written_is_removed() {
    let endpoint = Endpoint::start(Habit::Slow(Duration::from_millis(200)));
    let (_folder, mut command) = of_values(&endpoint, "");
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("it starts");
    let until = Instant::now() + Duration::from_secs(20);
    while !endpoint.heard().contains("PUT ") {
        assert!(Instant::now() < until, "nothing is written");
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill").success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    let heard = endpoint.heard();
    let count = |method: &str| {
        heard
            .lines()
            .filter(|line| line.starts_with(method))
            .count()
    };
    assert_eq!(count("PUT "), count("DELETE "), "{heard}");
}

#[test]
fn a_pipeline_server_is_checked_with_its_own_secret() {
    let endpoint = Endpoint::start(Habit::Good);
    let url = endpoint.url();
    let port = url.rsplit(':').next().expect("a port");
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    let application = format!(
        "apiVersion: datasciencepipelinesapplications.opendatahub.io/v1\nkind: DataSciencePipelinesApplication\n\
         metadata: {{name: own, namespace: team-a}}\nspec:\n  objectStorage:\n    externalStorage:\n      \
         {{host: 127.0.0.1, port: '{port}', scheme: http, bucket: soundings, region: us-east-1,\n       \
         s3CredentialsSecret: {{secretName: keys, accessKey: a, secretKey: s}}}}\n"
    );
    write("dspa.yaml", &application).expect("a file");
    let secret = "kind: Secret\nmetadata: {name: keys, namespace: team-a}\nstringData: {a: AKIDEXAMPLE, s: not-a-real-key}\n";
    write("secrets.yaml", secret).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    let line = "pipelines check --dspa dspa.yaml --secrets secrets.yaml -o json";
    command
        .env_clear()
        .current_dir(&folder)
        .args(line.split_whitespace());
    let checked = Checked::of(&command.output().expect("it runs"));
    assert_eq!(checked.code, 0, "{:#}", checked.report);
    assert_eq!(checked.reader("API server", "pipelines/"), PASSED);
    assert_eq!(checked.reader("v2 launcher", ""), PASSED);
    assert_eq!(checked.report["isolation"], json!([]));
}

#[test]
fn keys_are_read_from_the_cluster_where_none_are_given() {
    let project = Project::new("check");
    if !project.has_kubectl(28) {
        return;
    }
    let endpoint = Endpoint::start(Habit::Good);
    let keys = "{AWS_ACCESS_KEY_ID: AKIDEXAMPLE, AWS_SECRET_ACCESS_KEY: $CANARY}";
    let secret = |namespace: &str| {
        format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\napiVersion: v1\nkind: Secret\n\
             metadata: {{name: pipelines-object-store, namespace: {namespace}}}\nstringData: {keys}\n"
        )
    };
    project.apply(&(secret("kubeflow") + &secret("kubeflow-argo-workflows")));
    let own = values(&endpoint.url()).replace("team-1", "$PROJECT");
    let own = own.replace(
        "accessKey: AKIDEXAMPLE, secretKey: not-a-real-key",
        "existingSecret: keys",
    );
    project.file("values.yaml", &own);
    let line = "bowline pipelines check -f values.yaml --layout native --kfp 2.16";
    project.fails(line).prints(&format!(
        "Secret `{}/pipelines-object-store`, which it takes its keys from, is not there",
        project.name
    ));
    project.apply(&secret("$PROJECT"));
    project.run(line).prints("12 places tried, 2 with warnings");
    assert!(!endpoint.heard().contains(&project.canary));
}

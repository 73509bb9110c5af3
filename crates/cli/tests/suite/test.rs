//! `bowline test` as people call it: what it says, what it ends with, and what it leaves behind.

pub(crate) mod endpoint;

use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use bowline_testkit::Canaries;
use rstest::rstest;
use serde_json::Value;

use crate::project::{Project, Shared};
use endpoint::{Endpoint, Habit};

/// Manifests of S3 connections, all to one endpoint.
fn manifests(endpoint: &str, canary: &str, names: &[String]) -> String {
    names.iter().fold(String::new(), |mut all, name| {
        let _ = write!(
            all,
            "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  labels: {{opendatahub.io/dashboard: \"true\", opendatahub.io/managed: \"true\"}}\n  \
             annotations: {{opendatahub.io/connection-type-protocol: s3, opendatahub.io/connection-type-ref: s3}}\nstringData:\n  \
             AWS_ACCESS_KEY_ID: AKIDEXAMPLEAKIDEXAMP\n  AWS_SECRET_ACCESS_KEY: {canary}\n  AWS_S3_ENDPOINT: {endpoint}\n  AWS_S3_BUCKET: soundings\n"
        );
        all
    })
}

/// Runs on manifests, without a cluster.
fn offline(endpoint: &Endpoint, names: &[&str], flags: &str) -> Output {
    let mut canaries = Canaries::default();
    let canary = canaries.plant("a manifest");
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    std::fs::write(
        folder.path().join("s3.yaml"),
        manifests(&endpoint.url(), &canary, &names),
    )
    .expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["test", "-f", "s3.yaml"])
        .args(flags.split_whitespace())
        .env_clear()
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    for shown in [&output.stdout, &output.stderr] {
        assert_eq!(canaries.leaks(&String::from_utf8_lossy(shown)), []);
    }
    assert_eq!(canaries.leaks(&endpoint.heard()), []);
    output
}

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    format!(
        "{}--- stderr\n{}--- exit code {}",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().expect("a code")
    )
}

/// Without what differs from run to run.
macro_rules! assert_shown {
    ($output:expr) => {
        insta::with_settings!({filters => [(r"port \d+", "port [port]"), (r"127\.0\.0\.1:\d+", "[address]"), (r"\d+(\.\d)? m?s\b", "[time]"),
            (r#""milliseconds": \d+"#, "\"milliseconds\": [time]"), (r#"time="[0-9.]+""#, "time=\"[time]\""), (r"(\[time\]) +\n", "$1\n")]}, {
            insta::assert_snapshot!(shown(&$output));
        });
    };
}

#[test]
fn a_good_connection_is_shown_step_by_step() {
    let endpoint = Endpoint::start(Habit::Good);
    assert_shown!(offline(&endpoint, &["soundings"], "--write"));
}

#[test]
fn a_wrong_key_names_the_field_and_what_to_do() {
    let endpoint = Endpoint::start(Habit::WrongSecretKey);
    assert_shown!(offline(&endpoint, &["soundings"], ""));
}

#[test]
fn many_connections_are_summed_up() {
    let endpoint = Endpoint::start(Habit::WrongSecretKey);
    assert_shown!(offline(&endpoint, &["soundings", "tides"], ""));
}

#[test]
fn programs_get_one_document() {
    let endpoint = Endpoint::start(Habit::WrongSecretKey);
    assert_shown!(offline(&endpoint, &["soundings"], "-o json"));
}

#[test]
fn build_servers_get_junit() {
    let endpoint = Endpoint::start(Habit::WrongSecretKey);
    assert_shown!(offline(&endpoint, &["soundings", "tides"], "-o junit"));
}

#[rstest]
#[case(Habit::Good, "", 0)]
#[case(Habit::WrongSecretKey, "", 5)]
#[case(Habit::NoBucket, "", 3)]
#[case(Habit::NoRight, "", 6)]
#[case(Habit::Failing, "", 7)]
#[case(Habit::SomethingElse, "", 1)]
#[case(Habit::Good, "--deny 127.0.0.0/8", 6)]
#[case(Habit::Good, "--allow *.example.com", 6)]
#[case(Habit::Good, "--allow 127.0.0.0/8", 0)]
#[case(Habit::Good, "--path nothing-there", 3)]
fn the_exit_code_says_what_kind_of_failure_it_is(
    #[case] habit: Habit,
    #[case] flags: &str,
    #[case] code: i32,
) {
    let endpoint = Endpoint::start(habit);
    let output = offline(&endpoint, &["soundings"], flags);
    assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
}

#[test]
fn the_worst_of_all_decides_the_exit_code() {
    let (good, failing) = (
        Endpoint::start(Habit::Good),
        Endpoint::start(Habit::NoBucket),
    );
    let folder = tempfile::tempdir().expect("a folder");
    let one = |endpoint: &Endpoint, name: &str| {
        manifests(&endpoint.url(), "not-a-real-key", &[name.to_owned()])
    };
    let all = format!("{}{}", one(&good, "good"), one(&failing, "missing"));
    std::fs::write(folder.path().join("s3.yaml"), all).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["test", "-f", "s3.yaml"])
        .current_dir(folder.path())
        .output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
}

/// What the surroundings of the process hold is nobody's connection.
#[test]
fn nothing_of_the_environment_reaches_the_endpoint() {
    let endpoint = Endpoint::start(Habit::Good);
    let proxy = Endpoint::start(Habit::Good);
    let mut canaries = Canaries::default();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("s3.yaml"),
        manifests(&endpoint.url(), "not-a-real-key", &["soundings".to_owned()]),
    )
    .expect("a file");
    let netrc = format!(
        "machine 127.0.0.1 login someone password {}\n",
        canaries.plant(".netrc")
    );
    std::fs::write(folder.path().join(".netrc"), netrc).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    command
        .args(["test", "-f", "s3.yaml", "--write"])
        .current_dir(folder.path())
        .env("HOME", folder.path());
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "HF_TOKEN",
    ] {
        command.env(name, canaries.plant(name));
    }
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "AWS_ENDPOINT_URL"] {
        command.env(name, proxy.url());
    }
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert_eq!(canaries.leaks(&endpoint.heard()), []);
    assert_eq!(proxy.heard(), "");
}

#[test]
fn ctrl_c_ends_it_at_once() {
    let endpoint = Endpoint::start(Habit::Silent);
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["soundings".to_owned(), "tides".to_owned()];
    std::fs::write(
        folder.path().join("s3.yaml"),
        manifests(&endpoint.url(), "not-a-real-key", &names),
    )
    .expect("a file");
    let child = Command::new(env!("CARGO_BIN_EXE_bowline"))
        .args(["test", "-f", "s3.yaml"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let deadline = Instant::now() + Duration::from_secs(20);
    while endpoint.heard().is_empty() {
        assert!(Instant::now() < deadline, "it asks nobody");
        std::thread::yield_now();
    }
    let asked = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill");
    let began = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    // Well before the test would have ended by itself.
    assert!(asked.success() && began.elapsed() < Duration::from_secs(8));
    assert_eq!(output.status.code(), Some(130), "{}", shown(&output));
}

#[test]
fn a_connection_of_a_project_is_tested_by_its_name() {
    let endpoint = Endpoint::start(Habit::Good);
    let project = Project::new("tested");
    project.apply(&manifests(
        &endpoint.url(),
        "$CANARY",
        &["soundings".to_owned(), "tides".to_owned()],
    ));
    project
        .run("bowline test soundings")
        .prints("first-bytes")
        .prints("all is well");
    project
        .run("bowline test")
        .prints("soundings")
        .prints("tides")
        .prints("2 connections tested");
    project
        .fails("bowline test sounding")
        .complains("did you mean `soundings`?");
    assert!(!endpoint.heard().contains("Canary/"));
}

#[test]
fn a_result_is_remembered_only_when_that_is_asked_for() {
    let endpoint = Endpoint::start(Habit::Good);
    let project = Project::new("recorded");
    project.apply(&manifests(
        &endpoint.url(),
        "$CANARY",
        &["soundings".to_owned()],
    ));
    let annotation = |name: &str| {
        let secret = project.object("secret/soundings");
        secret["metadata"]["annotations"][name]
            .as_str()
            .map(str::to_owned)
    };
    project.run("bowline test soundings");
    assert_eq!(annotation("opendatahub.io/connection-test-status"), None);
    project.run("bowline test soundings --record");
    assert_eq!(
        annotation("opendatahub.io/connection-test-status").as_deref(),
        Some("verified")
    );
    assert!(
        annotation("opendatahub.io/connection-test-timestamp")
            .is_some_and(|time| time.ends_with('Z'))
    );
    assert!(annotation("bowline.dev/tested").is_some_and(|digest| digest.starts_with("v2.")));
}

#[test]
fn what_is_asked_in_particular_is_no_result_of_the_connection() {
    let endpoint = Endpoint::start(Habit::Good);
    let project = Project::new("particular");
    project.apply(&manifests(
        &endpoint.url(),
        "$CANARY",
        &["soundings".to_owned()],
    ));
    project
        .run("bowline test soundings --path nothing-there --record || true")
        .complains("results are not recorded");
    let secret = project.object("secret/soundings");
    let status = &secret["metadata"]["annotations"]["opendatahub.io/connection-test-status"];
    assert_eq!(*status, Value::Null);
}

/// Connections about which nobody can be asked from here.
const UNTESTED: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: elsewhere
  annotations: {opendatahub.io/connection-type-protocol: uri}
stringData: {URI: 'hdfs://nobody.invalid/path'}
---
apiVersion: v1
kind: Secret
metadata:
  name: of-our-own
  labels: {opendatahub.io/dashboard: 'true'}
  annotations: {opendatahub.io/connection-type-ref: postgres}
stringData: {PGHOST: db.example, PGUSER: ada}
---
apiVersion: v1
kind: Secret
metadata:
  name: unlinked
  annotations: {opendatahub.io/connection-type-protocol: uri}
stringData: {URI: 's3://nobody-has-this/x'}
";

#[test]
fn what_proves_nothing_is_not_called_verified() {
    let project = Project::new("untested");
    project.apply(UNTESTED);
    project
        .run("bowline test --record")
        .prints("3 connections, 3 not tested");
    for name in ["elsewhere", "of-our-own", "unlinked"] {
        let secret = project.object(&format!("secret/{name}"));
        let annotations = &secret["metadata"]["annotations"];
        let status = &annotations["opendatahub.io/connection-test-status"];
        assert_eq!(*status, "not-tested", "{name}");
        assert!(annotations["bowline.dev/tested"].is_string());
    }
    let told = project.run("kubectl get events -o name");
    assert_eq!(told.stdout, "", "that nothing is known is no event");
    let junit = project.run("bowline test -o junit").stdout;
    assert_eq!(junit.matches("<skipped ").count(), 3, "{junit}");
    let json = project.run("bowline test of-our-own -o json").stdout;
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let verdict = &document["connections"][0]["verdict"];
    assert_eq!(
        (&verdict["state"], &verdict["outcome"]),
        (&"skipped".into(), &"no-protocol".into())
    );
    assert_eq!(
        (&document["tested"], &document["notTested"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn an_edit_makes_a_result_stale_and_nobody_passes_off_their_own_word_for_one() {
    let endpoint = Endpoint::start(Habit::NoBucket);
    let project = Project::new("told");
    project.apply(&manifests(
        &endpoint.url(),
        "$CANARY",
        &["soundings".to_owned()],
    ));
    project.run("kubectl create rolebinding ada --clusterrole edit --user ada");
    let status = || {
        let secret = project.object("secret/soundings");
        let stated = &secret["metadata"]["annotations"]["opendatahub.io/connection-test-status"];
        stated.as_str().map(str::to_owned)
    };
    let claim = "kubectl annotate --overwrite secret soundings --as ada \
                 opendatahub.io/connection-test-status=verified";
    project
        .run(claim)
        .complains("only Bowline says how tests of a connection went");
    assert_eq!(status(), None);
    project.run("bowline test soundings --record || true");
    assert_eq!(status().as_deref(), Some("failed"));
    project.run(claim);
    assert_eq!(status().as_deref(), Some("failed"));
    project
        .run("kubectl annotate secret soundings --as ada opendatahub.io/connection-test-status-");
    assert_eq!(status().as_deref(), Some("failed"));
    project.run("bowline list -o wide").prints("failed");
    project.run(
        "kubectl patch secret soundings --as ada -p '{\"stringData\":{\"AWS_S3_BUCKET\":\"b\"}}'",
    );
    project.run("bowline list -o wide").prints("stale");
    project
        .run("bowline show soundings")
        .prints("stale, since the connection has changed");
    project
        .run("kubectl get events --field-selector reason=ConnectionTestFailed")
        .prints("the service has no such bucket");
}

#[test]
fn a_claim_is_looked_up_in_the_project() {
    let project = Project::new("claims");
    project.apply(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: volume\n  annotations: {opendatahub.io/connection-type-protocol: uri}\n\
         stringData:\n  URI: pvc://models/llama\n",
    );
    let outcome = || {
        let told = project.run("bowline test volume -o json || true");
        let document: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let outcome = document["connections"][0]["verdict"]["outcome"].as_str();
        outcome.unwrap_or_default().to_owned()
    };
    assert_eq!(outcome(), "no-such-claim");
    project.apply(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: models}\n\
         spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
    );
    assert_eq!(outcome(), "claim-not-bound");
    project.run(
        "kubectl patch pvc models --subresource=status --type=merge -p '{\"status\":{\"phase\":\"Bound\"}}'",
    );
    assert_eq!(outcome(), "passed");
}

/// 200 connections, whose endpoint takes 50 ms for each answer.
#[test]
fn two_hundred_connections_are_tested_side_by_side() {
    let endpoint = Endpoint::start(Habit::Slow(Duration::from_millis(50)));
    let project = Project::on(std::sync::Arc::new(Shared::start()), "many");
    let names: Vec<String> = (0..200)
        .map(|number| format!("connection-{number}"))
        .collect();
    project.file("many.yaml", &manifests(&endpoint.url(), "$CANARY", &names));
    project.run("kubectl create -f many.yaml");
    let began = Instant::now();
    let outcome = project.run("bowline test -A -o json");
    let took = began.elapsed();
    let document: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        (&document["tested"], &document["failed"]),
        (&Value::from(200), &Value::from(0))
    );
    // One after another they take more than 20; the benchmark `probe` measures how long they do.
    assert!(took < Duration::from_secs(10), "{took:?}");
}

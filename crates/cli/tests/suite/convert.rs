//! Connections in the forms of other tools, through the process.

use std::io::Write as _;

use assert_cmd::Command;
use rstest::rstest;

fn bowline(line: &str, input: &str) -> std::process::Output {
    let mut command = Command::cargo_bin("bowline").expect("the binary");
    command.env_clear().args(line.split_whitespace());
    command.write_stdin(input).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const MANIFEST: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: soundings
  annotations: {opendatahub.io/connection-type-protocol: s3}
stringData:
  AWS_ACCESS_KEY_ID: reader
  AWS_SECRET_ACCESS_KEY: canary
  AWS_S3_ENDPOINT: https://s3.wharf.example
  AWS_S3_BUCKET: soundings
";

#[rstest]
#[case("opendatahub")]
#[case("alauda")]
#[case("kserve")]
#[case("env")]
#[case("aws")]
#[case("rclone")]
#[case("json")]
fn an_s3_connection_reads_well_in_every_form(#[case] form: &str) {
    let output = bowline(&format!("convert -f - --to {form}"), MANIFEST);
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stderr);
    assert!(!told.contains("canary"), "{told}");
    insta::assert_snapshot!(
        format!("convert_{form}"),
        format!("{}--- stderr\n{told}", text(&output.stdout))
    );
}

#[test]
fn what_cannot_be_converted_at_all_fails_and_is_told() {
    let output = bowline("convert -f - --to docker", MANIFEST);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("a docker config holds connections of protocol `oci` only")
    );
}

#[test]
fn a_name_and_a_project_can_be_given() {
    let line = "convert -f - --from env --to opendatahub --name tides --project team-a";
    let output = text(&bowline(line, "AWS_S3_BUCKET='raw'\n").stdout);
    assert!(
        output.contains("name: tides\n  namespace: team-a\n"),
        "{output}"
    );
}

#[test]
fn an_input_that_looks_like_nothing_is_asked_about() {
    let output = bowline("convert -f - --to env", "canary");
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(
        told.contains("name the form with `--from`") && !told.contains("canary"),
        "{told}"
    );
}

#[test]
fn escape_sequences_in_values_are_kept_for_programs() {
    let output = bowline(
        "convert -f - --from json --to env",
        r#"{"A": "a\u001b[1mb"}"#,
    );
    assert_eq!(output.stdout, b"A='a\x1b[1mb'\n");
}

/// rclone itself reads the remote as it was meant.
#[test]
fn rclone_reads_the_remote() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rclone.conf");
    std::fs::write(&file, bowline("convert -f - --to rclone", MANIFEST).stdout).expect("a file");
    let mut rclone = std::process::Command::new("rclone");
    let Ok(output) = rclone
        .arg("--config")
        .arg(&file)
        .args(["config", "dump"])
        .output()
    else {
        // Past the capture of the test harness, which would hide it from everybody.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `rclone` here");
        return;
    };
    let remotes: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let expected = serde_json::json!({"soundings": {
        "type": "s3", "provider": "Other", "env_auth": "false", "access_key_id": "reader",
        "secret_access_key": "canary", "endpoint": "https://s3.wharf.example",
    }});
    assert_eq!(remotes, expected);
}

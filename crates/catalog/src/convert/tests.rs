mod laws;
mod shells;

use bowline_core::{Secret, Severity, names};
use bowline_testkit::Canaries;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// A connection in Open Data Hub's keys.
fn secret(protocol: &str, values: &Value) -> Secret {
    let object = json!({
        "metadata": {"name": "tides", "annotations": {names::PROTOCOL: protocol}},
        "stringData": values,
    });
    neutral(&Secret::from_value(&object).expect("a Secret"))
}

fn s3() -> Secret {
    secret(
        "s3",
        &json!({
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCY",
            "AWS_SESSION_TOKEN": "canary-token",
            "AWS_S3_ENDPOINT": "http://minio.example:9000",
            "AWS_S3_BUCKET": "raw",
            "AWS_DEFAULT_REGION": "eu-north-1",
            "AWS_S3_USE_PATH_STYLE": "true",
            "AWS_S3_VERIFY_SSL": "false",
        }),
    )
}

fn gcs() -> Secret {
    let key = json!({"type": "service_account", "private_key": "-----BEGIN\ncanary\n"});
    secret(
        "gcs",
        &json!({"gcloud-application-credentials.json": key.to_string(), "GCS_BUCKET": "raw"}),
    )
}

fn azure() -> Secret {
    secret(
        "azure",
        &json!({"AZURE_STORAGE_ACCOUNT": "harbour", "AZURE_STORAGE_ACCESS_KEY": "Y2FuYXJ5", "AZURE_CONTAINER": "raw"}),
    )
}

fn oci() -> Secret {
    let logins = json!({"auths": {"quay.example": {"username": "reader", "password": "canary"}}});
    secret(
        "oci",
        &json!({".dockerconfigjson": logins.to_string(), "OCI_HOST": "quay.example"}),
    )
}

fn uri() -> Secret {
    secret("uri", &json!({"URI": "https://models.example/granite"}))
}

fn git() -> Secret {
    secret(
        "git",
        &json!({"GIT_URL": "https://git.example/charts.git", "GIT_TOKEN": "canary"}),
    )
}

/// The values of a Secret, for comparing.
fn values(secret: &Secret) -> Vec<(&str, &[u8])> {
    secret
        .data
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose()))
        .collect()
}

/// The fields of which something was told, with how bad it is.
fn told(findings: &[Told]) -> Vec<(Severity, &str)> {
    findings
        .iter()
        .map(|told| (told.finding.severity, told.finding.field.as_str()))
        .collect()
}

fn shown(written: &Written) -> &str {
    written.text.expose_str().expect("text")
}

/// What a form does not hold is told, and nothing else is.
#[rstest]
#[case::opendatahub(Format::OpenDataHub, s3(), &[])]
#[case::alauda(Format::Alauda, s3(), &[])]
#[case::alauda_git(Format::Alauda, git(), &[(Severity::Note, "protocol")])]
#[case::kserve(Format::KServe, s3(), &[(Severity::Note, "AWS_S3_BUCKET"), (Severity::Note, "AWS_SESSION_TOKEN")])]
#[case::odahu_gcs(Format::Odahu, gcs(), &[(Severity::Warning, "spec")])]
#[case::odahu_uri(Format::Odahu, uri(), &[(Severity::Error, "protocol")])]
#[case::env(Format::Env, s3(), &[])]
#[case::env_gcs(Format::Env, gcs(), &[(Severity::Warning, "gcloud-application-credentials.json")])]
#[case::aws(Format::Aws, s3(), &[(Severity::Warning, "AWS_S3_BUCKET"), (Severity::Warning, "AWS_S3_VERIFY_SSL")])]
#[case::aws_uri(Format::Aws, uri(), &[(Severity::Error, "protocol")])]
#[case::rclone(Format::Rclone, s3(), &[(Severity::Warning, "AWS_S3_BUCKET"), (Severity::Warning, "AWS_S3_VERIFY_SSL")])]
#[case::rclone_gcs(Format::Rclone, gcs(), &[(Severity::Warning, "GCS_BUCKET")])]
#[case::rclone_azure(Format::Rclone, azure(), &[(Severity::Warning, "AZURE_CONTAINER")])]
#[case::rclone_uri(Format::Rclone, uri(), &[])]
#[case::rclone_git(Format::Rclone, git(), &[(Severity::Error, "protocol")])]
#[case::docker(Format::Docker, oci(), &[])]
#[case::docker_s3(Format::Docker, s3(), &[(Severity::Error, "protocol")])]
#[case::json(Format::Json, s3(), &[])]
fn what_a_form_does_not_hold_is_told(
    #[case] format: Format,
    #[case] secret: Secret,
    #[case] expected: &[(Severity, &str)],
) {
    assert_eq!(told(&write(format, &[secret]).findings), expected);
}

/// What the input leaves open is told, whichever form it has; what it says is not.
#[rstest]
#[case::env(Format::Env, "AWS_S3_ENDPOINT=minio.example:9000", &[(Severity::Note, "AWS_S3_ENDPOINT")])]
#[case::rclone(Format::Rclone, "[a]\ntype = s3\nendpoint = minio.example:9000", &[(Severity::Note, "AWS_S3_ENDPOINT")])]
#[case::aws(Format::Aws, "[a]\nendpoint_url = minio.example:9000", &[(Severity::Note, "AWS_S3_ENDPOINT")])]
#[case::json(Format::Json, r#"{"AWS_S3_ENDPOINT": "minio.example:9000"}"#, &[(Severity::Note, "AWS_S3_ENDPOINT")])]
#[case::a_url(Format::Env, "AWS_S3_ENDPOINT=http://minio.example:9000", &[])]
#[case::a_switch(Format::Env, "AWS_S3_ENDPOINT=minio.example:9000\nS3_USE_HTTPS=0", &[])]
fn a_scheme_that_is_put_before_an_endpoint_is_told(
    #[case] format: Format,
    #[case] input: &str,
    #[case] expected: &[(Severity, &str)],
) {
    let read = read(format, input.as_bytes(), "tides").expect("a connection");
    assert_eq!(told(&read.findings), expected);
}

/// KServe has no place for a bucket and looks for none.
#[rstest]
#[case(Format::OpenDataHub, &["AWS_S3_BUCKET"])]
#[case(Format::Alauda, &["AWS_S3_BUCKET"])]
#[case(Format::KServe, &[])]
fn a_platform_that_wants_a_bucket_is_told_that_there_is_none(
    #[case] format: Format,
    #[case] expected: &[&str],
) {
    let mut bare = s3();
    bare.data.remove("AWS_S3_BUCKET");
    let written = write(format, &[bare]);
    let warned = told(&written.findings).into_iter();
    let warned = warned.filter(|(severity, _)| *severity == Severity::Warning);
    assert_eq!(warned.map(|(_, key)| key).collect::<Vec<_>>(), expected);
}

/// Every key comes back, or was told.
#[rstest]
fn there_and_back_every_key_is_the_same_or_was_told(
    #[values(
        Format::OpenDataHub,
        Format::Alauda,
        Format::KServe,
        Format::Odahu,
        Format::Env,
        Format::Aws,
        Format::Rclone,
        Format::Docker,
        Format::Json
    )]
    format: Format,
    #[values(s3(), gcs(), azure(), oci(), uri(), git())] secret: Secret,
) {
    let written = write(format, std::slice::from_ref(&secret));
    let is_impossible = written
        .findings
        .iter()
        .any(|told| told.finding.severity == Severity::Error);
    if is_impossible {
        return;
    }
    // Its tool would refuse it, which was told, and so do we when we read it.
    if written
        .findings
        .iter()
        .any(|told| told.finding.rule == "not-accepted")
    {
        return;
    }
    let lost: Vec<&str> = written
        .findings
        .iter()
        .filter(|told| told.finding.severity == Severity::Warning)
        .map(|told| told.finding.field.as_str())
        .collect();
    let back = match read(format, written.text.expose(), "tides") {
        Ok(back) => back,
        // Nothing could be held, and every key of it was told.
        Err(_) => return assert_eq!(lost.len(), secret.data.len()),
    };
    let held = secret
        .data
        .keys()
        .filter(|key| !lost.contains(&key.as_str()));
    for key in held {
        let (before, after) = (&secret.data[key], back.secrets[0].value(key));
        let after = after.unwrap_or_else(|| panic!("{key} is gone"));
        let json = |value: &Sensitive| serde_json::from_slice::<Value>(value.expose()).ok();
        let is_same = before.expose() == after.expose()
            || json(before).is_some_and(|j| json(after) == Some(j));
        assert!(is_same, "{key} has changed");
    }
    assert_eq!(back.secrets[0].name, "tides");
    assert_eq!(guess(written.text.expose()), Some(format));
}

#[test]
fn kserves_annotations_become_keys() {
    let manifest = "
kind: Secret
metadata:
  name: tides
  annotations:
    serving.kserve.io/s3-endpoint: minio.example:9000
    serving.kserve.io/s3-usehttps: '0'
    serving.kserve.io/s3-usevirtualbucket: 'true'
    serving.kserve.io/s3-verifyssl: '0'
stringData: {awsAccessKeyID: id, awsSecretAccessKey: canary}
";
    let read = read(Format::KServe, manifest.as_bytes(), "").expect("a manifest");
    let expected: Vec<(&str, &[u8])> = vec![
        ("AWS_ACCESS_KEY_ID", b"id"),
        ("AWS_S3_ENDPOINT", b"http://minio.example:9000"),
        ("AWS_S3_USE_PATH_STYLE", b"false"),
        ("AWS_S3_VERIFY_SSL", b"false"),
        ("AWS_SECRET_ACCESS_KEY", b"canary"),
    ];
    assert_eq!(values(&read.secrets[0]), expected);
}

#[test]
fn a_profile_is_read_from_both_files_of_aws() {
    let text = "[profile tides]\nregion = eu-north-1\ns3 =\n  addressing_style = path\nrole_arn = x\n\n\
                [tides]\naws_access_key_id = id\naws_secret_access_key = canary\n";
    let read = read(Format::Aws, text.as_bytes(), "").expect("profiles");
    let expected: Vec<(&str, &[u8])> = vec![
        ("AWS_ACCESS_KEY_ID", b"id"),
        ("AWS_DEFAULT_REGION", b"eu-north-1"),
        ("AWS_S3_USE_PATH_STYLE", b"true"),
        ("AWS_SECRET_ACCESS_KEY", b"canary"),
    ];
    assert_eq!(values(&read.secrets[0]), expected);
    assert_eq!(told(&read.findings), [(Severity::Warning, "role_arn")]);
}

#[rstest]
#[case("A=plain", b"plain")]
#[case("export A = 'one two' ", b"one two")]
#[case("A=  spaced out  # and told", b"spaced out")]
#[case("A=no#comment", b"no#comment")]
#[case(r#"A="line\nend\"q\" \x""#, b"line\nend\"q\" \\x")]
#[case(r"A='it'\''s'", b"it's")]
#[case("A='two\nlines'", b"two\nlines")]
#[case("A=", b"")]
#[case("A=a\\ b", b"a b")]
#[case("A=caf\u{e9}", "caf\u{e9}".as_bytes())]
fn a_line_is_read_as_shells_and_libraries_do(#[case] text: &str, #[case] value: &[u8]) {
    let read = read(Format::Env, text.as_bytes(), "tides").expect("a line");
    assert_eq!(values(&read.secrets[0]), [("A", value)]);
}

#[rstest]
#[case(Format::Env, "A='canary", "line 1: a `'` that is never closed")]
#[case(Format::Env, "A=1\ncanary", "line 2: not a line of `KEY=value`")]
#[case(
    Format::Env,
    "A=1\nca-nary=2",
    "line 2: what stands before `=` is not the name of a variable"
)]
#[case(
    Format::Aws,
    "canary = 1",
    "line 1: a setting before the first `[section]`"
)]
#[case(
    Format::Aws,
    "[a]\ncanary",
    "line 2: neither `[section]` nor `key = value`"
)]
#[case(Format::Rclone, "[canary", "line 1: a section without `]`")]
#[case(
    Format::Rclone,
    "RCLONE_ENCRYPT_V0:\ncanary",
    "it is encrypted; `rclone config show` prints it in clear"
)]
#[case(Format::Docker, "{\"canary\": 1}", "it has no object `auths`")]
#[case(Format::Json, "{\"values\": \"canary\"}", "`values` is not an object")]
#[case(
    Format::Json,
    "{\"binaryValues\": {\"K\": \"canary!\"}}",
    "`binaryValues.K` is not base64"
)]
#[case(
    Format::OpenDataHub,
    "kind: ConfigMap\nmetadata: {name: canary}",
    "it holds no Secret"
)]
fn a_broken_input_is_placed_and_not_quoted(
    #[case] format: Format,
    #[case] text: &str,
    #[case] expected: &str,
) {
    let error = read(format, text.as_bytes(), "tides").expect_err("must fail");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn findings_and_debug_output_hold_no_value() {
    let mut canaries = Canaries::default();
    let mut secret = s3();
    for (key, value) in &mut secret.data {
        *value = Sensitive::new(canaries.plant(key.as_str()));
    }
    for format in Format::ALL {
        let written = write(format, std::slice::from_ref(&secret));
        assert_eq!(canaries.leaks(&format!("{written:?}")), [], "{format}");
        if let Ok(read) = read(format, written.text.expose(), "tides") {
            assert_eq!(canaries.leaks(&format!("{read:?}")), [], "{format}");
        }
    }
}

#[test]
fn a_value_that_is_no_line_is_told_where_only_lines_are_held() {
    let mut secret = s3();
    secret.data.insert(
        "AWS_SESSION_TOKEN".to_owned(),
        Sensitive::from("two\nlines"),
    );
    for format in [Format::Aws, Format::Rclone] {
        let written = write(format, std::slice::from_ref(&secret));
        assert!(told(&written.findings).contains(&(Severity::Warning, "AWS_SESSION_TOKEN")));
        assert!(!shown(&written).contains("lines"));
    }
}

const RECORDS: &str = "
kind: Connection
id: soundings
spec:
  type: s3
  uri: s3://wharf/soundings
  region: eu-north-1
  keyID: cmVhZGVy
  keySecret: Y2FuYXJ5
  description: Depths
---
kind: Connection
id: quay
spec: {type: docker, uri: quay.example/harbour, username: reader, password: Y2FuYXJ5}
";

#[test]
fn records_of_odahu_come_back_as_they_were() {
    let read = read(Format::Odahu, RECORDS.as_bytes(), "").expect("records");
    assert_eq!(read.secrets[0].line("AWS_S3_BUCKET"), Some("wharf"));
    let written = write(Format::Odahu, &read.secrets);
    assert_eq!(told(&written.findings), []);
    let objects = |text: &[u8]| bowline_core::manifest::parse(text).expect("YAML");
    assert_eq!(objects(written.text.expose()), objects(RECORDS.as_bytes()));
}

#[test]
fn a_protocol_that_nobody_knows_is_told_by_the_values_now_as_later() {
    let given = json!({
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_S3_BUCKET": "c",
        "AWS_S3_ENDPOINT": "s3.example.com",
    });
    let once = secret("s2", &given);
    assert_eq!(once.annotation(names::PROTOCOL), Some("s3"));
    assert_eq!(once.line("AWS_S3_ENDPOINT"), Some("https://s3.example.com"));
    assert_eq!(values(&neutral(&once)), values(&once));
}

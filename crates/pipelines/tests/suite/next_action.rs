//! What somebody can do about an input that is refused: one next action for each mistake.

use bowline_pipelines::{Given, InputFile};
use rstest::rstest;

const STORE: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {name: kfp, namespace: kubeflow}
spec: {connection: soundings}
";
const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: soundings, namespace: harbour}
stringData: {AWS_S3_ENDPOINT: 'https://s3.harbour.example', AWS_S3_BUCKET: soundings}
";
const KEYED: &str = "
kubeflow_tools:
  pipelines:
    bucket: {name: soundings, region: eu-west-1}
    objectStore: {useExternal: true, host: s3.eu-west-1.amazonaws.com, auth: {existingSecret: soundings}}
";

fn file(text: &str) -> InputFile<'_> {
    InputFile {
        name: "given.yaml",
        text,
    }
}

/// Message and help of all that refuses the input.
fn refused(given: &Given<'_>) -> Vec<(String, String)> {
    let input = given.read().expect("manifests");
    let refused = input.findings.into_iter().filter(|found| found.is_refused);
    refused
        .map(|found| (found.finding.message, found.finding.help))
        .collect()
}

#[rstest]
#[case::a_store(STORE, "PipelineStore", "--store")]
#[case::a_store_with_its_secret(&format!("{STORE}---{SECRET}"), "PipelineStore", "--store")]
#[case::a_claim("kind: ObjectBucketClaim", "ObjectBucketClaim", "--store")]
#[case::an_application(
    "kind: DataSciencePipelinesApplication",
    "DataSciencePipelinesApplication",
    "--dspa"
)]
fn another_input_in_place_of_values_is_sent_to_its_flag(
    #[case] text: &str,
    #[case] kind: &str,
    #[case] flag: &str,
) {
    let given = Given {
        values: vec![file(text)],
        ..Given::default()
    };
    let expected = (
        format!("this is a {kind}, and no values of deployKF"),
        format!("name the file with `{flag}`"),
    );
    assert_eq!(refused(&given), [expected]);
}

const NEAR: &str = "`harbour/soundings` is there: correct the namespace of one of the two";

#[rstest]
#[case::in_the_file(&format!("{STORE}---{SECRET}"), "", NEAR)]
#[case::among_the_secrets(STORE, SECRET, NEAR)]
#[case::nowhere(STORE, "", "add its manifest, or set `endpoint` and `bucket`")]
fn a_connection_in_another_namespace_is_named(
    #[case] store: &str,
    #[case] secrets: &str,
    #[case] help: &str,
) {
    let given = Given {
        store: Some(file(store)),
        secrets: vec![file(secrets)],
        ..Given::default()
    };
    let helps: Vec<_> = refused(&given).into_iter().map(|(_, help)| help).collect();
    assert_eq!(helps, [help]);
}

#[rstest]
#[case::in_another_namespace(SECRET, NEAR)]
#[case::nowhere("", "create it, or correct its name")]
fn a_source_in_another_namespace_is_named(#[case] secrets: &str, #[case] help: &str) {
    let given = Given {
        values: vec![file(KEYED)],
        secrets: vec![file(secrets)],
        ..Given::default()
    };
    let input = given.read().expect("manifests");
    let names = bowline_pipelines::render::Names::Native;
    let findings = bowline_pipelines::lint::lint(input, names, false);
    let missing = findings
        .iter()
        .find(|found| found.finding.rule == "source-missing");
    assert_eq!(missing.map(|found| found.finding.help.as_str()), Some(help));
}

use std::collections::BTreeSet;

use bowline_core::manifest;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: training-data
  annotations:
    opendatahub.io/connection-type-protocol: s3
stringData:
  AWS_ACCESS_KEY_ID: canary-id
  AWS_SECRET_ACCESS_KEY: canary-key
  AWS_S3_ENDPOINT: minio.example:9000
  AWS_S3_BUCKET: raw
";

fn notebook(reference: &str) -> String {
    format!(
        "apiVersion: kubeflow.org/v1\nkind: Notebook\nmetadata:\n  name: wb\n  annotations:\n    \
         opendatahub.io/connections: {reference}\nspec: {{template: {{spec: {{containers: [{{name: wb}}]}}}}}}\n"
    )
}

fn report(text: &str) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("all.yaml");
    std::fs::write(&file, text).expect("a file");
    check(&manifests::read(&[file]).expect("a manifest"), "team-a")
}

fn rules_of(report: &Report, kind: &str) -> Vec<&'static str> {
    let of_kind = |entry: &&Entry| entry.object.kind == kind;
    report
        .entries
        .iter()
        .filter(of_kind)
        .map(|entry| entry.finding.rule)
        .collect()
}

#[test]
fn a_finding_knows_the_line_of_its_field() {
    let report = report(SECRET);
    let entry = report
        .entries
        .iter()
        .find(|entry| entry.finding.rule == "endpoint-scheme");
    let place = entry.and_then(|entry| entry.place.as_ref());
    assert_eq!(place.and_then(|place| place.line), Some(10));
}

#[test]
fn a_workload_does_not_repeat_what_its_connection_is_told() {
    let report = report(&format!(
        "{SECRET}---\n{}",
        notebook("team-a/training-data")
    ));
    assert!(rules_of(&report, "Secret").contains(&"endpoint-scheme"));
    assert_eq!(rules_of(&report, "Notebook"), Vec::<&str>::new());
}

#[test]
fn a_bad_reference_is_an_error() {
    assert_eq!(
        rules_of(&report(&notebook("training-data")), "Notebook"),
        ["denied"]
    );
}

#[test]
fn a_reference_to_another_namespace_is_an_error_even_beside_an_unchecked_one() {
    let report = report(&notebook("team-a/absent,team-b/models"));
    assert_eq!(
        rules_of(&report, "Notebook"),
        ["denied", "unchecked-reference"]
    );
}

#[test]
fn a_secret_outside_of_the_files_is_a_warning() {
    let report = report(&notebook("team-a/absent"));
    assert_eq!(rules_of(&report, "Notebook"), ["unchecked-reference"]);
    assert_eq!(report.count(Severity::Error), 0);
}

#[test]
fn a_secret_that_no_server_takes_is_an_error_without_its_value() {
    let report = report("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {K: canary!}\n");
    assert_eq!(rules_of(&report, "Secret"), ["unreadable-secret"]);
    assert!(!text::render(&report).contains("canary"));
}

#[test]
fn no_form_shows_a_value() {
    let report = report(&format!(
        "{SECRET}---\n{}",
        notebook("team-a/training-data")
    ));
    for text in [
        text::render(&report),
        json::render(&report),
        sarif::render(&report),
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn json_names_object_field_and_place() {
    let report = report(SECRET);
    let json: Value = serde_json::from_str(&json::render(&report)).expect("JSON");
    let finding = &json["findings"][0];
    assert_eq!(
        finding["object"],
        json!({"kind": "Secret", "namespace": "team-a", "name": "training-data"})
    );
    assert_eq!(
        (&finding["rule"], &finding["line"]),
        (&json!("endpoint-scheme"), &json!(10))
    );
    assert_eq!(json["checked"], json!({"secrets": 1, "workloads": 0}));
}

#[test]
fn every_result_of_sarif_points_at_its_rule() {
    let log: Value = serde_json::from_str(&sarif::render(&report(SECRET))).expect("JSON");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert!(!results.is_empty());
    for result in results {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let all: Vec<&str> = rules::all().map(|rule| rule.id).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn a_finding_of_a_cluster_has_no_file() {
    let object = manifest::parse(SECRET.as_bytes())
        .expect("a manifest")
        .remove(0);
    let mut report = Report::default();
    report.add_secret(&Secret::from_value(&object).expect("a Secret"));
    let log: Value = serde_json::from_str(&sarif::render(&report)).expect("JSON");
    let location = &log["runs"][0]["results"][0]["locations"][0];
    assert!(
        location.get("physicalLocation").is_none() && location.get("logicalLocations").is_some()
    );
}

#[test]
fn what_nobody_hears_is_a_warning() {
    let text = notebook("team-a/training-data").replace("Notebook", "PyTorchJob");
    let slip = notebook("").replace("/connections", "/conections");
    let report = report(&format!("{text}---\n{slip}---\n{SECRET}"));
    assert_eq!(rules_of(&report, "PyTorchJob"), ["unknown-workload"]);
    assert_eq!(rules_of(&report, "Notebook"), ["unknown-annotation"]);
    let entry = report
        .entries
        .iter()
        .find(|entry| entry.finding.rule == "unknown-annotation");
    assert_eq!(entry.and_then(|entry| entry.place.as_ref()?.line), Some(14));
}

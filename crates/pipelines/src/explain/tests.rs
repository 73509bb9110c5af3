use rstest::rstest;

use super::*;
use crate::InputFile;
use crate::deploykf::read;
use crate::model::DeploykfRelease;
use crate::render::{Names, Options, objects};

fn deployment(host: &str, region: &str, rest: &str) -> Deployment {
    let text = format!(
        "
deploykf_core: {{deploykf_profiles_generator: {{profiles: [{{name: team-1}}]}}}}
kubeflow_tools:
  pipelines:
    bucket: {{name: models, region: '{region}'}}
    objectStore: {{useExternal: true, host: {host}, {rest}}}
"
    );
    let file = InputFile {
        name: "values.yaml",
        text: &text,
    };
    read(&[file], DeploykfRelease::V0_1_5)
        .deployment
        .expect("no refusals")
}

fn explained(deployment: &Deployment, names: Names) -> Explanation {
    let options = Options {
        names,
        kyverno: false,
        secrets: None,
    };
    explain(deployment, &objects(deployment, options).0)
}

const KEYS: &str = "auth: {existingSecret: s}";
const AMAZON: &str = "s3.eu-west-1.amazonaws.com";

#[test]
fn every_reader_has_a_row_in_each_layout() {
    for names in [Names::Native, Names::Deploykf] {
        let found = explained(&deployment(AMAZON, "eu-west-1", KEYS), names);
        let readers: Vec<_> = found.readers.iter().map(|view| view.reader).collect();
        let expected = [
            "API server",
            "UI, minio://",
            "UI, s3://",
            "Argo controller",
            "TensorBoard viewers",
            "profile's UI proxy, minio://",
            "profile's UI proxy, s3://",
            "Argo in the profile",
            "v2 launcher",
        ];
        assert_eq!(readers, expected);
    }
}

#[test]
fn the_table_of_our_own_layout() {
    let mut deployment = deployment(AMAZON, "eu-west-1", KEYS);
    deployment.releases.kfp = crate::releases::NEWEST_KFP;
    let found = explained(&deployment, Names::Native);
    insta::assert_snapshot!(table(&found) + "\n" + &places(&found));
    assert!(found.consistent);
}

#[test]
fn the_table_of_deploykfs_layout() {
    let found = explained(
        &deployment(
            "minio.example.com",
            "",
            &format!("port: 9000, useSSL: false, {KEYS}"),
        ),
        Names::Deploykf,
    );
    insta::assert_snapshot!(table(&found));
}

fn differences(found: &Explanation, reader: &str) -> Vec<&'static str> {
    let view = found.readers.iter().find(|view| view.reader == reader);
    view.expect("the reader").differences.clone()
}

#[test]
fn google_is_found_by_its_own_protocol() {
    let mut deployment = deployment("storage.googleapis.com", "auto", KEYS);
    deployment.profiles[0].credentials = crate::model::Credentials::Environment;
    deployment.releases.kfp = crate::releases::NEWEST_KFP;
    let found = explained(&deployment, Names::Native);
    assert!(found.consistent, "{found:#?}");
    for reader in ["Argo in the profile", "v2 launcher"] {
        let view = found.readers.iter().find(|view| view.reader == reader);
        let finds = &view.expect("the reader").finds;
        assert_eq!(finds.endpoint.as_deref(), Some("storage.googleapis.com"));
        assert_eq!(finds.bucket.as_deref(), Some("models"));
        assert!(finds.keys.is_some(), "{reader}");
        assert_eq!(finds.credentials, Some(Login::Environment), "{reader}");
    }
}

#[test]
fn a_port_does_not_reach_the_uis_s3_source() {
    let found = explained(
        &deployment("minio.example.com", "r", &format!("port: 9000, {KEYS}")),
        Names::Native,
    );
    assert_eq!(differences(&found, "UI, s3://"), ["endpoint"]);
    assert_eq!(differences(&found, "UI, minio://"), [] as [&str; 0]);
    assert_eq!(differences(&found, "API server"), [] as [&str; 0]);
}

#[test]
fn an_empty_region_becomes_a_word_in_deploykfs_root() {
    let found = explained(&deployment("s3.amazonaws.com", "", KEYS), Names::Deploykf);
    assert_eq!(differences(&found, "v2 launcher"), ["region"]);
}

#[test]
fn viewers_of_deploykf_name_a_secret_that_profiles_do_not_have() {
    let found = explained(&deployment(AMAZON, "eu-west-1", KEYS), Names::Deploykf);
    assert_eq!(differences(&found, "TensorBoard viewers"), ["credentials"]);
}

#[test]
fn an_empty_region_is_what_v2_runs_die_of() {
    let mut deployment = deployment("s3.amazonaws.com", "", KEYS);
    deployment.releases.kfp = crate::releases::NEWEST_KFP;
    let found = explained(&deployment, Names::Native);
    let launcher = found.readers.last().expect("the launcher");
    let error = launcher.error.as_deref().unwrap_or_default();
    assert!(error.starts_with("MissingRegion"), "{error}");
    assert!(!found.consistent);
}

#[rstest]
#[case::any_region("s3.openshift-storage.svc")]
#[case::of_the_server("minio.example.com")]
#[case::auto("abc123.r2.cloudflarestorage.com")]
#[case::unknown("store.example.com")]
fn an_empty_region_that_may_be_filled_in_is_the_same_to_all(#[case] host: &str) {
    for kfp in ["2.1", "2.17"] {
        let mut deployment = deployment(host, "", KEYS);
        deployment.releases.kfp = kfp.parse().expect("a release");
        let found = explained(&deployment, Names::Native);
        assert!(found.consistent, "{kfp}: {found:#?}");
    }
}

#[rstest]
#[case("2.14", &[])]
#[case("2.15", &["addressing"])]
fn a_store_for_hosts_only_shows_who_uses_paths(#[case] kfp: &str, #[case] expected: &[&str]) {
    let mut deployment = deployment("s3.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou", KEYS);
    deployment.releases.kfp = kfp.parse().expect("a release");
    let found = explained(&deployment, Names::Native);
    assert_eq!(differences(&found, "API server"), expected);
}

#[test]
fn a_root_that_a_release_refuses_is_an_error() {
    let mut deployment = deployment(AMAZON, "eu-west-1", KEYS);
    deployment.releases.kfp = "2.5".parse().expect("a release");
    let found = explained(&deployment, Names::Deploykf);
    let launcher = found
        .readers
        .iter()
        .find(|view| view.reader == "v2 launcher");
    let error = launcher.and_then(|view| view.error.as_deref());
    assert_eq!(error, Some("unknown query parameter \"disableSSL\""));
    assert!(!found.consistent);
}

#[rstest]
#[case::ignored("2.16", &["endpoint"])]
#[case::read("2.17", &[])]
fn without_an_endpoint_v2_runs_go_to_amazon(#[case] kfp: &str, #[case] expected: &[&str]) {
    let mut deployment = deployment("minio.example.com", "r", "auth: {fromEnv: true}");
    deployment.releases.kfp = kfp.parse().expect("a release");
    let found = explained(&deployment, Names::Native);
    assert_eq!(differences(&found, "v2 launcher"), expected);
}

#[rstest]
#[case::ignored("2.16", None)]
#[case::read("2.17", Some("eu-west-1"))]
fn settings_beside_the_environment_are_read_late(#[case] kfp: &str, #[case] region: Option<&str>) {
    let mut deployment = deployment(AMAZON, "eu-west-1", "auth: {fromEnv: true}");
    deployment.releases.kfp = kfp.parse().expect("a release");
    let found = explained(&deployment, Names::Native);
    let launcher = found
        .readers
        .iter()
        .find(|view| view.reader == "v2 launcher");
    let finds = &launcher.expect("the launcher").finds;
    assert_eq!(finds.region.as_deref(), region);
    assert_eq!(finds.credentials, Some(Login::Environment));
}

#[test]
fn the_embedded_store_is_found_by_all_but_the_s3_source_and_viewers() {
    let text = "
deploykf_core: {deploykf_profiles_generator: {profiles: [{name: team-1}]}}
deploykf_opt: {deploykf_minio: {enabled: true}}
";
    let file = InputFile {
        name: "values.yaml",
        text,
    };
    let deployment = read(&[file], DeploykfRelease::V0_1_5)
        .deployment
        .expect("no refusals");
    let found = explained(&deployment, Names::Deploykf);
    let differ: Vec<_> = found
        .readers
        .iter()
        .filter(|view| view.differences.contains(&"endpoint"))
        .map(|view| view.reader)
        .collect();
    assert_eq!(differ, ["UI, s3://", "profile's UI proxy, s3://"]);
}

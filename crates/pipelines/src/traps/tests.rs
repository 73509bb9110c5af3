use bowline_core::Severity;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::InputFile;
use crate::deploykf::read;
use crate::model::{CaSource, Credentials, DeploykfRelease, Release};

const HOST: &str = "s3.eu-west-1.amazonaws.com";

/// An external store with keys and two profiles, as deployKF installs it.
fn with(host: &str, region: &str, deploykf: DeploykfRelease) -> Deployment {
    let text = format!(
        "
deploykf_core: {{deploykf_profiles_generator: {{profiles: [{{name: red}}, {{name: blue}}]}}}}
kubeflow_tools:
  pipelines:
    bucket: {{name: models, region: '{region}'}}
    objectStore: {{useExternal: true, host: {host}, auth: {{existingSecret: s}}}}
"
    );
    let file = InputFile {
        name: "values.yaml",
        text: &text,
    };
    read(&[file], deploykf).deployment.expect("no refusals")
}

fn amazon() -> Deployment {
    with(HOST, "eu-west-1", DeploykfRelease::V0_1_5)
}

/// The same without deployKF, for a release of Kubeflow Pipelines and Argo 4.1.
fn plain(kfp: &str) -> Deployment {
    let mut deployment = amazon();
    deployment.releases.deploykf = None;
    deployment.releases.kfp = release(kfp);
    deployment.releases.argo = release("4.1");
    deployment
}

fn release(text: &str) -> Release {
    text.parse().expect("a release")
}

fn rules(deployment: &Deployment, names: Names) -> Vec<&'static str> {
    // deployKF's layout is Kyverno's, ours is not.
    findings(deployment, names, names == Names::Deploykf)
        .into_iter()
        .map(|it| it.rule)
        .collect()
}

fn is_in(rule: &str, deployment: &Deployment, names: Names) -> bool {
    rules(deployment, names).contains(&rule)
}

fn without_keys(mut deployment: Deployment) -> Deployment {
    deployment.backend = Credentials::Environment;
    for profile in &mut deployment.profiles {
        profile.credentials = Credentials::Environment;
    }
    deployment
}

#[rstest]
#[case("2.2")]
#[case("2.14")]
#[case("2.17")]
fn a_usual_installation_is_in_no_error(#[case] kfp: &str) {
    let found = findings(&plain(kfp), Names::Native, false);
    assert!(
        found.iter().all(|it| it.severity != Severity::Error),
        "{found:?}"
    );
}

#[rstest]
#[case::external(HOST, DeploykfRelease::V0_1_4, true)]
#[case::with_a_query("minio.example.com", DeploykfRelease::V0_1_5, false)]
fn minio_roots_without_a_query(
    #[case] host: &str,
    #[case] deploykf: DeploykfRelease,
    #[case] is_trap: bool,
) {
    let deployment = with(host, "eu-west-1", deploykf);
    assert_eq!(is_in("minio-root", &deployment, Names::Deploykf), is_trap);
    assert!(!is_in("minio-root", &deployment, Names::Native));
}

#[test]
fn minio_roots_with_a_query_before_they_are_heard() {
    let mut deployment = with("minio.example.com", "r", DeploykfRelease::V0_1_5);
    deployment.releases.deploykf = None;
    assert!(is_in("minio-root", &deployment, Names::Deploykf));
}

#[rstest]
#[case::first("2.0", true)]
#[case::deploykfs("2.1", false)]
#[case::last("2.4", false)]
#[case::newer_go_cdk("2.5", true)]
#[case::newest("2.17", true)]
#[case::unreleased("master", true)]
fn query_roots_by_release(#[case] kfp: &str, #[case] is_trap: bool) {
    let mut deployment = amazon();
    deployment.releases.kfp = release(kfp);
    assert_eq!(is_in("query-root", &deployment, Names::Deploykf), is_trap);
    // Ours has a query only where there are no `providers`, and then one that is understood.
    let is_too_old = deployment.releases.kfp < release("2.1");
    assert_eq!(is_in("query-root", &deployment, Names::Native), is_too_old);
}

#[rstest]
#[case::another_store("minio.example.com", "s3://{bucket_name}/v2/{profile_name}", true)]
#[case::amazons(HOST, "s3://{bucket_name}/v2/{profile_name}", false)]
#[case::with_a_query(
    "minio.example.com",
    "s3://{bucket_name}/v2/{profile_name}?region=r",
    false
)]
fn roots_that_mean_amazon(#[case] host: &str, #[case] root: &str, #[case] is_trap: bool) {
    let mut deployment = with(host, "eu-west-1", DeploykfRelease::V0_1_5);
    deployment.layout.pipeline_root = root.to_owned();
    assert_eq!(
        is_in("plain-s3-root", &deployment, Names::Deploykf),
        is_trap
    );
    // `providers` say the rest.
    assert!(!is_in("plain-s3-root", &deployment, Names::Native));
}

#[rstest]
#[case::another_description(true, Names::Deploykf, true)]
#[case::deploykfs_own(false, Names::Deploykf, false)]
#[case::our_layout(true, Names::Native, false)]
fn what_deploykf_cannot_be_told(
    #[case] is_moved: bool,
    #[case] names: Names,
    #[case] is_trap: bool,
) {
    let mut deployment = amazon();
    deployment.store.addressing = crate::model::Addressing::Virtual;
    if is_moved {
        deployment.releases.deploykf = None;
    }
    assert_eq!(is_in("not-in-deploykf", &deployment, names), is_trap);
}

#[test]
fn roots_of_another_form() {
    let mut deployment = amazon();
    deployment.layout.pipeline_root = "/v2/artifacts/{profile_name}".to_owned();
    assert!(is_in("root-form", &deployment, Names::Deploykf));
}

#[rstest]
#[case("1.8.22", "role-unsure")]
#[case("2.5", "role-unsure")]
#[case("2.15", "empty-keys-refused")]
#[case("2.16", "empty-keys")]
fn roles_and_the_api_server(#[case] kfp: &str, #[case] rule: &str) {
    assert!(is_in(rule, &without_keys(plain(kfp)), Names::Native));
    assert!(!is_in(rule, &plain(kfp), Names::Native));
}

#[rstest]
#[case("2.5", true)]
#[case("2.16", false)]
fn roles_that_people_report_to_fail(#[case] kfp: &str, #[case] is_trap: bool) {
    let deployment = without_keys(plain(kfp));
    assert_eq!(is_in("role-unsure", &deployment, Names::Native), is_trap);
}

#[rstest]
#[case("2.1", false)]
#[case("2.2", true)]
#[case("2.16", true)]
#[case("2.17", false)]
fn settings_beside_the_environment(#[case] kfp: &str, #[case] is_trap: bool) {
    assert_eq!(
        is_in("env-settings", &without_keys(plain(kfp)), Names::Native),
        is_trap
    );
    assert!(!is_in("env-settings", &plain(kfp), Names::Native));
}

#[rstest]
#[case::amazon(HOST, Names::Native, true, true, &[])]
#[case::another_store("minio.example.com", Names::Native, false, true, &[Severity::Warning])]
#[case::google_by_its_own_protocol("storage.googleapis.com", Names::Native, false, true, &[])]
#[case::google_and_its_backend("storage.googleapis.com", Names::Native, true, true, &[Severity::Error])]
#[case::google_as_deploykf_has_it("storage.googleapis.com", Names::Deploykf, false, true, &[Severity::Error])]
#[case::google_with_keys("storage.googleapis.com", Names::Native, false, false, &[])]
fn identities_by_store(
    #[case] host: &str,
    #[case] names: Names,
    #[case] of_backend: bool,
    #[case] of_profiles: bool,
    #[case] expected: &[Severity],
) {
    let mut deployment = with(host, "eu-west-1", DeploykfRelease::V0_1_5);
    if of_backend {
        deployment.backend = Credentials::Environment;
    }
    for profile in deployment.profiles.iter_mut().filter(|_| of_profiles) {
        profile.credentials = Credentials::Environment;
    }
    let found = findings(&deployment, names, false);
    let identities = found.iter().filter(|it| it.rule == "identity");
    let severities: Vec<_> = identities.map(|it| it.severity).collect();
    assert_eq!(severities, expected);
}

#[test]
fn one_profile_with_keys_takes_googles_protocol_from_all() {
    let mut deployment = with("storage.googleapis.com", "auto", DeploykfRelease::V0_1_5);
    deployment.profiles[0].credentials = Credentials::Environment;
    assert!(is_in("identity", &deployment, Names::Native));
}

#[test]
fn accounts_without_a_role() {
    let bare = without_keys(plain("2.16"));
    let count = |deployment: &Deployment| {
        rules(deployment, Names::Native)
            .iter()
            .filter(|rule| **rule == "no-role")
            .count()
    };
    // The API server, the UI, two of Argo, and two profiles.
    assert_eq!(count(&bare), 6);
    let mut annotated = bare.clone();
    let role = (
        "eks.amazonaws.com/role-arn".to_owned(),
        "arn:aws:iam::1:role/r".to_owned(),
    );
    annotated.accounts.api_server.annotations.extend([role]);
    annotated.profiles[0].plugins =
        vec![json!({"kind": "AwsIamForServiceAccount", "spec": {"awsIamRole": "r"}})];
    assert_eq!(count(&annotated), 4);
    assert!(is_in("editor-only", &annotated, Names::Native));
    assert!(!is_in("editor-only", &bare, Names::Native));
}

#[rstest]
#[case("3.5", 2)]
#[case("3.6", 1)]
fn session_tokens_by_argo(#[case] argo: &str, #[case] count: usize) {
    let mut deployment = plain("2.16");
    deployment.releases.argo = release(argo);
    if let Credentials::Keys(keys) = &mut deployment.profiles[0].credentials {
        keys.session_token_key = Some("AWS_SESSION_TOKEN".to_owned());
    }
    let found = rules(&deployment, Names::Native);
    assert_eq!(
        found
            .iter()
            .filter(|rule| **rule == "session-token")
            .count(),
        count
    );
}

#[rstest]
#[case::deploykf(amazon(), Names::Deploykf, true, &["keys-in-tasks"])]
#[case::deploykfs_ways_without_it(plain("2.1"), Names::Deploykf, true, &["keys-in-tasks"])]
#[case::old_deploykf(with(HOST, "eu-west-1", DeploykfRelease::V0_1_4), Names::Deploykf, true, &[])]
#[case::by_kyverno(plain("2.1"), Names::Native, true, &["keys-in-tasks"])]
#[case::by_nobody(plain("2.1"), Names::Native, false, &["no-keys-for-runs"])]
#[case::first_release(plain("2.0"), Names::Native, false, &["no-keys-for-runs"])]
#[case::roles_by_kyverno(without_keys(plain("2.1")), Names::Native, true, &[])]
#[case::roles(without_keys(plain("2.1")), Names::Native, false, &[])]
#[case::providers(plain("2.2"), Names::Native, false, &[])]
#[case::providers_and_kyverno(plain("2.2"), Names::Native, true, &[])]
fn keys_reach_runs_and_who_else_sees_them(
    #[case] deployment: Deployment,
    #[case] names: Names,
    #[case] kyverno: bool,
    #[case] expected: &[&str],
) {
    let found = findings(&deployment, names, kyverno);
    let about_keys = |rule: &&str| ["keys-in-tasks", "no-keys-for-runs"].contains(rule);
    let rules: Vec<_> = found.iter().map(|it| it.rule).filter(about_keys).collect();
    assert_eq!(rules, expected);
}

#[test]
fn what_is_said_about_keys_is_so_of_the_objects() {
    for kfp in crate::releases::KFP {
        for kyverno in [true, false] {
            let mut deployment = plain("2.0");
            deployment.releases.kfp = kfp;
            let options = crate::render::Options {
                names: Names::Native,
                kyverno,
                secrets: None,
            };
            let (objects, _) = crate::render::objects(&deployment, options);
            let text = serde_json::to_string(&objects).expect("plain data");
            let are_injected = text.contains("patch-kfp-v2-pods");
            let are_provided = text.contains("\"providers\"");
            let found = findings(&deployment, Names::Native, kyverno);
            let has = |rule| found.iter().any(|it| it.rule == rule);
            assert_eq!(has("keys-in-tasks"), are_injected, "{kfp} {kyverno}");
            let are_nowhere = !are_injected && !are_provided;
            assert_eq!(has("no-keys-for-runs"), are_nowhere, "{kfp} {kyverno}");
        }
    }
}

#[rstest]
#[case::another_port(Some(9000), true)]
#[case::the_usual_port(Some(443), false)]
#[case::no_port(None, false)]
fn ports_that_the_ui_cannot_be_told(#[case] port: Option<u16>, #[case] is_trap: bool) {
    let mut deployment = plain("2.5");
    deployment.store.endpoint.host = "minio.example.com".to_owned();
    deployment.store.endpoint.port = port;
    assert_eq!(is_in("ui-port", &deployment, Names::Native), is_trap);
}

#[rstest]
#[case::strict("s3.eu-de.cloud-object-storage.appdomain.cloud", "eu-de", true)]
#[case::by_s3_root(HOST, "eu-west-1", false)]
#[case::the_uis_own("s3.us-east-1.wasabisys.com", "us-east-1", false)]
#[case::lenient("minio.example.com", "somewhere", false)]
fn regions_that_the_ui_cannot_be_told(
    #[case] host: &str,
    #[case] region: &str,
    #[case] is_trap: bool,
) {
    let deployment = with(host, region, DeploykfRelease::V0_1_5);
    assert_eq!(is_in("ui-region", &deployment, Names::Deploykf), is_trap);
}

#[rstest]
#[case("2.14", false)]
#[case("2.15", true)]
fn proxies_that_are_off(#[case] kfp: &str, #[case] is_trap: bool) {
    let mut deployment = plain(kfp);
    assert_eq!(is_in("ui-proxy", &deployment, Names::Native), is_trap);
    for profile in &mut deployment.profiles {
        profile.credentials = deployment.backend.clone();
    }
    assert!(!is_in("ui-proxy", &deployment, Names::Native));
}

#[test]
fn viewers_that_name_the_backends_secret() {
    assert!(is_in("viewer-secret", &amazon(), Names::Deploykf));
    assert!(!is_in("viewer-secret", &amazon(), Names::Native));
    assert!(!is_in(
        "viewer-secret",
        &without_keys(amazon()),
        Names::Deploykf
    ));
}

#[rstest]
#[case("3.4", "2.17", &["private-ca", "late-ca"])]
#[case("3.5", "2.17", &["late-ca"])]
#[case("3.5", "master", &[])]
fn private_authorities(#[case] argo: &str, #[case] kfp: &str, #[case] expected: &[&str]) {
    let mut deployment = plain(kfp);
    deployment.releases.argo = release(argo);
    deployment.store.ca = Some(CaSource {
        is_secret: true,
        name: "ca".to_owned(),
        key: "ca.crt".to_owned(),
    });
    let mut found = rules(&deployment, Names::Native);
    found.retain(|rule| rule.ends_with("-ca"));
    assert_eq!(found, expected);
}

#[rstest]
#[case("2.14", false)]
#[case("2.15", true)]
fn the_controller_that_upstream_installs(#[case] kfp: &str, #[case] is_trap: bool) {
    assert_eq!(
        is_in("upstream-controller", &plain(kfp), Names::Native),
        is_trap
    );
    assert!(!is_in("upstream-controller", &amazon(), Names::Deploykf));
}

#[rstest]
#[case::guessed("minio.example.com", "2.15", true)]
#[case::not_yet_guessed("minio.example.com", "2.14", false)]
#[case::does_not_matter("storage.googleapis.com", "2.17", false)]
fn empty_regions_that_are_guessed(#[case] host: &str, #[case] kfp: &str, #[case] is_trap: bool) {
    let mut deployment = with(host, "", DeploykfRelease::V0_1_5);
    deployment.releases.kfp = release(kfp);
    assert_eq!(
        is_in("default-region", &deployment, Names::Deploykf),
        is_trap
    );
    // Our own layout names one.
    assert!(!is_in("default-region", &deployment, Names::Native));
}

#[rstest]
#[case::begins_alike(&["team-1", "team-10"], true)]
#[case::in_another_order(&["team-10", "blue", "team-1"], true)]
#[case::differ(&["team-1", "team-2"], false)]
fn names_of_which_one_begins_as_the_other(#[case] names: &[&str], #[case] is_trap: bool) {
    let mut deployment = plain("2.16");
    let like = deployment.profiles[0].clone();
    let named = |name: &&str| crate::model::Profile {
        name: (*name).to_owned(),
        ..like.clone()
    };
    deployment.profiles = names.iter().map(named).collect();
    assert_eq!(is_in("similar-names", &deployment, Names::Native), is_trap);
}

#[test]
fn key_formats_that_mix_profiles() {
    let mut deployment = plain("2.16");
    assert!(!is_in("no-isolation", &deployment, Names::Native));
    deployment.layout.artifacts_key_format =
        "artifacts/{{workflow.namespace}}-{{pod.name}}".to_owned();
    assert!(is_in("no-isolation", &deployment, Names::Native));
}

#[rstest]
#[case::two_folders(
    "2.17",
    "artifacts/{{workflow.namespace}}/x",
    "s3://b/v2/artifacts/{profile_name}",
    true
)]
#[case::not_yet(
    "2.16",
    "artifacts/{{workflow.namespace}}/x",
    "s3://b/v2/artifacts/{profile_name}",
    false
)]
#[case::one_folder(
    "2.17",
    "private-artifacts/{{ workflow.namespace }}/x",
    "s3://b/private-artifacts/{profile_name}/v2",
    false
)]
fn layouts_that_the_newest_ui_cannot_tell_apart(
    #[case] kfp: &str,
    #[case] format: &str,
    #[case] root: &str,
    #[case] is_trap: bool,
) {
    let mut deployment = plain(kfp);
    deployment.layout.artifacts_key_format = format.to_owned();
    deployment.layout.pipeline_root = root.to_owned();
    assert_eq!(is_in("ui-prefix", &deployment, Names::Native), is_trap);
}

#[test]
fn the_worst_comes_first() {
    let mut deployment = plain("2.16");
    deployment.store.region = String::new();
    let found = findings(&deployment, Names::Native, false);
    assert!(
        found.is_sorted_by_key(|it| std::cmp::Reverse(it.severity)),
        "{found:?}"
    );
    assert_eq!(found[0].rule, "empty-region");
}

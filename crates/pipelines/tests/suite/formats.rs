//! What is rendered for each release of Kubeflow Pipelines: in the form that the release takes, and the
//! same text as before.

use std::fmt::Write;

use bowline_pipelines::model::Release;
use bowline_pipelines::releases::{KFP, NEWEST_KFP, argo_of};
use bowline_pipelines::render::{self, Names, Options};
use bowline_pipelines::{Deployment, InputFile, store_document};
use rstest::rstest;
use serde_json::{Value, json};

use crate::case::name_of;
use crate::schema::Schema;

/// Stores that want different things of the formats.
const STORES: [(&str, &str); 4] = [
    (
        "keys",
        "connection: s3, endpoint: 'http://minio.example.com:9000', region: us-east-1",
    ),
    (
        "IRSA",
        "endpoint: 'https://s3.eu-west-1.amazonaws.com', region: eu-west-1, auth: {type: IRSA, backendIdentity: 'arn:aws:iam::1:role/kfp', profileIdentity: 'arn:aws:iam::1:role/kfp-{profile_name}'}",
    ),
    (
        "identity of Google",
        "endpoint: 'https://storage.googleapis.com', region: auto, auth: {type: GKEWorkloadIdentity, backendIdentity: kfp@project.iam.gserviceaccount.com, profileIdentity: 'kfp-{profile_name}@project.iam.gserviceaccount.com'}",
    ),
    (
        "authority, token and virtual hosts",
        "connection: s3, endpoint: 'https://store.example.com', region: r, addressing: virtual, ca: {secretName: authority}, auth: {sessionTokenKey: AWS_SESSION_TOKEN}",
    ),
];

const LAYOUTS: [(&str, Names); 2] = [("native", Names::Native), ("deploykf", Names::Deploykf)];

fn deployment(spec: &str, kfp: Release, argo: Release) -> Deployment {
    let text = format!(
        "apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nmetadata: {{name: kfp}}\nspec: {{bucket: models, profiles: [{{name: team-1}}], {spec}}}\n"
    );
    let file = InputFile {
        name: "store.yaml",
        text: &text,
    };
    let reading = store_document::read(file, &[]);
    let mut deployment = reading
        .deployment
        .unwrap_or_else(|| panic!("{spec}: {:?}", reading.findings));
    deployment.releases.kfp = kfp;
    deployment.releases.argo = argo;
    deployment
}

/// The texts that the launcher and Argo read, by the objects that hold them.
struct Texts {
    launchers: Vec<(String, Value)>,
    repositories: Vec<(String, String)>,
}

fn texts(deployment: &Deployment, names: Names) -> Texts {
    let options = Options {
        names,
        kyverno: names == Names::Deploykf,
        secrets: None,
    };
    let (mut launchers, mut repositories) = (Vec::new(), Vec::new());
    for object in render::objects(deployment, options).0 {
        let name = name_of(&object);
        let data = &object["data"];
        if name.ends_with("/kfp-launcher") {
            launchers.push((name.clone(), data.clone()));
        }
        for key in ["artifactRepository", "default-v1"] {
            if let Some(text) = data[key].as_str() {
                repositories.push((format!("{name} {key}"), text.to_owned()));
            }
        }
    }
    Texts {
        launchers,
        repositories,
    }
}

fn parsed(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("YAML")
}

/// The data of the launcher's ConfigMap, with `providers` read.
fn read(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(text) = data["providers"].as_str().map(str::to_owned) {
        data["providers"] = parsed(&text);
    }
    data
}

fn launcher_schema() -> Value {
    serde_json::from_str(include_str!("../../schemas/kfp-launcher.json")).expect("JSON")
}

fn repository_schema() -> Value {
    serde_json::from_str(include_str!("../../schemas/argo-artifact-repository.json")).expect("JSON")
}

fn is_in_form(texts: &Texts, kfp: Release, argo: Release) {
    // Without them nothing is looked at.
    assert_eq!(texts.launchers.len(), 1);
    assert_eq!(texts.repositories.len(), 2);
    let (launcher, repository) = (launcher_schema(), repository_schema());
    for (name, data) in &texts.launchers {
        let mistakes = Schema::of(&launcher, kfp).mistakes(&read(data));
        assert!(mistakes.is_empty(), "{name} at {kfp}: {mistakes:#?}");
    }
    for (name, text) in &texts.repositories {
        let mistakes = Schema::of(&repository, argo).mistakes(&parsed(text));
        assert!(mistakes.is_empty(), "{name} at Argo {argo}: {mistakes:#?}");
    }
}

#[test]
fn every_release_gets_what_it_takes_and_the_same_as_before() {
    for kfp in KFP {
        let mut golden = String::new();
        for (what, spec) in STORES {
            for (layout, names) in LAYOUTS {
                let argo = argo_of(kfp);
                let texts = texts(&deployment(spec, kfp, argo), names);
                is_in_form(&texts, kfp, argo);
                writeln!(golden, "# {what}, {layout}").expect("memory");
                for (name, data) in &texts.launchers {
                    for (key, text) in data.as_object().expect("data") {
                        let text = text.as_str().expect("text");
                        writeln!(golden, "## {name} {key}\n{}", text.trim_end()).expect("memory");
                    }
                }
                for (name, text) in &texts.repositories {
                    writeln!(golden, "## {name}\n{}", text.trim_end()).expect("memory");
                }
            }
        }
        insta::assert_snapshot!(format!("kfp-{kfp}"), golden);
    }
}

#[rstest]
#[case("3.3")]
#[case("3.4")]
#[case("3.5")]
#[case("3.6")]
#[case("4.0")]
#[case("4.1")]
fn every_release_of_argo_gets_what_it_takes(#[case] argo: &str) {
    let argo = argo.parse().expect("a release");
    for (_, spec) in STORES {
        for (_, names) in LAYOUTS {
            let texts = texts(&deployment(spec, NEWEST_KFP, argo), names);
            is_in_form(&texts, NEWEST_KFP, argo);
        }
    }
}

#[rstest]
#[case::providers("2.1", "2.2", json!({"providers": {}}))]
#[case::path_style("2.3", "2.4", s3(&json!({"forcePathStyle": true})))]
#[case::retries("2.14", "2.15", s3(&json!({"maxRetries": 3})))]
fn the_launchers_form_knows_no_field_before_its_release(
    #[case] before: &str,
    #[case] since: &str,
    #[case] data: Value,
) {
    let schema = launcher_schema();
    let mistakes = |release: &str| {
        let release = release.parse().expect("a release");
        Schema::of(&schema, release).mistakes(&data)
    };
    assert_eq!(mistakes(since), [] as [String; 0]);
    assert_eq!(mistakes(before).len(), 1);
}

#[rstest]
#[case::authority("3.4", "3.5", json!({"caSecret": {"name": "s", "key": "k"}}))]
#[case::token("3.5", "3.6", json!({"sessionTokenSecret": {"name": "s", "key": "k"}}))]
#[case::style("4.0", "4.1", json!({"addressingStyle": "path"}))]
fn the_repositorys_form_knows_no_field_before_its_release(
    #[case] before: &str,
    #[case] since: &str,
    #[case] field: Value,
) {
    let schema = repository_schema();
    let mut s3 = json!({"endpoint": "e", "bucket": "b", "useSDKCreds": true});
    json_patch::merge(&mut s3, &field);
    let mistakes = |release: &str| {
        let release = release.parse().expect("a release");
        Schema::of(&schema, release).mistakes(&json!({"s3": s3}))
    };
    assert_eq!(mistakes(since), [] as [String; 0]);
    assert_eq!(mistakes(before).len(), 1);
}

#[rstest]
#[case::misspelt(s3(&json!({"forcePathstyle": true})))]
#[case::of_another_type(s3(&json!({"region": 1})))]
#[case::text_for_a_truth(s3(&json!({"disableSSL": "false"})))]
#[case::no_credentials(s3(&json!({"credentials": null})))]
#[case::neither_keys_nor_environment(s3(&json!({"credentials": {"fromEnv": false}})))]
#[case::half_a_secret(s3(&json!({"credentials": {"fromEnv": false, "secretRef": {"secretName": "s"}}})))]
#[case::unknown_scheme(json!({"providers": {"gcs": {}}}))]
#[case::unread_text(json!({"providers": "s3: {}"}))]
fn the_launchers_form_is_strict(#[case] data: Value) {
    let schema = launcher_schema();
    let mistakes = Schema::of(&schema, NEWEST_KFP).mistakes(&data);
    assert!(!mistakes.is_empty(), "{data}");
}

#[test]
fn what_is_rendered_for_the_newest_release_is_not_in_the_form_of_the_oldest() {
    let (kfp, argo) = (NEWEST_KFP, Release::new(4, 1, 0));
    let texts = texts(&deployment(STORES[3].1, kfp, argo), Names::Native);
    let launcher = launcher_schema();
    let old = Schema::of(&launcher, Release::new(2, 3, 0));
    let mistakes = old.mistakes(&read(&texts.launchers[0].1));
    assert_eq!(
        mistakes,
        ["`/providers/s3/default/forcePathStyle`: unknown to 2.3.0"]
    );
    let repository = repository_schema();
    let old = Schema::of(&repository, Release::new(3, 3, 10));
    let mistakes = old.mistakes(&parsed(&texts.repositories[0].1));
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
}

/// The launcher's data with a store that has keys from the environment, and more.
fn s3(more: &Value) -> Value {
    let mut default = json!({"endpoint": "e", "credentials": {"fromEnv": true}});
    json_patch::merge(&mut default, more);
    json!({"defaultPipelineRoot": "s3://b/p", "providers": {"s3": {"default": default}}})
}

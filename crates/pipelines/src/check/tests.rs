use rstest::rstest;

use super::*;
use crate::InputFile;
use crate::deploykf::read;
use crate::explain::explain;
use crate::model::DeploykfRelease;
use crate::render::{Names, Options, objects};

fn deployment(profiles: &str, key_format: &str) -> Deployment {
    let text = format!(
        "
deploykf_core: {{deploykf_profiles_generator: {{profiles: [{profiles}]}}}}
kubeflow_dependencies: {{kubeflow_argo_workflows: {{artifactRepository: {{keyFormat: '{key_format}'}}}}}}
kubeflow_tools:
  pipelines:
    bucket: {{name: models, region: r}}
    objectStore: {{useExternal: true, host: store.example.com, auth: {{existingSecret: s}}}}
"
    );
    let file = InputFile {
        name: "values.yaml",
        text: &text,
    };
    let read = read(&[file], DeploykfRelease::V0_1_5).deployment;
    let mut deployment = read.expect("no refusals");
    deployment.releases.kfp = crate::releases::NEWEST_KFP;
    deployment
}

const KEY_FORMAT: &str = "artifacts/{{workflow.namespace}}/{{workflow.name}}";

fn shown(deployment: &Deployment, chosen: &[&str]) -> Vec<String> {
    let options = Options {
        names: Names::Native,
        kyverno: false,
        secrets: None,
    };
    let explanation = explain(deployment, &objects(deployment, options).0);
    let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
    let visits = visits(deployment, &explanation, &chosen);
    let verb = |visit: &Visit| if visit.writes { "writes" } else { "reads" };
    let line = |visit: &Visit| {
        let (who, namespace) = (visit.reader, &visit.namespace);
        format!("{who} in {namespace} {} {}", verb(visit), visit.prefix)
    };
    visits.iter().map(line).collect()
}

#[test]
fn every_reader_goes_where_its_own_keys_lie() {
    let deployment = deployment("{name: team-1}", KEY_FORMAT);
    let expected = [
        "API server in kubeflow writes pipelines/",
        "UI, minio:// in kubeflow reads artifacts/",
        "UI, minio:// in kubeflow reads v2/artifacts/",
        "UI, s3:// in kubeflow reads artifacts/",
        "UI, s3:// in kubeflow reads v2/artifacts/",
        "Argo controller in kubeflow-argo-workflows writes artifacts/",
        "TensorBoard viewers in team-1 reads artifacts/team-1/",
        "TensorBoard viewers in team-1 reads v2/artifacts/team-1/",
        "profile's UI proxy, minio:// in team-1 reads artifacts/team-1/",
        "profile's UI proxy, minio:// in team-1 reads v2/artifacts/team-1/",
        "profile's UI proxy, s3:// in team-1 reads artifacts/team-1/",
        "profile's UI proxy, s3:// in team-1 reads v2/artifacts/team-1/",
        "Argo in the profile in team-1 writes artifacts/team-1/",
        "v2 launcher in team-1 writes v2/artifacts/team-1/",
    ];
    assert_eq!(shown(&deployment, &[]), expected);
}

#[test]
fn a_layout_without_the_namespace_sends_all_profiles_to_one_place() {
    let deployment = deployment("{name: team-1}", "runs/{{workflow.name}}");
    let found = shown(&deployment, &[]);
    let argo = "Argo in the profile in team-1 writes runs/";
    assert!(found.iter().any(|line| line == argo), "{found:#?}");
}

#[test]
fn profiles_that_are_not_chosen_are_left_alone() {
    let deployment = deployment("{name: team-1}, {name: team-10}", KEY_FORMAT);
    let found = shown(&deployment, &["team-10"]);
    assert!(
        found.iter().all(|line| !line.contains("team-1/")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|line| line.contains("in team-10")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|line| line.starts_with("API server")),
        "{found:#?}"
    );
}

#[test]
fn readers_do_not_write_to_the_same_object() {
    let deployment = deployment("{name: team-1}, {name: team-10}", "{{workflow.name}}");
    let options = Options {
        names: Names::Native,
        kyverno: false,
        secrets: None,
    };
    let explanation = explain(&deployment, &objects(&deployment, options).0);
    let visits = visits(&deployment, &explanation, &[]);
    let keys: std::collections::BTreeSet<String> = visits.iter().map(Visit::key).collect();
    assert_eq!(keys.len(), visits.len());
    assert!(keys.iter().all(|key| key.contains(OWN_FOLDER)));
}

#[rstest]
#[case(&["a", "b", "c"], 6, 6, 0)]
#[case(&["a", "b", "c"], 5, 4, 2)]
#[case(&["a"], 5, 0, 0)]
#[case(&[], 5, 0, 0)]
fn pairs_are_bounded_and_the_rest_is_counted(
    #[case] names: &[&str],
    #[case] most: usize,
    #[case] tried: usize,
    #[case] left_out: usize,
) {
    let (pairs, left) = pairs(names, most);
    assert_eq!((pairs.len(), left), (tried, left_out));
}

#[test]
fn names_that_begin_alike_come_first() {
    let names = ["zoo", "team-1", "bar", "team-10"];
    assert_eq!(pairs(&names, 2).0, [(1, 3), (3, 1)]);
}

use rstest::rstest;
use serde_json::json;

use super::*;

const NOTEBOOK: (&str, &str) = ("kubeflow.org/v1", "Notebook");
const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");
const MODEL: (&str, &str) = ("serving.kserve.io/v1beta1", "InferenceService");
const ACCOUNT: (&str, &str) = ("v1", "ServiceAccount");

fn cleaned((api_version, kind): (&str, &str), mut object: Value) -> Cleaned {
    object["metadata"]["namespace"] = "harbour".into();
    let mut cleaned = clean(Kind::named(api_version, kind).unwrap(), &object, "tides");
    cleaned.object["metadata"]
        .as_object_mut()
        .unwrap()
        .shift_remove("namespace");
    cleaned
}

fn annotated(text: &str) -> Value {
    json!({"metadata": {"annotations": {"opendatahub.io/connections": text}}})
}

fn pod(spec: &Value) -> Value {
    json!({"metadata": {}, "spec": {"template": {"spec": spec}}})
}

#[rstest]
#[case::first(NOTEBOOK, "harbour/tides,harbour/charts", "harbour/charts")]
#[case::blanks(NOTEBOOK, "harbour/charts , harbour/tides, x/y", "harbour/charts,x/y")]
#[case::of_another_namespace(NOTEBOOK, "harbour/tides,inland/tides", "inland/tides")]
#[case::bare(DEPLOYMENT, "tides,charts", "charts")]
#[case::twice(DEPLOYMENT, "tides,charts,harbour/tides", "charts")]
fn a_list_loses_one_entry(#[case] kind: (&str, &str), #[case] before: &str, #[case] after: &str) {
    assert_eq!(cleaned(kind, annotated(before)).object, annotated(after));
}

#[test]
fn an_annotation_that_names_nothing_any_more_goes() {
    let cleaned = cleaned(NOTEBOOK, annotated("harbour/tides"));
    assert_eq!(cleaned.object, json!({"metadata": {"annotations": {}}}));
}

#[test]
fn a_model_loses_its_reference_its_path_and_its_storage_key() {
    let annotations = json!({
        "opendatahub.io/connections": "tides", "opendatahub.io/connection-path": "a/b", "x": "y",
    });
    let storage = json!({"key": "tides", "path": "a/b"});
    let model = json!({
        "metadata": {"annotations": annotations},
        "spec": {"predictor": {"model": {"storage": storage, "runtime": "r"}}},
    });
    let expected = json!({
        "metadata": {"annotations": {"x": "y"}},
        "spec": {"predictor": {"model": {"runtime": "r"}}},
    });
    assert_eq!(cleaned(MODEL, model).object, expected);
}

#[test]
fn variables_and_pull_secrets_go_and_others_keep_their_order() {
    let variable = |name: &str, secret: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}});
    let from = |secret: &str| json!({"secretRef": {"name": secret}});
    let before = pod(&json!({
        "containers": [{
            "env": [variable("A", "tides"), variable("B", "charts"), variable("C", "tides")],
            "envFrom": [from("charts"), from("tides")],
        }],
        "initContainers": [{"envFrom": [from("tides")]}],
        "imagePullSecrets": [{"name": "tides"}, {"name": "charts"}],
    }));
    let after = pod(&json!({
        "containers": [{"env": [variable("B", "charts")], "envFrom": [from("charts")]}],
        "initContainers": [{}],
        "imagePullSecrets": [{"name": "charts"}],
    }));
    assert_eq!(
        cleaned(DEPLOYMENT, before),
        Cleaned {
            object: after,
            stuck: vec![]
        }
    );
}

#[test]
fn many_items_of_one_list_go_whatever_their_number() {
    let items: Vec<_> = (0..25)
        .map(|n| json!({"name": if n % 2 == 0 { "tides" } else { "charts" }}))
        .collect();
    let cleaned = cleaned(ACCOUNT, json!({"metadata": {}, "secrets": items}));
    let left = cleaned.object["secrets"].as_array().unwrap();
    assert_eq!(left.len(), 12);
    assert!(left.iter().all(|item| item["name"] == "charts"));
}

#[test]
fn a_volume_stays_and_is_named() {
    let before = pod(&json!({"volumes": [{"name": "v", "secret": {"secretName": "tides"}}]}));
    let cleaned = cleaned(DEPLOYMENT, before.clone());
    assert_eq!(cleaned.object, before);
    assert_eq!(
        cleaned.stuck,
        ["mounts it as a volume (`spec.template.spec.volumes[0].secret.secretName`)"]
    );
}

#[test]
fn a_pod_that_has_started_cannot_be_changed() {
    let pod = json!({"metadata": {}, "spec": {"imagePullSecrets": [{"name": "tides"}]}});
    let cleaned = cleaned(("v1", "Pod"), pod);
    assert_eq!(
        cleaned.stuck,
        ["cannot be changed any more (`spec.imagePullSecrets[0].name`)"]
    );
}

#[test]
fn what_does_not_name_the_connection_stays_as_it_is() {
    let before = annotated("harbour/charts");
    assert_eq!(cleaned(NOTEBOOK, before.clone()).object, before);
}

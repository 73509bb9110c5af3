//! Discovery: kube-rs finds the kinds by themselves, those of CustomResourceDefinitions included.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Discovery, Scope, pinned_kind, verbs};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, ResourceExt};
use rstest::rstest;
use serde_json::json;

use super::{Harbour, parsed, status};

#[rstest]
#[case("kubeflow.org", "v1", "Notebook", "notebooks")]
#[case(
    "serving.kserve.io",
    "v1beta1",
    "InferenceService",
    "inferenceservices"
)]
#[case(
    "serving.kserve.io",
    "v1alpha1",
    "LLMInferenceService",
    "llminferenceservices"
)]
#[case(
    "serving.kserve.io",
    "v1alpha2",
    "LLMInferenceService",
    "llminferenceservices"
)]
#[case("ray.io", "v1", "RayCluster", "rayclusters")]
#[case("ray.io", "v1", "RayJob", "rayjobs")]
#[case("", "v1", "Secret", "secrets")]
#[case("apps", "v1", "Deployment", "deployments")]
#[tokio::test]
async fn a_kind_is_found_by_discovery(
    #[case] group: &str,
    #[case] version: &str,
    #[case] kind: &str,
    #[case] plural: &str,
) {
    let harbour = Harbour::new().await;
    let wanted = GroupVersionKind::gvk(group, version, kind);
    let (resource, capabilities) = pinned_kind(&harbour.client, &wanted).await.expect("found");
    assert_eq!(resource.plural, plural);
    assert_eq!(capabilities.scope, Scope::Namespaced);
    for verb in [
        verbs::CREATE,
        verbs::GET,
        verbs::LIST,
        verbs::PATCH,
        verbs::UPDATE,
        verbs::WATCH,
    ] {
        assert!(capabilities.supports_operation(verb), "{verb}");
    }
}

#[tokio::test]
async fn discovery_of_everything_names_every_group() {
    // Where another test takes away its own group between two requests, kube-rs fails as it would
    // on any cluster.
    let harbour = Harbour::alone().await;
    let discovery = Discovery::new(harbour.client.clone())
        .run()
        .await
        .expect("discovered");
    for group in [
        "",
        "apps",
        "batch",
        "rbac.authorization.k8s.io",
        "kubeflow.org",
        "serving.kserve.io",
    ] {
        assert!(discovery.has_group(group), "{group}");
    }
}

#[tokio::test]
async fn aggregated_discovery_names_every_group() {
    let harbour = Harbour::new().await;
    let discovery = Discovery::new(harbour.client.clone())
        .run_aggregated()
        .await
        .expect("discovered");
    for group in ["", "apps", "kubeflow.org", "serving.kserve.io"] {
        assert!(discovery.has_group(group), "{group}");
    }
}

#[tokio::test]
async fn the_workload_kinds_are_definitions_that_are_established() {
    let harbour = Harbour::new().await;
    let definitions = Api::<CustomResourceDefinition>::all(harbour.client.clone());
    let list = definitions
        .list(&ListParams::default())
        .await
        .expect("a list");
    let names: Vec<String> = list.iter().map(ResourceExt::name_any).collect();
    for name in [
        "notebooks.kubeflow.org",
        "inferenceservices.serving.kserve.io",
        "llminferenceservices.serving.kserve.io",
    ] {
        assert!(
            names.iter().any(|other| other == name),
            "{name} is not in {names:?}"
        );
    }
    let wait = await_condition(
        definitions,
        "notebooks.kubeflow.org",
        conditions::is_crd_established(),
    );
    tokio::time::timeout(std::time::Duration::from_secs(30), wait)
        .await
        .expect("in time")
        .expect("established");
}

/// A definition whose group is the test's own.
fn definition(group: &str) -> CustomResourceDefinition {
    parsed(json!({
        "metadata": {"name": format!("lighthouses.{group}")},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Lighthouse", "plural": "lighthouses", "singular": "lighthouse"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
                    "type": "object",
                    "required": ["height"],
                    "properties": {"height": {"type": "integer", "minimum": 1}},
                }}}},
            }],
        },
    }))
}

#[tokio::test]
async fn a_kind_of_ones_own_can_be_defined_used_and_removed() {
    let harbour = Harbour::new().await;
    let group = format!("{}.example", harbour.project.name);
    let definitions = Api::<CustomResourceDefinition>::all(harbour.client.clone());
    definitions
        .create(&PostParams::default(), &definition(&group))
        .await
        .expect("created");
    let name = format!("lighthouses.{group}");
    let wait = await_condition(definitions.clone(), &name, conditions::is_crd_established());
    tokio::time::timeout(std::time::Duration::from_secs(30), wait)
        .await
        .expect("in time")
        .expect("established");

    let api_version = format!("{group}/v1");
    let lighthouses = harbour.dynamic(&api_version, "Lighthouse", "lighthouses");
    let lighthouse = |height: i64| -> DynamicObject {
        parsed(json!({
            "apiVersion": api_version, "kind": "Lighthouse",
            "metadata": {"name": "pharos"}, "spec": {"height": height},
        }))
    };
    let outcome = lighthouses
        .create(&PostParams::default(), &lighthouse(0))
        .await;
    let status = status(outcome.expect_err("too low"));
    assert_eq!(status.code, 422);
    assert!(status.message.contains("spec.height"), "{}", status.message);
    lighthouses
        .create(&PostParams::default(), &lighthouse(103))
        .await
        .expect("created");
    lighthouses
        .delete("pharos", &DeleteParams::default())
        .await
        .expect("deleted");
    definitions
        .delete(&name, &DeleteParams::default())
        .await
        .expect("deleted");
}

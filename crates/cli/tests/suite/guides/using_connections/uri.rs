//! Creating a URI connection, and using it with both kinds of service.

use rstest::rstest;
use serde_json::json;

use super::{URI, inference_service, llm_inference_service};
use crate::project::Project;

const LOCATION: &str = "https://models.harbour.example/berth.tar.gz";

/// Chapter "Using connections", creating a URI-compatible connection.
#[test]
fn creating_a_uri_connection_type_using_the_connections_api() {
    let project = Project::new("pier");
    project.file("uri-connection.yaml", URI);
    project
        .run("kubectl apply -f uri-connection.yaml")
        .prints("secret/berth-model created")
        .is_quiet();
    assert_eq!(project.value("berth-model", "URI"), LOCATION);
}

/// Chapter "Using connections", using a URI connection with InferenceService.
#[test]
fn using_a_uri_connection_type_with_inference_service() {
    let project = Project::new("pier");
    project.apply(URI);
    project.file(
        "uri-inferenceservice.yaml",
        &inference_service("berth-model", None),
    );
    project
        .run("kubectl apply -f uri-inferenceservice.yaml")
        .prints("inferenceservice.serving.kserve.io/tide-forecast created")
        .is_quiet();
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"],
        json!({"predictor": {"model": {
            "modelFormat": {"name": "pytorch"},
            "storageUri": LOCATION,
        }}})
    );
}

/// Chapter "Using connections", using a URI connection with LLMInferenceService: the URI is set, and
/// the person is told that KServe refuses web addresses there.
#[test]
fn using_a_uri_connection_type_with_llm_inference_service() {
    let project = Project::new("pier");
    project.apply(URI);
    project.file(
        "uri-llm-service.yaml",
        &llm_inference_service("berth-model", None),
    );
    project
        .run("kubectl apply -f uri-llm-service.yaml")
        .prints("llminferenceservice.serving.kserve.io/harbour-pilot created")
        .warns("KServe refuses http(s) for an LLMInferenceService");
    let service = project.object("llminferenceservice harbour-pilot");
    assert_eq!(service["spec"], json!({"model": {"uri": LOCATION}}));
}

/// Chapter "Using connections", using a URI connection: schemes beyond those of its introduction.
#[rstest]
#[case("pvc://berths/planner")]
#[case("oci://registry.harbour.example/models/berth:1")]
#[case("s3://harbour-models/berth")]
fn using_a_uri_connection_type_with_another_scheme(#[case] location: &str) {
    let project = Project::new("pier");
    project.apply(&URI.replace(LOCATION, location));
    project
        .apply(&llm_inference_service("berth-model", None))
        .is_quiet();
    let service = project.object("llminferenceservice harbour-pilot");
    assert_eq!(service["spec"], json!({"model": {"uri": location}}));
}

/// Chapter "Using connections", creating a URI connection with a Hugging Face URI: a private model
/// needs a token, which the page leaves out.
#[test]
fn using_a_uri_connection_type_with_hugging_face() {
    let project = Project::new("pier");
    project.apply(&URI.replace(LOCATION, "hf://harbour-example/berth-planner"));
    project
        .apply(&inference_service("berth-model", None))
        .warns("`berth-model` has no `HF_TOKEN`");
    project.run("kubectl delete inferenceservice tide-forecast");
    project.run(
        "kubectl patch secret berth-model -p '{\"stringData\": {\"HF_TOKEN\": \"'$CANARY'\"}}'",
    );
    project
        .apply(&inference_service("berth-model", None))
        .is_quiet();
    let predictor = &project.object("inferenceservice tide-forecast")["spec"]["predictor"];
    assert_eq!(
        predictor["model"]["storageUri"],
        "hf://harbour-example/berth-planner"
    );
    assert_eq!(predictor["serviceAccountName"], "berth-model-sa");
    let account = project.object("serviceaccount berth-model-sa");
    assert_eq!(account["secrets"], json!([{"name": "berth-model"}]));
}

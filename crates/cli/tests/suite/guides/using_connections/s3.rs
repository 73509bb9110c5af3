//! Creating an S3 connection, and using it with both kinds of service.

use serde_json::json;

use super::{S3, inference_service, llm_inference_service};
use crate::project::Project;

/// Chapter "Using connections", creating an Amazon S3-compatible connection.
#[test]
fn creating_an_s3_connection_type_using_the_connections_api() {
    let project = Project::new("pier");
    project.file("s3-connection.yaml", S3);
    project
        .run("kubectl apply -f s3-connection.yaml")
        .prints("secret/soundings created");
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
    let annotations = &project.object("secret soundings")["metadata"]["annotations"];
    assert_eq!(annotations["opendatahub.io/connection-type-protocol"], "s3");
}

/// Chapter "Using connections", creating an Amazon S3-compatible connection, as printed: the
/// manifest has no `apiVersion`, without which no client accepts it.
#[test]
fn creating_an_s3_connection_type_as_printed_lacks_the_api_version() {
    let project = Project::new("pier");
    project.file("s3-connection.yaml", &S3.replace("apiVersion: v1\n", ""));
    project
        .fails("kubectl apply -f s3-connection.yaml")
        .complains("apiVersion not set");
}

/// Chapter "Using connections", using an S3 connection with InferenceService. The page speaks of a
/// `storageUri`; what KServe's readers want is key and path, and an account.
#[test]
fn using_an_s3_connection_type_with_inference_service() {
    let project = Project::new("pier");
    project.apply(S3);
    project.file(
        "inferenceservice.yaml",
        &inference_service("soundings", Some("models/tide")),
    );
    project
        .run("kubectl apply -f inferenceservice.yaml")
        .prints("inferenceservice.serving.kserve.io/tide-forecast created");
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"],
        json!({"predictor": {
            "model": {
                "modelFormat": {"name": "pytorch"},
                "storage": {"key": "soundings", "path": "models/tide"},
            },
            "serviceAccountName": "soundings-sa",
        }})
    );
    let account = project.object("serviceaccount soundings-sa");
    assert_eq!(account["secrets"], json!([{"name": "soundings"}]));
}

/// Chapter "Using connections", using an S3 connection with InferenceService: the path is called
/// optional, but without one nothing is downloaded.
#[test]
fn using_an_s3_connection_type_with_inference_service_without_a_path() {
    let project = Project::new("pier");
    project.apply(S3);
    project
        .apply(&inference_service("soundings", None))
        .prints("created")
        .warns("no path for S3 connection `soundings`: nothing would be downloaded");
    let model = &project.object("inferenceservice tide-forecast")["spec"]["predictor"]["model"];
    assert_eq!(model["storage"], json!({"key": "soundings"}));
}

/// Chapter "Using connections", using an S3 connection with InferenceService: a dry run shows the
/// same object and leaves nothing behind.
#[test]
fn using_an_s3_connection_type_with_inference_service_in_a_dry_run() {
    let project = Project::new("pier");
    project.apply(S3);
    project.file(
        "inferenceservice.yaml",
        &inference_service("soundings", Some("models/tide")),
    );
    project
        .run("kubectl create -f inferenceservice.yaml --dry-run=server -o jsonpath='{.spec.predictor.model.storage.path}'")
        .is("models/tide");
    assert!(!project.has("inferenceservice tide-forecast"));
    assert!(!project.has("serviceaccount soundings-sa"));
}

/// Chapter "Using connections", using an S3 connection with LLMInferenceService.
#[test]
fn using_an_s3_connection_type_with_llm_inference_service() {
    let project = Project::new("pier");
    project.apply(S3);
    project.file(
        "llm-service.yaml",
        &llm_inference_service("soundings", Some("models/pilot")),
    );
    project
        .run("kubectl apply -f llm-service.yaml")
        .prints("llminferenceservice.serving.kserve.io/harbour-pilot created");
    assert_eq!(
        project.object("llminferenceservice harbour-pilot")["spec"],
        json!({
            "model": {"uri": "s3://harbour-soundings/models/pilot"},
            "template": {"serviceAccountName": "soundings-sa"},
        })
    );
    assert!(project.has("serviceaccount soundings-sa"));
}

/// Chapter "Using connections", using an S3 connection with LLMInferenceService: here the path is
/// required, and a refused request leaves no account behind.
#[test]
fn using_an_s3_connection_type_with_llm_inference_service_without_a_path() {
    let project = Project::new("pier");
    project.apply(S3);
    project
        .apply_fails(&llm_inference_service("soundings", None))
        .complains("Secret `soundings` is an S3 connection")
        .complains("`opendatahub.io/connection-path` must say where in the bucket the model is");
    assert!(!project.has("llminferenceservice harbour-pilot"));
    assert!(!project.has("serviceaccount soundings-sa"));
}

/// Chapter "Using connections", the legacy annotation of the older page: recognised as a
/// connection, not resolved for a service.
#[test]
fn using_an_s3_connection_with_the_legacy_annotation_alone_is_refused_with_help() {
    let project = Project::new("pier");
    project.apply(include_str!("../manifests/s3-basic.yaml"));
    project
        .apply_fails(&inference_service("soundings", Some("models/tide")))
        .complains("Secret `soundings` does not say what kind of connection it is")
        .complains("add annotation `opendatahub.io/connection-type-protocol: s3`");
    project.run("kubectl annotate secret soundings opendatahub.io/connection-type-protocol=s3");
    project
        .apply(&inference_service("soundings", Some("models/tide")))
        .prints("created");
}

//! Headings 3.2 "Updating a connection" and 3.3 "Deleting a connection": what becomes of the
//! workloads that use it. The page updates and deletes by clicking, these tests by kubectl.

use serde_json::json;

use super::{S3, URI, inference_service};
use crate::project::Project;

fn location(project: &Project) -> serde_json::Value {
    let service = project.object("inferenceservice tide-forecast");
    service["spec"]["predictor"]["model"]["storageUri"].clone()
}

/// Chapter "Using connections", heading "Updating a connection": dependent resources change when
/// they are written again.
#[test]
fn updating_a_connection_is_not_applied_to_dependent_resources_until_they_are_redeployed() {
    let project = Project::new("pier");
    project.apply(URI);
    project.apply(&inference_service("berth-model", None));
    project
        .apply(&URI.replace("berth.tar.gz", "berth-2.tar.gz"))
        .prints("configured");
    assert_eq!(
        location(&project),
        "https://models.harbour.example/berth.tar.gz"
    );
    project.run("kubectl annotate inferenceservice tide-forecast redeployed=now");
    assert_eq!(
        location(&project),
        "https://models.harbour.example/berth-2.tar.gz"
    );
}

/// Chapter "Using connections", heading "Deleting a connection": a service that uses it can still
/// be scaled and relabelled, keeps what it got, and its owner is told.
#[test]
fn deleting_a_connection_does_not_freeze_dependent_resources() {
    let project = Project::new("pier");
    project.apply(S3);
    project.apply(&inference_service("soundings", Some("models/tide")));
    project.run("kubectl delete secret soundings");
    project
        .run(
            "kubectl patch inferenceservice tide-forecast --type=merge \
             -p='{\"spec\": {\"predictor\": {\"minReplicas\": 0}}}'",
        )
        .warns("connection `soundings` is missing or unusable now; what it injected was kept");
    let predictor = &project.object("inferenceservice tide-forecast")["spec"]["predictor"];
    assert_eq!(predictor["minReplicas"], 0);
    assert_eq!(
        predictor["model"]["storage"],
        json!({"key": "soundings", "path": "models/tide"})
    );
}

/// Chapter "Using connections", heading "Deleting a connection": after that the reference can be
/// dropped, which gives the service back as its owner wrote it.
#[test]
fn deleting_a_connection_leaves_services_that_can_be_cleaned_up() {
    let project = Project::new("pier");
    project.apply(S3);
    project.apply(&inference_service("soundings", Some("models/tide")));
    project.run("kubectl delete secret soundings");
    project.run("kubectl annotate inferenceservice tide-forecast opendatahub.io/connections-");
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"],
        json!({"predictor": {"model": {"modelFormat": {"name": "pytorch"}}}})
    );
}

/// Chapter "Using connections", swapping the connection of a service.
#[test]
fn swapping_the_connection_of_a_service_takes_away_what_the_old_one_brought() {
    let project = Project::new("pier");
    project.apply(S3);
    project.apply(URI);
    project.apply(&inference_service("soundings", Some("models/tide")));
    project.run(
        "kubectl annotate inferenceservice tide-forecast --overwrite \
         opendatahub.io/connections=berth-model opendatahub.io/connection-path-",
    );
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"],
        json!({"predictor": {"model": {
            "modelFormat": {"name": "pytorch"},
            "storageUri": "https://models.harbour.example/berth.tar.gz",
        }}})
    );
}

/// Chapter "Using connections", replacing a service from a manifest without the injected fields.
#[test]
fn replacing_a_service_brings_back_what_the_manifest_does_not_have() {
    let project = Project::new("pier");
    project.apply(URI);
    let manifest = inference_service("berth-model", None);
    project
        .file("service.yaml", &manifest)
        .run("kubectl create -f service.yaml");
    let stored = project.object("inferenceservice tide-forecast")["spec"].clone();
    project
        .run("kubectl replace -f service.yaml")
        .prints("replaced");
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"],
        stored
    );
}

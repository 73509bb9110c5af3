//! Chapter "Practical Examples" and the heading "Using URI Connections".

use serde_json::json;

use crate::project::Project;

/// Page "Data Connections", heading "Example 1: Create S3 Connection for Dataset Storage".
#[test]
fn practical_example_1_create_s3_connection_for_dataset_storage() {
    let project = Project::new("customs");
    project
        .apply(include_str!("../manifests/dataset-storage.yaml"))
        .prints("secret/manifests-of-cargo created")
        .prints("pod/cargo-clerk created");
    let pod = project.object("pod cargo-clerk");
    let container = &pod["spec"]["containers"][0];
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": "manifests-of-cargo"}}])
    );
    assert_eq!(
        container["env"],
        json!([{"name": "DATA_BUCKET", "value": "cargo/sorted"}])
    );
    assert_eq!(
        pod["status"]["phase"], "Pending",
        "pods are kept, never run"
    );
}

/// Page "Data Connections", heading "Example 2: Create URI Connection for Model Serving".
#[test]
fn practical_example_2_create_uri_connection_for_model_serving() {
    let project = Project::new("signals");
    project
        .apply(include_str!("../manifests/model-uri.yaml"))
        .prints("secret/flag-reader-uri created")
        .prints("inferenceservice.serving.kserve.io/flag-reader created");
    assert_eq!(
        project.object("inferenceservice flag-reader")["spec"],
        json!({"predictor": {"model": {
            "modelFormat": {"name": "vLLM"},
            "runtime": "signals-runtime",
            "storageUri": "oci://registry.harbour.example/models/flag-reader:1.5",
        }}})
    );
}

/// Page "Data Connections", heading "Using URI Connections", whose note says that the URI must be
/// copied by hand: it need not, a reference brings it.
#[test]
fn using_uri_connections_the_uri_is_injected_where_the_service_names_the_connection() {
    let project = Project::new("signals");
    project.apply(include_str!("../manifests/model-uri.yaml"));
    project
        .run(
            "kubectl patch inferenceservice flag-reader --type=merge -p='{\"spec\": {\"predictor\": \
             {\"model\": {\"storageUri\": null}}}}'",
        )
        .is_quiet();
    project.run(
        "kubectl annotate inferenceservice flag-reader opendatahub.io/connections=flag-reader-uri",
    );
    assert_eq!(
        project.object("inferenceservice flag-reader")["spec"]["predictor"]["model"]["storageUri"],
        "oci://registry.harbour.example/models/flag-reader:1.5"
    );
}

/// Page "Data Connections", heading "Example 3: Pipeline Artifacts Connection".
#[test]
fn practical_example_3_pipeline_artifacts_connection() {
    let project = Project::new("cranes");
    project
        .apply(include_str!("../manifests/pipeline-artifacts.yaml"))
        .prints("secret/crane-logs created")
        .warns("AWS_S3_VERIFY_SSL");
    assert_eq!(project.value("crane-logs", "AWS_S3_USE_PATH_STYLE"), "true");
    assert_eq!(project.value("crane-logs", "AWS_S3_VERIFY_SSL"), "false");
    let labels = &project.object("secret crane-logs")["metadata"]["labels"];
    assert_eq!(labels["component"], "data-science-pipelines");
}

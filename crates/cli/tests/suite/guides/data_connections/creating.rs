//! Chapter "Creating Data Connections".

use serde_json::json;

use crate::project::Project;

/// Page "Data Connections", heading "Basic S3 Connection". The legacy annotation is accepted with
/// a warning, because no workload gets anything for it.
#[test]
fn creating_data_connections_method_1_basic_s3_connection() {
    let project = Project::new("harbour");
    project.file("data-connection-s3-basic.yaml", super::SOUNDINGS);
    project
        .run("kubectl apply -f data-connection-s3-basic.yaml")
        .prints("secret/soundings created")
        .warns("only the legacy annotation `opendatahub.io/connection-type` is there");
    let secret = project.object("secret soundings");
    assert_eq!(secret["type"], "Opaque");
    assert_eq!(secret.get("stringData"), None, "it is write-only");
    assert_eq!(
        secret["metadata"]["labels"]["opendatahub.io/dashboard"],
        "true"
    );
    assert_eq!(
        secret["metadata"]["annotations"]["opendatahub.io/connection-type"],
        "s3"
    );
    assert_eq!(secret["data"].as_object().expect("values").len(), 5);
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
    assert_eq!(
        project.value("soundings", "AWS_DEFAULT_REGION"),
        "eu-north-1"
    );
}

/// Page "Data Connections", heading "Standard S3 Connection with Custom Endpoint".
#[test]
fn creating_data_connections_method_1_standard_s3_connection_with_custom_endpoint() {
    let project = Project::new("harbour");
    project
        .apply(include_str!("../manifests/s3-custom-endpoint.yaml"))
        .prints("secret/dry-dock created");
    let annotations = &project.object("secret dry-dock")["metadata"]["annotations"];
    assert_eq!(
        annotations["openshift.io/description"],
        "Object store inside the cluster"
    );
    assert_eq!(
        project.value("dry-dock", "AWS_S3_ENDPOINT"),
        "https://dry-dock.storage.svc.cluster.local:9000"
    );
}

/// Page "Data Connections", heading "Basic URI Connection for PVC".
#[test]
fn creating_data_connections_method_1_basic_uri_connection_for_pvc() {
    let project = Project::new("harbour");
    project
        .apply(include_str!("../manifests/uri-pvc.yaml"))
        .prints("secret/berth-claim created")
        .warns("annotation `opendatahub.io/connection-type-ref` is deprecated and stands alone");
    assert_eq!(
        project.value("berth-claim", "URI"),
        "pvc://berths/planner-7b"
    );
}

/// Page "Data Connections", heading "URI Connection for OCI Registry".
#[test]
fn creating_data_connections_method_1_uri_connection_for_oci_registry() {
    let project = Project::new("harbour");
    project
        .apply(include_str!("../manifests/uri-oci.yaml"))
        .prints("secret/pilot-image created");
    let uri = project.value("pilot-image", "URI");
    assert_eq!(uri, "oci://registry.harbour.example/models/pilot-8b:1.5");
}

/// Page "Data Connections", heading "Create S3 Connection" of "Method 2".
#[test]
fn creating_data_connections_method_2_create_s3_connection() {
    let project = Project::new("harbour");
    project
        .run(
            "kubectl create secret generic tide-gauge \
               --from-literal=AWS_ACCESS_KEY_ID=harbour-key-id \
               --from-literal=AWS_SECRET_ACCESS_KEY=$CANARY \
               --from-literal=AWS_S3_ENDPOINT=https://s3.amazonaws.com \
               --from-literal=AWS_S3_BUCKET=harbour-tides \
               --from-literal=AWS_DEFAULT_REGION=us-east-1 \
               -n $PROJECT",
        )
        .prints("secret/tide-gauge created");
    project
        .run(
            "kubectl label secret tide-gauge \
               opendatahub.io/dashboard=true \
               opendatahub.io/managed=true \
               -n $PROJECT",
        )
        .prints("secret/tide-gauge labeled");
    project
        .run(
            "kubectl annotate secret tide-gauge \
               opendatahub.io/connection-type=s3 \
               openshift.io/display-name='Tide Gauge' \
               -n $PROJECT",
        )
        .prints("secret/tide-gauge annotated");
    let metadata = &project.object("secret tide-gauge")["metadata"];
    assert_eq!(
        metadata["labels"],
        json!({"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"})
    );
    assert_eq!(
        metadata["annotations"],
        json!({"opendatahub.io/connection-type": "s3", "openshift.io/display-name": "Tide Gauge"})
    );
    assert_eq!(
        project.value("tide-gauge", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

/// Page "Data Connections", heading "Create URI Connection" of "Method 2".
#[test]
fn creating_data_connections_method_2_create_uri_connection() {
    let project = Project::new("harbour");
    project.run(
        "kubectl create secret generic ferry-model \
           --from-literal=URI=pvc://models/ferry \
           -n $PROJECT",
    );
    project.run("kubectl label secret ferry-model opendatahub.io/dashboard=true -n $PROJECT");
    project.run(
        "kubectl annotate secret ferry-model \
           opendatahub.io/connection-type-ref=uri-v1 \
           openshift.io/display-name='Ferry Model' \
           -n $PROJECT",
    );
    let annotations = &project.object("secret ferry-model")["metadata"]["annotations"];
    assert_eq!(annotations["opendatahub.io/connection-type-ref"], "uri-v1");
    assert_eq!(project.value("ferry-model", "URI"), "pvc://models/ferry");
}

//! Chapter "Verification and Troubleshooting", but for its heading "Debugging Connection Usage".

use serde_json::{Value, json};

use super::project_with_soundings;
use crate::project::Project;

/// Page "Data Connections", heading "Verify Connection Visibility", first command.
#[test]
fn verify_connection_visibility_by_the_dashboard_label() {
    let project = project_with_soundings();
    project
        .run(r"kubectl get secret soundings -o jsonpath='{.metadata.labels.opendatahub\.io/dashboard}'")
        .is("true");
}

/// Page "Data Connections", heading "Verify Connection Visibility", second command.
#[test]
fn verify_connection_visibility_by_the_required_annotations() {
    let project = project_with_soundings();
    let shown =
        project.run("kubectl get secret soundings -o jsonpath='{.metadata.annotations}' | jq");
    let annotations: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(annotations["opendatahub.io/connection-type"], "s3");
    assert_eq!(annotations["openshift.io/display-name"], "Depth Soundings");
}

/// Page "Data Connections", heading "Test S3 Connection", as printed: kubectl has no such flag.
#[test]
fn test_s3_connection_as_printed_is_refused_by_kubectl() {
    let project = project_with_soundings();
    project
        .fails(
            "kubectl run s3-test --rm -i --tty --image=amazon/aws-cli:latest \
               --env-from=secret/soundings \
               --command -- /bin/bash",
        )
        .complains("unknown flag: --env-from");
    assert!(!project.has("pod s3-test"));
}

/// Page "Data Connections", heading "Test S3 Connection", without that flag: pods are stored here and
/// never run, so there is nothing to go inside of.
#[test]
fn test_s3_connection_interactively_waits_for_a_pod_that_does_not_run() {
    let project = project_with_soundings();
    project
        .fails(
            "kubectl run s3-test --rm -i --tty --image=amazon/aws-cli:latest \
               --pod-running-timeout=1s --command -- /bin/bash < /dev/null",
        )
        .complains("timed out waiting for the condition");
    assert!(!project.has("pod s3-test"), "--rm removes it");
}

/// Page "Data Connections", heading "Test S3 Connection": the variables come with a reference.
#[test]
fn test_s3_connection_the_pod_gets_the_connection_by_its_annotation() {
    let project = project_with_soundings();
    project
        .run(
            "kubectl run s3-test --image=amazon/aws-cli:latest --restart=Never \
               --annotations=opendatahub.io/connections=$PROJECT/soundings \
               --command -- /bin/bash",
        )
        .prints("pod/s3-test created");
    let container = &project.object("pod s3-test")["spec"]["containers"][0];
    assert_eq!(container["command"], json!(["/bin/bash"]));
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": "soundings"}}])
    );
}

/// Page "Data Connections", heading "Connection Not Visible in Dashboard", first command.
#[test]
fn connection_not_visible_in_dashboard_the_label_is_a_string() {
    let project = project_with_soundings();
    let grep = "kubectl get secret soundings -o yaml | grep '^ *opendatahub.io/dashboard'";
    project
        .run(grep)
        .is("    opendatahub.io/dashboard: \"true\"");
}

/// Page "Data Connections", heading "Connection Not Visible in Dashboard": what is not a string is
/// not a label at all.
#[test]
fn connection_not_visible_in_dashboard_a_boolean_label_is_refused() {
    let project = Project::new("harbour");
    let manifest = super::SOUNDINGS.replace("dashboard: 'true'", "dashboard: true");
    project.apply_fails(&manifest).complains("labels");
    assert!(!project.has("secret soundings"));
}

/// Page "Data Connections", heading "Connection Not Visible in Dashboard", second command.
#[test]
fn connection_not_visible_in_dashboard_fix_incorrect_label() {
    let project = Project::new("harbour");
    let manifest = super::SOUNDINGS.replace("dashboard: 'true'", "dashboard: 'True'");
    project.apply(&manifest).warns("opendatahub.io/dashboard");
    project
        .run("kubectl get secrets -l opendatahub.io/dashboard=true -o name")
        .is("");
    project.run("kubectl label secret soundings opendatahub.io/dashboard=true --overwrite");
    project
        .run("kubectl get secrets -l opendatahub.io/dashboard=true -o name")
        .is("secret/soundings");
}

/// Page "Data Connections", heading "Invalid Credentials Error".
#[test]
fn invalid_credentials_error_verify_re_encode_and_update() {
    let project = project_with_soundings();
    let get = "kubectl get secret soundings -o jsonpath='{.data.AWS_ACCESS_KEY_ID}' | base64 -d";
    project.run(get).is("harbour-key-id");
    let encoded = project.run("echo -n 'correct-access-key' | base64");
    encoded.is("Y29ycmVjdC1hY2Nlc3Mta2V5");
    let value = encoded.stdout.trim_end();
    project.run(&format!(
        "kubectl patch secret soundings -p='{{\"data\": {{\"AWS_ACCESS_KEY_ID\": \"{value}\"}}}}'"
    ));
    project.run(get).is("correct-access-key");
}

/// Page "Data Connections", heading "Invalid Credentials Error": what was encoded twice is said.
#[test]
fn invalid_credentials_error_a_value_encoded_twice_is_pointed_out() {
    let project = project_with_soundings();
    project
        .run(
            "kubectl patch secret soundings -p \
             '{\"stringData\": {\"AWS_ACCESS_KEY_ID\": \"Y29ycmVjdC1hY2Nlc3Mta2V5LW9mLWhhcmJvdXI=\"}}'",
        )
        .warns("`AWS_ACCESS_KEY_ID` looks like base64 inside base64");
}

/// Page "Data Connections", heading "Connection Type Not Recognized", first command.
#[test]
fn connection_type_not_recognized_annotation_for_s3() {
    let project = project_with_soundings();
    project.run("kubectl annotate secret soundings opendatahub.io/connection-type=S3 --overwrite");
    project.run("kubectl annotate secret soundings opendatahub.io/connection-type=s3 --overwrite");
    let annotations = &project.object("secret soundings")["metadata"]["annotations"];
    assert_eq!(annotations["opendatahub.io/connection-type"], "s3");
}

/// Page "Data Connections", heading "Connection Type Not Recognized", second command.
#[test]
fn connection_type_not_recognized_annotation_for_uri() {
    let project = Project::new("harbour");
    project.run("kubectl create secret generic ferry-model --from-literal=URI=pvc://models/ferry");
    project.run(
        "kubectl annotate secret ferry-model opendatahub.io/connection-type-ref=uri-v1 --overwrite",
    );
    let annotations = &project.object("secret ferry-model")["metadata"]["annotations"];
    assert_eq!(annotations["opendatahub.io/connection-type-ref"], "uri-v1");
}

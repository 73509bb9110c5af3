//! Headings "Check Connection Usage" and "Debugging Connection Usage": who uses a connection.

use super::project_with_soundings;
use crate::project::Project;

/// A project in which a pod, a Deployment and an InferenceService use `soundings`, others do not.
fn project_with_users() -> Project {
    let project = project_with_soundings();
    let protocol = "opendatahub.io/connection-type-protocol=s3";
    project.run(&format!("kubectl annotate secret soundings {protocol}"));
    project.apply(include_str!("../manifests/users-of-soundings.yaml"));
    project
}

/// Page "Data Connections", heading "Check Connection Usage", first command.
#[test]
fn check_connection_usage_by_pods() {
    let project = project_with_users();
    project
        .run(
            r#"kubectl get pods -o json | jq -r '.items[] | select(.spec.containers[].envFrom[]?.secretRef.name == "soundings") | .metadata.name'"#,
        )
        .is("plumb-line");
}

/// Page "Data Connections", heading "Check Connection Usage", second command.
#[test]
fn check_connection_usage_by_inference_services() {
    let project = project_with_users();
    project
        .run(
            r#"kubectl get inferenceservices -o json | jq -r '.items[] | select(.spec.predictor.model.storage.key == "soundings") | .metadata.name'"#,
        )
        .is("tide-forecast");
}

/// Page "Data Connections", heading "Debugging Connection Usage". The page's command prints kind and
/// name of the matching `envFrom` entry, which has neither.
#[test]
fn debugging_connection_usage_as_printed_names_nothing() {
    let project = project_with_users();
    project
        .run(
            r#"kubectl get all -o json | jq -r '.. | objects | select(.secretRef?.name == "soundings" or .valueFrom?.secretKeyRef?.name == "soundings") | "\(.kind)/\(.metadata.name)"' 2>/dev/null | sort -u"#,
        )
        .is("null/null");
}

/// Page "Data Connections", heading "Debugging Connection Usage", with the whole object kept while
/// its inside is searched, and with the kinds that `all` leaves out.
#[test]
fn debugging_connection_usage_finds_all_resources_using_a_specific_connection() {
    let project = project_with_users();
    project
        .run(
            r#"kubectl get all,notebooks -o json | jq -r '.items[] | select([.. | objects | select(.secretRef?.name == "soundings" or .valueFrom?.secretKeyRef?.name == "soundings")] | length > 0) | "\(.kind)/\(.metadata.name)"' | sort -u"#,
        )
        .lists(&["Deployment/echo-sounder", "Notebook/chart-room", "Pod/plumb-line"]);
}

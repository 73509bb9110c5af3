//! Headings 3.4 "Using the connections API" and the format of references.

use serde_json::{Value, json};

use super::{S3, URI};
use crate::project::Project;

/// Chapter "Using connections", heading "Using the connections API": the basic structure, values
/// in base64 under `data`.
#[test]
fn using_the_connections_api_the_basic_structure_of_a_connection() {
    let project = Project::new("pier");
    project
        .apply(
            r#"
apiVersion: v1
kind: Secret
metadata:
  name: gangway
  namespace: $PROJECT
  annotations:
    opendatahub.io/connection-type-protocol: "uri"
type: Opaque
data:
  URI: aHR0cHM6Ly9tb2RlbHMuaGFyYm91ci5leGFtcGxlL2dhbmd3YXkudGFyLmd6
"#,
        )
        .prints("secret/gangway created")
        .is_quiet();
    let uri = project.value("gangway", "URI");
    assert_eq!(uri, "https://models.harbour.example/gangway.tar.gz");
}

/// Chapter "Using connections", heading "Using the connections API": the protocol takes precedence
/// over the deprecated reference.
#[test]
fn using_the_connections_api_the_protocol_takes_precedence_over_the_reference() {
    let project = Project::new("pier");
    project.apply(URI).is_quiet();
    project
        .run("kubectl annotate secret berth-model opendatahub.io/connection-type-ref=s3")
        .warns("`opendatahub.io/connection-type-ref` says `s3`");
    project.apply(&super::inference_service("berth-model", None));
    let model = &project.object("inferenceservice tide-forecast")["spec"]["predictor"]["model"];
    assert_eq!(
        model["storageUri"],
        "https://models.harbour.example/berth.tar.gz"
    );
}

/// Chapter "Using connections", heading "Using the connections API": a connection with the
/// deprecated reference alone works, with a warning.
#[test]
fn using_the_connections_api_the_deprecated_reference_still_works() {
    let project = Project::new("pier");
    let manifest = URI.replace(
        "connection-type-protocol: \"uri\"",
        "connection-type-ref: uri-v1",
    );
    project
        .apply(&manifest)
        .warns("is deprecated and stands alone");
    project
        .apply(&super::inference_service("berth-model", None))
        .warns("deprecated");
    let model = &project.object("inferenceservice tide-forecast")["spec"]["predictor"]["model"];
    assert_eq!(
        model["storageUri"],
        "https://models.harbour.example/berth.tar.gz"
    );
}

fn notebook(reference: &str) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {
            "name": "chart-room",
            "annotations": {"opendatahub.io/connections": reference},
        },
        "spec": {"template": {"spec": {"containers": [
            {"name": "proxy", "image": "registry.harbour.example/infra/auth-proxy:1.4"},
            {"name": "chart-room", "image": "registry.harbour.example/workbenches/minimal:2026.2"},
        ]}}},
    })
}

/// Chapter "Using connections", format of references: several connections for a Notebook. They go
/// to the container that is named like it, and `connection1` wins no variable of `connection2`.
#[test]
fn format_of_references_multiple_connections_for_a_notebook() {
    let project = Project::new("pier");
    project.apply(S3);
    project.apply(URI);
    let applied = project.apply(&notebook("$PROJECT/soundings,$PROJECT/berth-model").to_string());
    applied.prints("notebook.kubeflow.org/chart-room created");
    let spec = &project.object("notebook chart-room")["spec"]["template"]["spec"];
    assert_eq!(
        spec["containers"][1]["envFrom"],
        json!([{"secretRef": {"name": "soundings"}}, {"secretRef": {"name": "berth-model"}}])
    );
    assert_eq!(spec["containers"][0].get("envFrom"), None);
}

/// Chapter "Using connections", format of references: what is dropped from the list goes, what is
/// added comes, the rest stays.
#[test]
fn format_of_references_changing_the_connections_of_a_notebook() {
    let project = Project::new("pier");
    project.apply(S3);
    project.apply(URI);
    project.apply(&notebook("$PROJECT/soundings").to_string());
    let entries = || {
        let spec = &project.object("notebook chart-room")["spec"]["template"]["spec"];
        spec["containers"][1]["envFrom"].clone()
    };
    let annotate = "kubectl annotate notebook chart-room --overwrite opendatahub.io/connections";
    project.run(&format!("{annotate}=$PROJECT/berth-model"));
    assert_eq!(entries(), json!([{"secretRef": {"name": "berth-model"}}]));
    project.run(&format!("{annotate}-"));
    assert_eq!(entries(), Value::Null);
    let annotations = &project.object("notebook chart-room")["metadata"]["annotations"];
    assert_eq!(annotations.get("bowline.dev/injected"), None);
}

/// Chapter "Using connections", format of references: two connections that set one variable.
#[test]
fn format_of_references_connections_that_set_the_same_variables_are_pointed_out() {
    let project = Project::new("pier");
    project.apply(S3);
    project.apply(&S3.replace("name: soundings", "name: currents"));
    project
        .apply(&notebook("$PROJECT/soundings,$PROJECT/currents").to_string())
        .warns("`soundings` and `currents` both set AWS_ACCESS_KEY_ID and 3 more; `currents` wins");
}

/// Chapter "Using connections", format of references: a Notebook wants `namespace/name`.
#[test]
fn format_of_references_a_bare_name_is_refused_for_a_notebook() {
    let project = Project::new("pier");
    project.apply(S3);
    project
        .apply_fails(&notebook("soundings").to_string())
        .complains("bowline denied the request")
        .complains("holds `soundings`, which is not of the form `namespace/name`");
    assert!(!project.has("notebook chart-room"));
}

/// Chapter "Using connections", format of references: a service wants one name.
#[test]
fn format_of_references_a_list_or_a_namespace_is_refused_for_a_service() {
    let project = Project::new("pier");
    project.apply(S3);
    project
        .apply_fails(&super::inference_service("soundings,currents", None))
        .complains("takes exactly one Secret name, but holds a list");
    project
        .apply_fails(&super::inference_service("$PROJECT/soundings", None))
        .complains("takes the name of one Secret of the same namespace: write `soundings`");
    assert!(!project.has("inferenceservice tide-forecast"));
}

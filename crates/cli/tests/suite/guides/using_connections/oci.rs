//! Creating an OCI connection, and using it with both kinds of service.

use serde_json::json;

use super::{inference_service, llm_inference_service};
use crate::project::Project;

/// A project with the OCI connection `quay-side`, made by the page's three encodings.
fn project_with_quay_side(host: &str) -> Project {
    let project = Project::new("pier");
    project.file(
        "config.json",
        r#"{"auths": {"registry.harbour.example": {"auth": "AUTH"}}}"#,
    );
    project.run(&format!(
        r#"
        AUTH=$(echo -n "reader:$CANARY" | base64 -w0)
        CONFIG=$(sed "s|AUTH|$AUTH|" config.json | base64 -w0)
        HOST=$(echo -n '{host}' | base64)
        cat > oci-connection.yaml <<END
apiVersion: v1
kind: Secret
metadata:
  name: quay-side
  namespace: $PROJECT
  annotations:
    opendatahub.io/connection-type-protocol: "oci"
type: kubernetes.io/dockerconfigjson
data:
  .dockerconfigjson: $CONFIG
  OCI_HOST: $HOST
END"#
    ));
    project
}

/// A project in which that connection has been applied.
fn project_with_applied_quay_side() -> Project {
    let project = project_with_quay_side("registry.harbour.example/models");
    project.run("kubectl apply -f oci-connection.yaml");
    project
}

/// Chapter "Using connections", creating an OCI-compatible connection.
#[test]
fn creating_an_oci_connection_type_using_the_connections_api() {
    let project = project_with_quay_side("registry.harbour.example/models");
    project
        .run("kubectl apply -f oci-connection.yaml")
        .prints("secret/quay-side created")
        .is_quiet();
    assert_eq!(
        project.object("secret quay-side")["type"],
        "kubernetes.io/dockerconfigjson"
    );
    assert_eq!(
        project.value("quay-side", "OCI_HOST"),
        "registry.harbour.example/models"
    );
    let auth = project.run(
        r"kubectl get secret quay-side -o jsonpath='{.data.\.dockerconfigjson}' | base64 -d \
          | jq -r '.auths[].auth' | base64 -d",
    );
    auth.is(&format!("reader:{}", project.canary));
}

/// Chapter "Using connections", creating an OCI-compatible connection: the page's host has a scheme,
/// which readers would put into the location twice.
#[test]
fn creating_an_oci_connection_type_with_a_scheme_in_its_host_as_printed() {
    let project = project_with_quay_side("http://registry.harbour.example/models");
    project
        .run("kubectl apply -f oci-connection.yaml")
        .prints("created")
        .warns("OCI_HOST");
}

/// Chapter "Using connections", creating an OCI-compatible connection: what is not a registry login
/// cannot have its type, in Kubernetes as here.
#[test]
fn creating_an_oci_connection_type_without_a_login_is_refused() {
    let project = project_with_quay_side("registry.harbour.example/models");
    project
        .fails("sed '/ .dockerconfigjson/d' oci-connection.yaml | kubectl apply -f -")
        .complains("data[.dockerconfigjson]: Required value");
}

/// Chapter "Using connections", creating an OCI-compatible connection: an `Opaque` Secret is taken,
/// and its kind is pointed out, because the kubelet reads the other type only.
#[test]
fn creating_an_oci_connection_type_of_another_secret_type() {
    let project = project_with_quay_side("registry.harbour.example/models");
    project
        .run("sed 's|^type: .*|type: Opaque|' oci-connection.yaml | kubectl apply -f -")
        .prints("created")
        .warns("type is not `kubernetes.io/dockerconfigjson`");
}

/// Chapter "Using connections", using an OCI connection with InferenceService: pull secrets as the
/// page says. Where the model is, neither page nor manifest says, so the person is told.
#[test]
fn using_an_oci_connection_type_with_inference_service() {
    let project = project_with_applied_quay_side();
    project.file(
        "oci-inferenceservice.yaml",
        &inference_service("quay-side", None),
    );
    project
        .run("kubectl apply -f oci-inferenceservice.yaml")
        .prints("inferenceservice.serving.kserve.io/tide-forecast created")
        .warns("OCI connection `quay-side` gives no location");
    assert_eq!(
        project.object("inferenceservice tide-forecast")["spec"],
        json!({"predictor": {
            "imagePullSecrets": [{"name": "quay-side"}],
            "model": {"modelFormat": {"name": "pytorch"}},
        }})
    );
}

/// Chapter "Using connections", using an OCI connection with InferenceService: host and path make
/// the location.
#[test]
fn using_an_oci_connection_type_with_inference_service_and_a_path() {
    let project = project_with_applied_quay_side();
    project
        .apply(&inference_service("quay-side", Some("tide:3")))
        .is_quiet();
    let predictor = &project.object("inferenceservice tide-forecast")["spec"]["predictor"];
    let location = "oci://registry.harbour.example/models/tide:3";
    assert_eq!(predictor["model"]["storageUri"], location);
    assert_eq!(
        predictor["imagePullSecrets"],
        json!([{"name": "quay-side"}])
    );
}

/// Chapter "Using connections", using an OCI connection with LLMInferenceService.
#[test]
fn using_an_oci_connection_type_with_llm_inference_service() {
    let project = project_with_applied_quay_side();
    project.file(
        "oci-llm-service.yaml",
        &llm_inference_service("quay-side", None),
    );
    project
        .run("kubectl apply -f oci-llm-service.yaml")
        .prints("llminferenceservice.serving.kserve.io/harbour-pilot created")
        .warns("OCI connection `quay-side` gives no location");
    let template = &project.object("llminferenceservice harbour-pilot")["spec"]["template"];
    assert_eq!(
        *template,
        json!({"imagePullSecrets": [{"name": "quay-side"}]})
    );
}

/// Chapter "Using connections", using an OCI connection with LLMInferenceService: the image that the
/// user names stays, and prefill pods may pull it too.
#[test]
fn using_an_oci_connection_type_with_llm_inference_service_and_a_location() {
    let project = project_with_applied_quay_side();
    let location = "oci://registry.harbour.example/models/pilot:1";
    let manifest = llm_inference_service("quay-side", None).replace(
        "\"model\":null",
        &format!("\"model\":{{\"uri\":\"{location}\"}},\"prefill\":{{}}"),
    );
    project.apply(&manifest).is_quiet();
    assert_eq!(
        project.object("llminferenceservice harbour-pilot")["spec"],
        json!({
            "model": {"uri": location},
            "prefill": {"template": {"imagePullSecrets": [{"name": "quay-side"}]}},
            "template": {"imagePullSecrets": [{"name": "quay-side"}]},
        })
    );
}

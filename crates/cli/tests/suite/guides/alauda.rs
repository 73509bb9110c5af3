//! Alauda AI's page "Using Connections": its model of Secrets, connection types and deployment.
//! What is done by clicking there is done by kubectl here.

use rstest::rstest;
use serde_json::{Value, json};

use crate::project::Project;

const S3: &str = include_str!("manifests/alauda-s3.yaml");
const URI: &str = include_str!("manifests/alauda-uri.yaml");
const OCI: &str = include_str!("manifests/alauda-oci.yaml");
const TYPE: &str = include_str!("manifests/alauda-type.yaml");

/// Page "Using Connections", headings "Creating a Connection" and "Built-in Field Sets".
#[rstest]
#[case::uri(URI, "berth-model")]
#[case::oci(OCI, "quay-side")]
#[case::s3(S3, "soundings")]
fn creating_a_connection_with_a_built_in_field_set(#[case] manifest: &str, #[case] name: &str) {
    let project = Project::new("wharf");
    project
        .apply(manifest)
        .prints(&format!("secret/{name} created"));
    let listed = project.run("kubectl get secrets -l cpaas.io/dashboard=true -o name");
    listed.is(&format!("secret/{name}"));
}

/// Page "Using Connections", heading "Verification": the name and the type cannot be changed. The
/// Secret's own type is what the API protects.
#[test]
fn verification_the_type_of_a_connection_cannot_be_changed() {
    let project = Project::new("wharf");
    project.apply(S3);
    project
        .apply_fails(&S3.replace("type: Opaque", "type: kubernetes.io/basic-auth"))
        .complains("field is immutable");
}

/// Page "Using Connections", heading "Updating a Connection".
#[test]
fn updating_a_connection_changes_its_display_name_and_fields() {
    let project = Project::new("wharf");
    project.apply(S3);
    let changed = S3
        .replace("Depth Soundings", "Depths")
        .replace("wharf-soundings", "wharf-depths");
    project
        .apply(&changed)
        .prints("secret/soundings configured");
    let annotations = &project.object("secret soundings")["metadata"]["annotations"];
    assert_eq!(annotations["cpaas.io/display-name"], "Depths");
    assert_eq!(project.value("soundings", "AWS_S3_BUCKET"), "wharf-depths");
}

fn service(connection: &str, path: Option<&str>) -> String {
    let mut annotations = json!({"aml-model-source-connection": connection});
    if let Some(path) = path {
        annotations["opendatahub.io/connection-path"] = path.into();
    }
    let service = json!({
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "tide-forecast", "annotations": annotations},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "transformers"}}}},
    });
    service.to_string()
}

fn predictor(project: &Project) -> Value {
    project.object("inferenceservice tide-forecast")["spec"]["predictor"].clone()
}

/// Page "Using Connections", heading "Deleting a Connection": the Secret goes, nothing else.
#[test]
fn deleting_a_connection_removes_the_project_secret_only() {
    let project = Project::new("wharf");
    project.apply(S3);
    project.apply(&service("soundings", Some("llm/tide")));
    project.run("kubectl delete secret soundings");
    assert!(project.has("inferenceservice tide-forecast"));
    assert!(project.has("serviceaccount soundings-sa"));
}

/// Page "Using Connections", heading "Using Connections for Model Deployment", kind URI.
#[test]
fn using_connections_for_model_deployment_uri() {
    let project = Project::new("wharf");
    project.apply(URI);
    project.apply(&service("berth-model", None));
    assert_eq!(
        predictor(&project)["model"]["storageUri"],
        "hf://wharf-example/berth-planner"
    );
}

/// Page "Using Connections", heading "Using Connections for Model Deployment", kind OCI: the location
/// is `oci://<OCI_HOST>/<path>`, and the Secret is attached as a pull secret.
#[test]
fn using_connections_for_model_deployment_oci() {
    let project = Project::new("wharf");
    project.apply(OCI);
    project.apply(&service("quay-side", Some("tide:latest")));
    let predictor = predictor(&project);
    assert_eq!(
        predictor["model"]["storageUri"],
        "oci://registry.wharf.example/models/tide:latest"
    );
    assert_eq!(
        predictor["imagePullSecrets"],
        json!([{"name": "quay-side"}])
    );
}

/// Page "Using Connections", note at its start: only what may `Pull` can be deployed from.
#[test]
fn using_connections_for_model_deployment_oci_without_pull() {
    let project = Project::new("wharf");
    project.apply(&OCI.replace("[\"Pull\"]", "[\"Push\"]"));
    project
        .apply_fails(&service("quay-side", Some("tide:latest")))
        .complains(
            "Secret `quay-side` may not be used to pull: add `Pull` to its key `ACCESS_TYPE`",
        );
    assert!(!project.has("inferenceservice tide-forecast"));
}

/// Page "Using Connections", heading "Using Connections for Model Deployment", kind S3: the location
/// is `s3://<AWS_S3_BUCKET>/<path>`, and an account references the Secret.
#[test]
fn using_connections_for_model_deployment_s3() {
    let project = Project::new("wharf");
    project.apply(S3);
    project.apply(&service("soundings", Some("llm/tide")));
    assert_eq!(
        predictor(&project),
        json!({
            "model": {
                "modelFormat": {"name": "transformers"},
                "storageUri": "s3://wharf-soundings/llm/tide",
            },
            "serviceAccountName": "soundings-sa",
        })
    );
    let account = project.object("serviceaccount soundings-sa");
    assert_eq!(account["secrets"], json!([{"name": "soundings"}]));
}

/// Page "Using Connections", heading "Runtime Behavior": the service keeps the connection's name, and
/// a second annotation that names another connection is a contradiction.
#[test]
fn runtime_behavior_the_name_of_the_connection_is_stored_in_the_annotation() {
    let project = Project::new("wharf");
    project.apply(S3);
    project.apply(&service("soundings", Some("llm/tide")));
    let annotations = &project.object("inferenceservice tide-forecast")["metadata"]["annotations"];
    assert_eq!(annotations["aml-model-source-connection"], "soundings");
    project
        .fails("kubectl annotate inferenceservice tide-forecast opendatahub.io/connections=berth-model")
        .complains("names `berth-model` while `aml-model-source-connection` names `soundings`");
}

/// A connection type of this test's own, since all projects share their namespace.
fn create_type(project: &Project) -> String {
    project.apply(TYPE).prints("created");
    format!("ct-{}", project.name)
}

/// Page "Using Connections", headings "Managing Connection Types" and "Creating a Connection Type".
#[test]
fn creating_a_connection_type_in_kube_public() {
    let project = Project::new("wharf");
    let name = create_type(&project);
    project
        .run("kubectl get configmaps -n kube-public -l cpaas.io/connection-type=true -o name")
        .prints(&format!("configmap/{name}\n"));
    let data = &project.object(&format!("configmap {name} -n kube-public"))["data"];
    let json = |key: &str| -> Value {
        serde_json::from_str(data[key].as_str().expect("a text")).expect("JSON in a text")
    };
    assert_eq!(json("category"), json!(["Object storage"]));
    let fields = json("fields");
    assert_eq!(fields[0]["type"], "section");
    assert_eq!(fields[2]["envVar"], "AWS_SECRET_ACCESS_KEY");
    assert_eq!(fields[2]["properties"]["deferInput"], true);
}

/// Page "Using Connections", heading "Duplicating, Editing, Enabling, and Deleting": the switch.
#[test]
fn enabling_a_connection_type_is_one_annotation() {
    let project = Project::new("wharf");
    let name = create_type(&project);
    project.run(&format!(
        "kubectl annotate configmap {name} -n kube-public cpaas.io/disabled=true --overwrite"
    ));
    let annotations =
        &project.object(&format!("configmap {name} -n kube-public"))["metadata"]["annotations"];
    assert_eq!(annotations["cpaas.io/disabled"], "true");
}

/// Page "Using Connections", heading "Duplicating, Editing, Enabling, and Deleting": duplicate.
#[test]
fn duplicating_a_connection_type() {
    let project = Project::new("wharf");
    let name = create_type(&project);
    project.run(&format!(
        "kubectl get configmap {name} -n kube-public -o json \
         | jq 'del(.metadata.uid, .metadata.resourceVersion) | .metadata.name += \"-copy\"' \
         | kubectl create -f -"
    ));
    let fields = |name: &str| {
        project.object(&format!("configmap {name} -n kube-public"))["data"]["fields"].clone()
    };
    assert_eq!(fields(&format!("{name}-copy")), fields(&name));
}

/// Page "Using Connections", heading "Duplicating, Editing, Enabling, and Deleting": connections that
/// were made from a type outlive it.
#[test]
fn deleting_a_connection_type_leaves_its_connections_alone() {
    let project = Project::new("wharf");
    let name = create_type(&project);
    project.apply(S3);
    project
        .run(&format!("kubectl delete configmap {name} -n kube-public"))
        .prints("deleted");
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

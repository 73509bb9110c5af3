//! Chapter "Best Practices" and the tables of chapter "Field Reference".

use rstest::rstest;
use serde_json::{Value, json};

use super::{SOUNDINGS, project_with_soundings};
use crate::project::Project;

/// Page "Data Connections", heading "Secure Credential Management", rule 1: values come from the
/// environment. One that was not filled in is pointed out.
#[test]
fn secure_credential_management_a_placeholder_left_in_the_manifest_is_pointed_out() {
    let project = Project::new("harbour");
    let template = SOUNDINGS.replace("$CANARY", "${S3_SECRET_KEY}");
    project
        .apply(&template)
        .warns("`AWS_SECRET_ACCESS_KEY` is still a placeholder");
    project.file("template.yaml", &template);
    project.run("sed \"s|\\${S3_SECRET_KEY}|$CANARY|\" template.yaml | kubectl apply -f -");
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

/// Page "Data Connections", heading "Secure Credential Management", rule 2.
#[test]
fn secure_credential_management_separate_connections_per_environment() {
    let (development, production) = (Project::new("dev-pier"), Project::new("prod-pier"));
    let manifest = SOUNDINGS.replace("  namespace: $PROJECT\n", "");
    let of = |bucket| manifest.replace("harbour-soundings", bucket);
    let pier = &production.name;
    development.file("connections/dev-s3-connection.yaml", &of("dev-soundings"));
    development.file("connections/prod-s3-connection.yaml", &of("prod-soundings"));
    development.run("kubectl apply -f connections/dev-s3-connection.yaml -n $PROJECT");
    development.run(&format!(
        "kubectl apply -f connections/prod-s3-connection.yaml -n {pier}"
    ));
    assert_eq!(
        development.value("soundings", "AWS_S3_BUCKET"),
        "dev-soundings"
    );
    assert_eq!(
        production.value("soundings", "AWS_S3_BUCKET"),
        "prod-soundings"
    );
}

/// Page "Data Connections", heading "Naming Conventions".
#[test]
fn naming_conventions_the_names_advised_are_valid() {
    let project = Project::new("harbour");
    for name in [
        "training-data-s3",
        "dev-dataset-storage",
        "experiment-tides",
        "model-1.5",
    ] {
        project.run(&format!(
            "kubectl create secret generic {name} --from-literal=URI=pvc://a/b"
        ));
    }
    project
        .fails("kubectl create secret generic Training_Data --from-literal=URI=pvc://a/b")
        .complains("metadata.name: Invalid value: \"Training_Data\"");
}

/// The container of a Notebook with this content.
fn container_of_notebook(project: &Project, annotations: &Value, container: &Value) -> Value {
    let mut container = container.clone();
    container["name"] = "chart-room".into();
    container["image"] = "registry.harbour.example/workbenches/minimal:2026.2".into();
    let notebook = json!({
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": "chart-room", "annotations": annotations},
        "spec": {"template": {"spec": {"containers": [container]}}},
    });
    project.apply(&notebook.to_string());
    project.object("notebook chart-room")["spec"]["template"]["spec"]["containers"][0].clone()
}

/// Page "Data Connections", heading "Integration with Workbenches", item 1: written by hand, by a
/// reference, or both, the entry is there once.
#[rstest]
#[case::by_hand(false, true)]
#[case::by_reference(true, false)]
#[case::by_both(true, true)]
fn integration_with_workbenches_environment_variable_injection(
    #[case] has_reference: bool,
    #[case] has_entry: bool,
) {
    let project = project_with_soundings();
    let entry = json!([{"secretRef": {"name": "soundings"}}]);
    let reference = json!({"opendatahub.io/connections": format!("{}/soundings", project.name)});
    let annotations = if has_reference { reference } else { json!({}) };
    let container = if has_entry {
        json!({"envFrom": entry})
    } else {
        json!({})
    };
    let stored = container_of_notebook(&project, &annotations, &container);
    assert_eq!(stored["envFrom"], entry);
}

/// Page "Data Connections", heading "Integration with Workbenches", item 2.
#[test]
fn integration_with_workbenches_custom_environment_mapping() {
    let project = project_with_soundings();
    let mapping = json!([{
        "name": "TRAINING_DATA_BUCKET",
        "valueFrom": {"secretKeyRef": {"name": "soundings", "key": "AWS_S3_BUCKET"}},
    }]);
    let stored = container_of_notebook(&project, &json!({}), &json!({"env": mapping}));
    assert_eq!(stored["env"], mapping);
    assert_eq!(stored.get("envFrom"), None);
}

/// Page "Data Connections", heading "S3 Connection Fields": a required field that is missing is
/// said by name, and the Secret is stored all the same.
#[rstest]
#[case("AWS_ACCESS_KEY_ID")]
#[case("AWS_SECRET_ACCESS_KEY")]
#[case("AWS_S3_ENDPOINT")]
#[case("AWS_S3_BUCKET")]
fn s3_connection_fields_required(#[case] field: &str) {
    let project = Project::new("harbour");
    let lines = SOUNDINGS.lines().filter(|line| !line.contains(field));
    let manifest: String = lines.flat_map(|line| [line, "\n"]).collect();
    project
        .apply(&manifest)
        .prints("created")
        .warns(&format!("`{field}` is missing"));
}

/// Page "Data Connections", heading "S3 Connection Fields": the region is not required.
#[test]
fn s3_connection_fields_optional() {
    let project = Project::new("harbour");
    let manifest = SOUNDINGS
        .replace("  AWS_DEFAULT_REGION: eu-north-1\n", "")
        .replace("https://s3.amazonaws.com", "https://s3.harbour.example");
    let applied = project.apply(&manifest);
    assert!(
        !applied.stderr.contains("AWS_DEFAULT_REGION"),
        "{}",
        applied.stderr
    );
}

/// Page "Data Connections", heading "URI Connection Fields".
#[test]
fn uri_connection_fields_required() {
    let project = Project::new("harbour");
    let manifest = include_str!("../manifests/uri-pvc.yaml").replace("URI:", "URL:");
    project
        .apply(&manifest)
        .prints("created")
        .warns("`URI` is missing");
}

//! Chapter "Updating Data Connections".

use super::{SOUNDINGS, project_with_soundings};

/// Page "Data Connections", heading "Using kubectl apply (Declarative)". kubectl cannot see that
/// `stringData` is stored already, so it says `configured` each time; the server knows better.
#[test]
fn updating_data_connections_using_kubectl_apply() {
    let project = project_with_soundings();
    project.file("data-connection-s3-basic.yaml", SOUNDINGS);
    let apply = "kubectl apply -f data-connection-s3-basic.yaml";
    let version = || project.object("secret soundings")["metadata"]["resourceVersion"].clone();
    let before = version();
    project.run(apply).prints("secret/soundings configured");
    assert_eq!(version(), before, "nothing has changed");
    let changed = SOUNDINGS.replace("eu-north-1", "eu-central-1");
    project.file("data-connection-s3-basic.yaml", &changed);
    project.run(apply).prints("secret/soundings configured");
    assert_eq!(
        project.value("soundings", "AWS_DEFAULT_REGION"),
        "eu-central-1"
    );
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

/// Page "Data Connections", heading "Using kubectl edit (Interactive)"; a script edits here.
#[test]
fn updating_data_connections_using_kubectl_edit() {
    let project = project_with_soundings();
    project
        .run("KUBE_EDITOR=\"sed -i 's/name: Depth Soundings/name: Depths/'\" kubectl edit secret soundings")
        .prints("secret/soundings edited");
    let annotations = &project.object("secret soundings")["metadata"]["annotations"];
    assert_eq!(annotations["openshift.io/display-name"], "Depths");
}

/// Page "Data Connections", heading "Using kubectl edit (Interactive)": an edit that the server
/// refuses leaves the connection as it was, and the editor opens again with the reason.
#[test]
fn updating_data_connections_using_kubectl_edit_with_a_mistake() {
    let project = project_with_soundings();
    let edit = "KUBE_EDITOR=\"sed -i 's/^type: Opaque/type: kubernetes.io\\/basic-auth/'\" \
                kubectl edit secret soundings";
    project
        .fails(edit)
        .complains("secrets \"soundings\" is invalid");
    project
        .run("cat kubectl-edit-*.yaml")
        .prints("# * type: Invalid value")
        .prints("field is immutable");
    assert_eq!(project.object("secret soundings")["type"], "Opaque");
}

/// Page "Data Connections", heading "Update S3 Credentials".
#[test]
fn updating_data_connections_using_kubectl_patch_update_s3_credentials() {
    let project = project_with_soundings();
    project
        .run(
            r#"kubectl patch secret soundings --type='json' -p='[
                {"op": "replace", "path": "/data/AWS_ACCESS_KEY_ID", "value": "'$(echo -n "new-key" | base64)'"},
                {"op": "replace", "path": "/data/AWS_SECRET_ACCESS_KEY", "value": "'$(echo -n "new-$CANARY" | base64 -w0)'"}
            ]'"#,
        )
        .prints("secret/soundings patched");
    assert_eq!(project.value("soundings", "AWS_ACCESS_KEY_ID"), "new-key");
    let expected = format!("new-{}", project.canary);
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        expected
    );
}

/// Page "Data Connections", heading "Update S3 Credentials": as in a cluster, `replace` adds a missing key.
#[test]
fn updating_data_connections_using_kubectl_patch_replacing_a_missing_key_adds_it() {
    let project = project_with_soundings();
    project.run(
        r#"kubectl patch secret soundings --type=json \
           -p='[{"op": "replace", "path": "/data/AWS_SESSION_TOKEN", "value": "bmV3"}]'"#,
    );
    assert_eq!(project.value("soundings", "AWS_SESSION_TOKEN"), "new");
}

/// Page "Data Connections", heading "Update Display Name".
#[test]
fn updating_data_connections_update_display_name() {
    let project = project_with_soundings();
    let annotate = "kubectl annotate secret soundings openshift.io/display-name='All Depths'";
    project.fails(annotate).complains("--overwrite is false");
    project
        .run(&format!("{annotate} --overwrite"))
        .prints("secret/soundings annotated");
    let annotations = &project.object("secret soundings")["metadata"]["annotations"];
    assert_eq!(annotations["openshift.io/display-name"], "All Depths");
}

/// Page "Data Connections", heading "Add or Update S3 Endpoint": updating.
#[test]
fn updating_data_connections_add_or_update_s3_endpoint_that_exists() {
    let project = project_with_soundings();
    project.run(
        r#"kubectl patch secret soundings --type='json' -p='[
            {"op": "add", "path": "/data/AWS_S3_ENDPOINT", "value": "'$(echo -n "https://s3.harbour.example" | base64)'"}
        ]'"#,
    );
    assert_eq!(
        project.value("soundings", "AWS_S3_ENDPOINT"),
        "https://s3.harbour.example"
    );
}

/// Page "Data Connections", heading "Add or Update S3 Endpoint": adding.
#[test]
fn updating_data_connections_add_or_update_s3_endpoint_that_is_new() {
    let project = project_with_soundings();
    project.run(
        r#"kubectl patch secret soundings --type=json -p='[{"op": "remove", "path": "/data/AWS_S3_ENDPOINT"}]'"#,
    )
    .warns("`AWS_S3_ENDPOINT` is missing");
    project.run(
        r#"kubectl patch secret soundings --type='json' -p='[
            {"op": "add", "path": "/data/AWS_S3_ENDPOINT", "value": "'$(echo -n "https://s3.harbour.example" | base64)'"}
        ]'"#,
    );
    assert_eq!(
        project.value("soundings", "AWS_S3_ENDPOINT"),
        "https://s3.harbour.example"
    );
}

//! Chapter "Listing and Viewing Data Connections".

use super::project_with_soundings;
use crate::project::Project;

const URI: &str = include_str!("../manifests/uri-pvc.yaml");

/// The S3 connection, the URI connection, and a Secret that is no connection.
fn project_with_three_secrets() -> Project {
    let project = project_with_soundings();
    project.apply(URI);
    project.run("kubectl create secret generic tls-of-nobody --from-literal=key=none");
    project
}

/// Page "Data Connections", heading "List All Data Connections", first command.
#[test]
fn list_all_data_connections_in_current_namespace() {
    let project = project_with_three_secrets();
    let table = project
        .run("kubectl get secrets -l opendatahub.io/dashboard=true")
        .stdout;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().take(3).collect())
        .collect();
    assert_eq!(
        rows,
        [
            ["NAME", "TYPE", "DATA"],
            ["berth-claim", "Opaque", "1"],
            ["soundings", "Opaque", "5"]
        ]
    );
}

/// Page "Data Connections", heading "List All Data Connections", second command.
#[test]
fn list_all_data_connections_with_more_details() {
    let project = project_with_three_secrets();
    let table = project.run(
        r"kubectl get secrets -l opendatahub.io/dashboard=true \
          -o custom-columns=NAME:.metadata.name,TYPE:.metadata.annotations.opendatahub\\.io/connection-type,DISPLAY:.metadata.annotations.openshift\\.io/display-name",
    );
    table.prints("NAME").prints("TYPE").prints("DISPLAY");
    let rows: Vec<Vec<&str>> = table
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows,
        [
            ["berth-claim", "<none>", "Berth", "Planner"],
            ["soundings", "s3", "Depth", "Soundings"]
        ]
    );
}

/// Page "Data Connections", heading "List All Data Connections", second command as printed: outside
/// of quotes the shell eats the one backslash, so the column stays empty.
#[test]
fn list_all_data_connections_with_more_details_needs_quotes_around_the_backslash() {
    let project = project_with_three_secrets();
    let columns = r"NAME:.metadata.name,TYPE:.metadata.annotations.opendatahub\.io/connection-type";
    let get =
        "kubectl get secrets -l opendatahub.io/dashboard=true --no-headers -o custom-columns=";
    project
        .run(&format!("{get}{columns} | awk '{{print $2}}'"))
        .lists(&["<none>", "<none>"]);
    project
        .run(&format!("{get}'{columns}' | awk '{{print $2}}'"))
        .lists(&["<none>", "s3"]);
}

/// Page "Data Connections", heading "List All Data Connections", third command.
#[test]
fn list_all_data_connections_across_all_namespaces() {
    let (here, there) = (project_with_soundings(), Project::new("lighthouse"));
    there.apply(URI);
    let table = there.run("kubectl get secrets --all-namespaces -l opendatahub.io/dashboard=true");
    let has_row = |project: &Project, name: &str| {
        let mut rows = table
            .stdout
            .lines()
            .map(|line| line.split_whitespace().take(2));
        rows.any(|row| row.eq([&project.name[..], name]))
    };
    assert!(table.stdout.starts_with("NAMESPACE"), "{}", table.stdout);
    assert!(
        has_row(&here, "soundings") && has_row(&there, "berth-claim"),
        "{}",
        table.stdout
    );
}

/// Page "Data Connections", heading "View Specific Connection", first command.
#[test]
fn view_specific_connection_without_showing_secret_data() {
    let project = project_with_soundings();
    let shown = project.run("kubectl describe secret soundings");
    shown
        .prints("Name:         soundings")
        .prints("opendatahub.io/connection-type: s3");
    shown
        .prints("AWS_S3_BUCKET:          17 bytes")
        .prints("Type:  Opaque");
    assert!(!shown.stdout.contains(&project.canary), "{}", shown.stdout);
}

/// Page "Data Connections", heading "View Specific Connection", second command.
#[test]
fn view_specific_connection_with_decoded_data() {
    let project = project_with_soundings();
    project
        .run("kubectl get secret soundings -o jsonpath='{.data.AWS_ACCESS_KEY_ID}' | base64 -d")
        .is("harbour-key-id");
}

/// Page "Data Connections", heading "View Specific Connection", third command.
#[test]
fn view_specific_connection_as_yaml() {
    let project = project_with_soundings();
    project
        .run("kubectl get secret soundings -o yaml")
        .prints("kind: Secret\n")
        .prints("\n  AWS_ACCESS_KEY_ID: aGFyYm91ci1rZXktaWQ=\n")
        .prints("\n    opendatahub.io/dashboard: \"true\"\n")
        .prints("\ntype: Opaque\n");
}

/// Page "Data Connections", heading "View Specific Connection", third command, after the page's own
/// `kubectl apply`: kubectl keeps the manifest in an annotation, values and all. `bowline lint` says
/// so.
#[test]
fn view_specific_connection_as_yaml_shows_what_kubectl_apply_has_kept() {
    let project = Project::new("harbour");
    project.apply(super::SOUNDINGS);
    let annotations = &project.object("secret soundings")["metadata"]["annotations"];
    let kept = annotations["kubectl.kubernetes.io/last-applied-configuration"].as_str();
    assert!(kept.is_some_and(|kept| kept.contains(&project.canary)));
    project
        .run("bowline lint")
        .prints("annotation of `kubectl apply` repeats the values in clear");
}

/// Page "Data Connections", heading "Filter Connections by Type", first command.
#[test]
fn filter_connections_by_type_only_s3_connections() {
    let project = project_with_three_secrets();
    project
        .run(
            r#"kubectl get secrets -l opendatahub.io/dashboard=true \
              -o json | jq -r '.items[] | select(.metadata.annotations."opendatahub.io/connection-type" == "s3") | .metadata.name'"#,
        )
        .is("soundings");
}

/// Page "Data Connections", heading "Filter Connections by Type", second command.
#[test]
fn filter_connections_by_type_only_uri_connections() {
    let project = project_with_three_secrets();
    project
        .run(
            r#"kubectl get secrets -l opendatahub.io/dashboard=true \
              -o json | jq -r '.items[] | select(.metadata.annotations."opendatahub.io/connection-type-ref" == "uri-v1") | .metadata.name'"#,
        )
        .is("berth-claim");
}

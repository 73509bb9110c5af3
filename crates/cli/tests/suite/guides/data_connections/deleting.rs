//! Chapter "Deleting Data Connections", but for its heading "Check Connection Usage".

use super::project_with_soundings;
use crate::project::Project;

fn project_with(names: &[&str]) -> Project {
    let project = Project::new("harbour");
    for name in names {
        project.run(&format!(
            "kubectl create secret generic {name} --from-literal=URI=pvc://a/b"
        ));
    }
    project
}

/// Page "Data Connections", heading "Basic Deletion", first command.
#[test]
fn basic_deletion_of_a_specific_connection() {
    let project = project_with_soundings();
    project
        .run("kubectl delete secret soundings")
        .prints("secret \"soundings\" deleted");
    assert!(!project.has("secret soundings"));
    project
        .fails("kubectl delete secret soundings")
        .complains("Error from server (NotFound): secrets \"soundings\" not found");
}

/// Page "Data Connections", heading "Basic Deletion", second command.
#[test]
fn basic_deletion_of_multiple_connections() {
    let project = project_with(&["buoy", "lantern", "anchor"]);
    project.run("kubectl delete secret buoy lantern");
    project
        .run("kubectl get secrets -o name")
        .is("secret/anchor");
}

/// Page "Data Connections", heading "Basic Deletion", third command.
#[test]
fn basic_deletion_by_label_selector() {
    let project = project_with(&["buoy", "lantern", "anchor"]);
    project.run("kubectl label secret buoy lantern opendatahub.io/dashboard=true");
    project.run("kubectl label secret buoy anchor environment=dev");
    project.run("kubectl delete secrets -l opendatahub.io/dashboard=true,environment=dev");
    project
        .run("kubectl get secrets -o name")
        .lists(&["secret/anchor", "secret/lantern"]);
}

/// Page "Data Connections", heading "Important Notes on Deletion": a backup can be restored.
#[test]
fn important_notes_on_deletion_a_backup_brings_the_connection_back() {
    let project = project_with_soundings();
    project.run("kubectl get secret soundings -o yaml > backup.yaml");
    project.run("kubectl delete secret soundings && kubectl create -f backup.yaml");
    assert_eq!(
        project.value("soundings", "AWS_SECRET_ACCESS_KEY"),
        project.canary
    );
}

//! Every kind that is stored can be described, sent back as it was read, and labelled.

use crate::project::Project;

const ONE_OF_EACH: &str = include_str!("manifests/one-of-each.yaml");

/// A project with an object of every kind, named after it, and the kinds by name and group. Events
/// are there once, though they have two groups.
fn project_with_everything() -> (Project, Vec<String>) {
    let project = Project::new("harbour");
    project
        .file("each.yaml", ONE_OF_EACH)
        .run("kubectl create -f each.yaml");
    let kinds = project
        .run("kubectl api-resources --verbs=get,create,delete -o name | grep -v events.events");
    let kinds = kinds.stdout.lines().map(str::to_owned).collect();
    (project, kinds)
}

/// What objects of a kind are called in the manifest.
fn name_of(project: &Project, kind: &str) -> String {
    let plural = kind.split('.').next().unwrap_or_default();
    match plural {
        "namespaces" => format!("{}-namespace", project.name),
        "customresourcedefinitions" => format!("buoys.{}.example", project.name),
        _ => format!("{}-{plural}", project.name),
    }
}

/// The objects of the manifest as arguments of kubectl.
fn named(project: &Project, kinds: &[String]) -> Vec<String> {
    let name = |kind: &String| format!("{kind}/{}", name_of(project, kind));
    kinds.iter().map(name).collect()
}

#[test]
fn every_kind_can_be_described() {
    let (project, kinds) = project_with_everything();
    // Older ones ask for versions of kinds that Kubernetes itself no longer serves.
    if !project.has_kubectl(22) {
        return;
    }
    // By name, since other tests take away what a list would still have shown.
    let objects = named(&project, &kinds).join(" ");
    let described = project.run(&format!("kubectl describe {objects}")).stdout;
    let is_shown = |kind: &&String| {
        let name = name_of(&project, kind);
        described.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some("Name:") && words.next() == Some(&name)
        })
    };
    let lost: Vec<&String> = kinds.iter().filter(|kind| !is_shown(kind)).collect();
    assert!(lost.is_empty(), "{lost:?} in {described}");
}

#[test]
fn every_kind_is_unchanged_by_what_was_read_of_it() {
    let (project, kinds) = project_with_everything();
    let objects = named(&project, &kinds);
    let versions = format!(
        "kubectl get {} -o custom-columns=A:.kind,B:.metadata.resourceVersion",
        objects.join(" ")
    );
    let before = project.run(&versions).stdout;
    project.run(&format!(
        "kubectl get {} -o yaml | kubectl replace -f -",
        objects.join(" ")
    ));
    project.run(&versions).is(before.trim_end());
}

#[test]
fn every_kind_is_labelled_and_deleted() {
    let (project, kinds) = project_with_everything();
    let objects = named(&project, &kinds);
    let objects = objects.join(" ");
    let labelled = project.run(&format!("kubectl label {objects} seen=yes"));
    assert_eq!(labelled.stdout.matches(" labeled").count(), kinds.len());
    let deleted = project.run(&format!("kubectl delete {objects} --timeout=30s"));
    assert_eq!(deleted.stdout.matches(" deleted").count(), kinds.len());
}

#[test]
fn events_stand_with_what_they_are_about() {
    let project = Project::new("harbour");
    project.run("kubectl run foghorn --image=registry.harbour.example/foghorn:1");
    let uid = project.object("pod foghorn")["metadata"]["uid"].clone();
    project.file(
        "event.yaml",
        &format!(
            "apiVersion: v1\nkind: Event\nmetadata: {{name: rising}}\n\
             involvedObject: {{apiVersion: v1, kind: Pod, namespace: $PROJECT, name: foghorn, uid: {uid}}}\n\
             type: Warning\nreason: Rising\nmessage: the water rises\n\
             lastTimestamp: '2026-11-20T12:00:00Z'\ncount: 3\n"
        ),
    );
    project.run("kubectl create -f event.yaml");
    project
        .run("kubectl describe pod foghorn")
        .prints("the water rises");
    if project.has_kubectl(26) {
        project
            .run("kubectl events --for=pod/foghorn --types=Warning")
            .prints("the water rises");
    }
}

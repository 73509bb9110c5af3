//! What `kubectl get` shows, in every form that it has.

use serde_json::Value;

use crate::project::Project;

/// Two ConfigMaps and a Secret.
fn project_with_notes() -> Project {
    let project = Project::new("harbour");
    project.file(
        "notes.yaml",
        "apiVersion: v1\nkind: ConfigMap\n\
         metadata: {name: north, labels: {tier: front}, annotations: {order: '2'}}\n\
         data: {wind: calm}\n\
         ---\n\
         apiVersion: v1\nkind: ConfigMap\n\
         metadata: {name: south, labels: {tier: back}, annotations: {order: '1'}}\n\
         data: {wind: rough, sea: high}\n\
         ---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {key: $CANARY}\n",
    );
    project.run("kubectl create -f notes.yaml");
    project
        .file("path", "{.items[*].data.wind}")
        .file("template", "{{range .items}}{{.data.wind}};{{end}}")
        .file(
            "columns",
            "NAME           WIND\n.metadata.name .data.wind\n",
        );
    project
}

/// Arguments, and what is printed.
const FORMS: &[(&str, &str)] = &[
    ("configmaps -o name", "configmap/north\nconfigmap/south"),
    (
        "configmaps,secrets -o name",
        "configmap/north\nconfigmap/south\nsecret/key",
    ),
    (
        "configmap/south secret/key -o name",
        "configmap/south\nsecret/key",
    ),
    ("configmap north -o jsonpath='{.data.wind}'", "calm"),
    (
        "configmaps -o jsonpath='{.items[?(@.data.sea==\"high\")].metadata.name}'",
        "south",
    ),
    ("configmaps -o jsonpath-file=path", "calm rough"),
    (
        "configmaps -o go-template='{{range .items}}{{.metadata.name}} {{end}}'",
        "north south ",
    ),
    ("configmaps -o go-template-file=template", "calm;rough;"),
    (
        "configmaps --no-headers -o custom-columns=A:.metadata.name,B:.data.sea",
        "north   <none>\nsouth   high",
    ),
    (
        "configmaps -o custom-columns-file=columns",
        "NAME    WIND\nnorth   calm\nsouth   rough",
    ),
    (
        "configmaps --sort-by=.metadata.annotations.order -o name",
        "configmap/south\nconfigmap/north",
    ),
    (
        "configmaps -l 'tier in (back),!other' -o name",
        "configmap/south",
    ),
    (
        "configmaps --field-selector=metadata.name!=north -o name",
        "configmap/south",
    ),
    ("secrets --field-selector=type=Opaque -o name", "secret/key"),
    (
        "configmaps --chunk-size=1 -o name",
        "configmap/north\nconfigmap/south",
    ),
    ("configmap west --ignore-not-found", ""),
];

#[test]
fn get_prints_in_every_form() {
    let project = project_with_notes();
    for (arguments, wanted) in FORMS {
        let found = project.run(&format!("kubectl get {arguments}")).stdout;
        assert_eq!(&found.trim_end_matches('\n'), wanted, "{arguments}");
    }
}

/// Arguments, and how the lines of the table begin.
const TABLES: &[(&str, &[&str])] = &[
    ("configmaps", &["NAME DATA AGE", "north 1", "south 2"]),
    ("secrets -o wide", &["NAME TYPE DATA AGE", "key Opaque 1"]),
    (
        "configmaps --show-labels",
        &["NAME DATA AGE LABELS", "north 1", "south 2"],
    ),
    (
        "configmaps -L tier",
        &["NAME DATA AGE TIER", "north 1", "south 2"],
    ),
    (
        "configmaps --show-kind",
        &["NAME DATA AGE", "configmap/north 1", "configmap/south 2"],
    ),
    ("configmaps --no-headers", &["north 1", "south 2"]),
];

#[test]
fn get_prints_tables() {
    let project = project_with_notes();
    for (arguments, wanted) in TABLES {
        let table = project.run(&format!("kubectl get {arguments}")).stdout;
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = table.lines().map(words).collect();
        let fits = lines.len() == wanted.len()
            && lines
                .iter()
                .zip(*wanted)
                .all(|(line, start)| line.starts_with(start));
        assert!(fits, "{arguments}: {table}");
    }
}

#[test]
fn labels_are_shown_beside_the_age() {
    let project = project_with_notes();
    project
        .run("kubectl get configmaps --show-labels -L tier")
        .prints("front   tier=front");
}

#[test]
fn json_is_a_list_of_objects_without_their_owners() {
    let project = project_with_notes();
    if !project.has_kubectl(21) {
        return;
    }
    let list: Value = project
        .run("kubectl get configmaps -o json")
        .stdout
        .parse()
        .expect("JSON");
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"][1]["data"]["sea"], "high");
    assert_eq!(list.pointer("/items/0/metadata/managedFields"), None);
}

#[test]
fn owners_are_shown_when_asked_for() {
    let project = project_with_notes();
    if !project.has_kubectl(21) {
        return;
    }
    project
        .run("kubectl get configmap north -o yaml --show-managed-fields")
        .prints("manager: kubectl-create")
        .prints("f:wind: {}");
}

#[test]
fn all_namespaces_are_shown_together() {
    let (one, other) = (project_with_notes(), project_with_notes());
    let all = one.run("kubectl get configmaps -A --no-headers").stdout;
    let has = |project: &Project| {
        let row = [project.name.as_str(), "north"];
        all.lines()
            .any(|line| line.split_whitespace().take(2).eq(row))
    };
    assert!(has(&one) && has(&other), "{all}");
}

#[test]
fn a_raw_path_is_answered_as_it_is() {
    let project = project_with_notes();
    project
        .run("kubectl get --raw /api/v1/namespaces/$PROJECT/configmaps/north | jq -r .data.wind")
        .is("calm");
    project.run("kubectl get --raw /readyz").is("ok");
}

#[test]
fn a_watch_tells_what_happened_to_each_object() {
    let project = project_with_notes();
    project.run(
        "kubectl get configmaps -w --output-watch-events > seen & WATCH=$!
         timeout 30 sh -c 'until grep -q south seen; do sleep 0.05; done'
         kubectl label configmap north wind=calm
         kubectl delete configmap south
         timeout 30 sh -c 'until grep -q DELETED seen; do sleep 0.05; done'
         kill $WATCH",
    );
    let seen = project.run("tail -n 2 seen").stdout;
    let events = seen
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    assert_eq!(
        events.collect::<Vec<_>>(),
        ["MODIFIED", "DELETED"],
        "{seen}"
    );
}

#[test]
fn what_yaml_shows_can_be_sent_back_and_changes_nothing() {
    let project = project_with_notes();
    project.run(
        "kubectl get configmaps,secrets,serviceaccounts -o yaml > before.yaml
         kubectl replace -f before.yaml
         kubectl get configmaps,secrets,serviceaccounts -o yaml > after.yaml
         cmp before.yaml after.yaml",
    );
}

#[test]
fn what_yaml_shows_can_be_made_again_elsewhere() {
    let project = project_with_notes();
    project.run(
        "kubectl get secret key -o yaml > key.yaml
         kubectl delete -f key.yaml
         kubectl replace --force -f key.yaml",
    );
    assert_eq!(project.value("key", "key"), project.canary);
}

#[test]
fn what_is_not_there_or_not_known_is_said() {
    let project = Project::new("harbour");
    project
        .fails("kubectl get configmap west")
        .complains("Error from server (NotFound): configmaps \"west\" not found");
    project
        .fails("kubectl get toasters")
        .complains("the server doesn't have a resource type \"toasters\"");
    project
        .fails("kubectl get pods --field-selector=spec.toaster=1")
        .complains("field label not supported");
}

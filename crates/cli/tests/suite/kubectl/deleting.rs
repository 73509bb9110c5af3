//! `kubectl delete` in all its ways, and waiting for what goes or comes.

use rstest::rstest;

use crate::project::Project;

/// Three ConfigMaps, and a `ReplicaSet` with a Pod of its own.
fn project_with_a_set() -> Project {
    let project = Project::new("harbour");
    project.file(
        "set.yaml",
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web}\nspec:\n  replicas: 0\n  \
         selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
         spec: {containers: [{name: web, image: 'registry.harbour.example/web:1'}]}\n",
    );
    project.run(
        "kubectl create -f set.yaml
         for name in north south west; do kubectl create configmap $name; done
         kubectl label configmap north west side=up
         kubectl create -f - << EOF
apiVersion: v1
kind: Pod
metadata:
  name: web
  ownerReferences:
    - apiVersion: apps/v1
      kind: ReplicaSet
      name: web
      uid: $(kubectl get replicaset web -o jsonpath='{.metadata.uid}')
      controller: true
      blockOwnerDeletion: true
spec: {containers: [{name: web, image: 'registry.harbour.example/web:1'}]}
EOF",
    );
    project
}

#[rstest]
#[case::name("configmap north", &["south", "west"])]
#[case::names("configmap/north configmap/south", &["west"])]
#[case::label("configmaps -l side=up", &["south"])]
#[case::field("configmaps --field-selector=metadata.name=west", &["north", "south"])]
#[case::all("configmaps --all", &[])]
#[case::name_at_once("configmap north --now --wait=false", &["south", "west"])]
#[case::by_force("configmap north --force --grace-period=0", &["south", "west"])]
fn kubectl_deletes_by(#[case] what: &str, #[case] left: &[&str]) {
    let project = Project::new("harbour");
    project.run(
        "for name in north south west; do kubectl create configmap $name; done
         kubectl label configmap north west side=up",
    );
    project.run(&format!("kubectl delete {what}"));
    let found = project.run("kubectl get configmaps -o jsonpath='{.items[*].metadata.name}'");
    assert_eq!(found.stdout, left.join(" "));
}

#[test]
fn what_is_not_there_is_not_deleted_again() {
    let project = Project::new("harbour");
    project
        .fails("kubectl delete configmap north")
        .complains("(NotFound)");
    project.run("kubectl delete configmap north --ignore-not-found");
}

/// The test in a shell of whether an object is gone: before 1.22 `kubectl wait` fails on one that
/// was gone already.
fn gone(object: &str) -> String {
    format!("[ -z \"$(kubectl get {object} --ignore-not-found -o name)\" ]")
}

#[rstest]
#[case::background("background", false)]
#[case::foreground("foreground", false)]
#[case::orphan("orphan", true)]
fn what_is_owned_goes_or_stays_as_asked(#[case] cascade: &str, #[case] stays: bool) {
    let project = project_with_a_set();
    project.run(&format!(
        "kubectl delete replicaset web --cascade={cascade} --timeout=30s"
    ));
    if stays {
        let pod = project.object("pod web");
        assert_eq!(pod.pointer("/metadata/ownerReferences"), None);
    } else {
        project.run(&format!(
            "kubectl wait pod/web --for=delete --timeout=30s || {}",
            gone("pod/web")
        ));
    }
}

#[test]
fn a_finalizer_holds_an_object_until_it_is_taken_off() {
    let project = Project::new("harbour");
    project.run(
        "kubectl create configmap tides
         kubectl patch configmap tides --type=merge -p 'metadata: {finalizers: [harbour.example/tides]}'
         kubectl delete configmap tides --wait=false",
    );
    project
        .fails("kubectl wait configmap/tides --for=delete --timeout=1s")
        .complains("timed out");
    assert!(project.object("configmap tides")["metadata"]["deletionTimestamp"].is_string());
    project.run(&format!(
        "kubectl wait configmap/tides --for=delete --timeout=30s & WAIT=$!
         kubectl patch configmap tides --type=json -p '[{{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}}]'
         wait $WAIT || {}",
        gone("configmap/tides")
    ));
}

#[test]
fn waiting_ends_when_a_condition_is_written() {
    let project = Project::new("harbour");
    if !project.has_kubectl(24) {
        return;
    }
    project.run(
        "kubectl create deployment web --image=registry.harbour.example/web:1
         kubectl wait deployment/web --for=condition=Available --timeout=30s & WAIT=$!
         kubectl patch deployment web --subresource=status --type=merge \
           -p 'status: {conditions: [{type: Available, status: \"True\"}]}'
         wait $WAIT",
    );
}

#[test]
fn waiting_for_creation_ends_when_it_is_there() {
    let project = Project::new("harbour");
    if !project.has_kubectl(31) {
        return;
    }
    project.run(
        "kubectl wait configmap/tides --for=create --timeout=30s & WAIT=$!
         kubectl create configmap tides
         wait $WAIT",
    );
}

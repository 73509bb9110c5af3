//! `kubectl auth`, impersonation, `kubectl config`, and what the server says of itself.

use serde_json::Value;

use crate::project::Project;

#[test]
fn reconcile_makes_roles_wide_enough_and_no_narrower() {
    let project = Project::new("harbour");
    let role = |verbs: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: reader, namespace: $PROJECT}}\n\
             rules: [{{apiGroups: [''], resources: [secrets], verbs: [{verbs}]}}]\n"
        )
    };
    project
        .file("get.yaml", &role("get"))
        .file("list.yaml", &role("list"));
    project
        .run("kubectl auth reconcile -f get.yaml")
        .prints("reconciled");
    project.run("kubectl auth reconcile -f list.yaml");
    project.run("kubectl create rolebinding mate --role=reader --user=mate");
    for verb in ["get", "list"] {
        project
            .run(&format!("kubectl auth can-i {verb} secrets --as=mate"))
            .is("yes");
    }
}

#[test]
fn what_a_person_may_do_is_listed() {
    let project = Project::new("harbour");
    project.run(
        "kubectl create role reader --verb=get --resource=secrets --resource-name=soundings
         kubectl create rolebinding mate --role=reader --user=mate",
    );
    let list = project.run("kubectl auth can-i --list --as=mate").stdout;
    let row = list.lines().find(|line| line.starts_with("secrets"));
    let words: Vec<&str> = row.unwrap_or_default().split_whitespace().collect();
    assert_eq!(words, ["secrets", "[]", "[soundings]", "[get]"], "{list}");
}

#[test]
fn whoami_tells_whom_one_acts_as() {
    let project = Project::new("harbour");
    if !project.has_kubectl(28) {
        return;
    }
    project
        .run("kubectl auth whoami --as=mate --as-group=crew -o jsonpath='{.status.userInfo}' | jq -c '[.username,.groups]'")
        .is("[\"mate\",[\"crew\",\"system:authenticated\"]]");
}

#[test]
fn a_person_without_rights_is_told_which_are_missing() {
    let project = Project::new("harbour");
    project
        .fails("kubectl get secrets --as=mate")
        .complains(&format!(
            "User \"mate\" cannot list resource \"secrets\" in API group \"\" in the namespace \"{}\"",
            project.name
        ));
}

#[test]
fn a_wrong_token_is_not_let_in() {
    let project = Project::new("harbour");
    project.run("kubectl config view --raw > own && KUBECONFIG=own kubectl config unset users");
    project
        .fails("KUBECONFIG=own kubectl --token=wrong get pods")
        .complains("You must be logged in to the server");
}

#[test]
fn another_context_leads_to_another_namespace() {
    let project = Project::new("harbour");
    project.run("kubectl create configmap tides");
    project.run(
        "cp $KUBECONFIG own && export KUBECONFIG=own
         kubectl config set-context away --cluster=up --user=admin --namespace=default
         kubectl config use-context away",
    );
    project
        .fails("KUBECONFIG=own kubectl get configmap tides")
        .complains("(NotFound)");
    project.run("KUBECONFIG=own kubectl --context=up get configmap tides");
    project
        .run("KUBECONFIG=own kubectl config view --minify -o jsonpath='{.contexts[0].name} {.users[0].user.token}'")
        .is("away REDACTED");
}

#[test]
fn explain_shows_kinds_with_all_below_them() {
    let project = Project::new("harbour");
    if !project.has_kubectl(27) {
        return;
    }
    for kind in ["pods", "ingresses", "notebooks", "inferenceservices"] {
        project
            .run(&format!("kubectl explain --recursive {kind}"))
            .prints("FIELDS:");
    }
    project
        .run("kubectl explain ingress.spec.rules.http.paths")
        .prints("pathType\t<string> -required-");
    project
        .run("kubectl explain notebook --api-version=kubeflow.org/v1beta1")
        .prints("VERSION:    v1beta1");
    project
        .fails("kubectl explain secret.toaster")
        .complains("field \"toaster\" does not exist");
}

#[test]
fn api_versions_lists_every_group() {
    let versions = Project::new("harbour").run("kubectl api-versions").stdout;
    for version in [
        "v1",
        "apps/v1",
        "networking.k8s.io/v1",
        "policy/v1",
        "serving.kserve.io/v1beta1",
    ] {
        assert!(
            versions.lines().any(|line| line == version),
            "{version}: {versions}"
        );
    }
}

#[test]
fn api_resources_are_told_apart_by_group_scope_and_verb() {
    let project = Project::new("harbour");
    project
        .run("kubectl api-resources --api-group=policy -o name")
        .is("poddisruptionbudgets.policy");
    let cluster = project.run("kubectl api-resources --namespaced=false --verbs=list -o name");
    cluster.prints("priorityclasses.scheduling.k8s.io");
    assert!(!cluster.stdout.contains("secrets"));
    if project.has_kubectl(21) {
        project
            .run("kubectl api-resources --categories=all -o name")
            .prints("deployments.apps");
    }
}

#[test]
fn a_proxy_passes_requests_on() {
    let project = Project::new("harbour");
    let version = project.run(
        "kubectl proxy --unix-socket=$PWD/proxy > said & PROXY=$!
         timeout 30 sh -c 'until [ -S proxy ]; do sleep 0.05; done'
         curl -s --unix-socket proxy http://localhost/version; kill $PROXY",
    );
    let version: Value = version.stdout.parse().expect("JSON");
    assert_eq!(version["major"], "1");
}

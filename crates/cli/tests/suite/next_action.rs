//! What commands say about what is not there or in the way: the one next action, in a form that can
//! be pasted as it is, also into a shell with another context.

use bowline_testkit::server::Server;
use rstest::rstest;

use crate::project::Project;

/// A namespace that there is not, and that is like no other.
const NOWHERE: &str = "qqzzxxkk";

/// A project with the connection `same`, made in a namespace that is not the context's.
fn elsewhere() -> (Project, String) {
    let project = Project::new("quay");
    let other = format!("other-{}", project.name);
    project.run(&format!("kubectl create namespace {other}"));
    project.run(&format!(
        "bowline create same -n {other} --type uri-v1 --set URI=https://a.example"
    ));
    (project, other)
}

#[rstest]
#[case("lint")]
#[case("export")]
#[case("usage")]
#[case("test")]
#[case("list")]
#[case("show tides")]
#[case("test tides")]
#[case("env tides")]
#[case("usage tides")]
#[case("set tides URI=https://a.example")]
#[case("delete tides --yes")]
#[case("create tides --type uri-v1 --set URI=https://a.example")]
#[case("create tides --type uri-v1 --set URI=https://a.example --dry-run")]
fn a_namespace_that_there_is_not_is_told_by(#[case] line: &str) {
    let project = Project::new("quay");
    let refused = project.fails(&format!("bowline {line} -n {NOWHERE}"));
    refused
        .complains(&format!("there is no namespace `{NOWHERE}`"))
        .complains("help: `kubectl get namespaces`");
    refused.exits_with(3);
}

#[rstest]
#[case("lint", "no findings in 0 Secrets")]
#[case("export", "connections: []")]
#[case("usage", "nothing uses a connection")]
fn an_empty_namespace_is_no_mistake_to(#[case] line: &str, #[case] told: &str) {
    let project = Project::new("quay");
    project.run(&format!("bowline {line}")).prints(told);
}

/// Who is not allowed to look for namespaces is not told that there is none.
#[test]
fn who_may_not_read_namespaces_gets_the_empty_answer() {
    let project = Project::new("quay");
    project.file("role.yaml", READER);
    project.run("kubectl apply -f role.yaml");
    let token = "TOKEN=$(kubectl create token reader)";
    project
        .run(&format!(
            "{token}; sed \"s/\\\"token\\\":\\\"[^\\\"]*/\\\"token\\\":\\\"$TOKEN/\" kubeconfig > reader && \
             bowline lint --kubeconfig reader"
        ))
        .prints("no findings in 0 Secrets");
}

const READER: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: $PROJECT}]
"#;

#[rstest]
#[case("show")]
#[case("test")]
#[case("env")]
#[case("usage")]
fn a_connection_of_another_namespace_is_found_by(#[case] command: &str) {
    let project = Project::new("quay");
    let other = format!("other-{}", project.name);
    let name = format!("tides-{}", project.name);
    project.run(&format!(
        "kubectl create namespace {other} && \
         bowline create {name} -n {other} --type uri-v1 --set URI=https://a.example"
    ));
    project
        .fails(&format!("bowline {command} {name}"))
        .complains(&format!("help: namespace `{other}` has one: `-n {other}`"));
}

#[test]
fn a_connection_of_several_other_namespaces_is_left_to_the_list() {
    let project = Project::new("quay");
    let name = format!("tides-{}", project.name);
    for other in ["first", "second"] {
        let other = format!("{other}-{}", project.name);
        project.run(&format!(
            "kubectl create namespace {other} && \
             bowline create {name} -n {other} --type uri-v1 --set URI=https://a.example"
        ));
    }
    project
        .fails(&format!("bowline show {name}"))
        .complains("help: `bowline list -A`");
}

#[test]
fn what_is_used_is_detached_in_its_own_namespace() {
    let (project, other) = elsewhere();
    project.file("notebook.yaml", NOTEBOOK);
    project.run(&format!(
        "sed s/NAMESPACE/{other}/ notebook.yaml | kubectl create -f -"
    ));
    project
        .fails(&format!("bowline delete same -n {other} --yes"))
        .complains(&format!("`bowline delete same -n {other} --detach`"));
}

const NOTEBOOK: &str = r#"
apiVersion: kubeflow.org/v1
kind: Notebook
metadata:
  name: forecast
  namespace: NAMESPACE
  annotations: {opendatahub.io/connections: NAMESPACE/same}
spec:
  template:
    spec:
      containers: [{name: forecast, image: a}]
"#;

#[test]
fn a_secret_that_is_no_connection_is_described_in_its_own_namespace() {
    let (project, other) = elsewhere();
    project.run(&format!(
        "kubectl create secret generic plain -n {other} --from-literal=a=b"
    ));
    project
        .fails(&format!("bowline show plain -n {other}"))
        .complains(&format!("`kubectl describe secret plain -n {other}`"));
}

#[test]
fn a_taken_name_is_changed_in_its_own_namespace() {
    let (project, other) = elsewhere();
    project
        .fails(&format!(
            "bowline create same -n {other} --type uri-v1 --set URI=https://b.example"
        ))
        .complains(&format!(
            "help: choose another NAME, or change the one that is there with `bowline set same -n {other}`"
        ));
}

#[test]
fn a_file_of_a_value_that_is_not_there_is_told_with_its_key() {
    Project::new("quay")
        .fails("bowline create tides --type uri-v1 --set URI=@nofile")
        .complains("`nofile`, the file of `URI`, cannot be read")
        .complains("help: name a file that can be read: `URI=@FILE`");
}

#[test]
fn a_file_that_is_not_there_is_told_with_a_next_action() {
    Project::new("quay")
        .fails("bowline lint -f qqzzxxkk")
        .complains("help: name a file that can be read, or `-` for stdin");
}

#[test]
fn where_tests_may_go_by_flags_is_not_the_administrators_alone() {
    let project = Project::new("quay");
    project.file("uri.yaml", URI);
    let told = project.fails("bowline test -f uri.yaml --allow 10.0.0.0/8");
    told.prints("`--allow` and `--deny`")
        .prints("change the flags");
}

const URI: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: tides
  annotations: {opendatahub.io/connection-type-protocol: uri}
stringData: {URI: "http://127.0.0.1:1/model"}
"#;

/// 192.0.2.1 is for documentation, and no machine's.
#[test]
fn an_address_of_another_machine_cannot_be_listened_on() {
    let project = Project::new("quay");
    let ports = "--kubernetes-port 0 --admission-port 0 --http-port 0 --https-port 0";
    project
        .fails(&format!(
            "bowline up --data state --listen 192.0.2.1 {ports}"
        ))
        .complains("192.0.2.1 is not an address of this machine")
        .complains("`--listen`");
}

#[test]
fn a_state_without_its_key_asks_for_the_key() {
    let project = Project::new("quay");
    let data = tempfile::tempdir().expect("a folder");
    drop(Server::start(env!("CARGO_BIN_EXE_bowline"), data.path()).expect("a server"));
    std::fs::remove_file(data.path().join("store.sqlite.key")).expect("the key is removed");
    let ports = "--kubernetes-port 0 --admission-port 0 --http-port 0";
    project
        .fails(&format!(
            "bowline up --data {} {ports}",
            data.path().display()
        ))
        .complains("help: put the key file back");
}

#[rstest]
#[case::of_another_server("kubernetes", "is another server than the kubeconfig is for")]
#[case::without_tls("http", "does not speak TLS at this port")]
fn a_kubeconfig_of_another_server_is_told_from_one_of_a_server_that_is_down(
    #[case] member: &str,
    #[case] what: &str,
) {
    let project = Project::new("quay");
    let ready = &project.shared.server.ready;
    let server = match member {
        "http" => ready.http.replace("http://", "https://"),
        _ => ready.kubernetes.clone(),
    };
    let authority =
        rcgen::generate_simple_self_signed(["bowline".to_owned()]).expect("a certificate");
    project.file("other.crt", &authority.cert.pem());
    project.file(
        "other",
        &format!(
            "{{kind: Config, apiVersion: v1, current-context: up, \
              contexts: [{{name: up, context: {{cluster: up, user: up}}}}], \
              clusters: [{{name: up, cluster: {{server: '{server}', certificate-authority: other.crt}}}}], \
              users: [{{name: up, user: {{token: none}}}}]}}"
        ),
    );
    project
        .fails("bowline list --kubeconfig other")
        .complains(what)
        .complains("help: use the kubeconfig of the server that is there now");
}

#[rstest]
#[case("--oidc-client-secret-file")]
#[case("--oidc-ca-file")]
fn a_file_for_signing_in_that_is_not_there_is_told_with_its_flag(#[case] flag: &str) {
    let issuer = "--oidc-issuer-url https://a.example --oidc-client-id bowline";
    Project::new("quay")
        .fails(&format!("bowline up --data state {issuer} {flag} nofile"))
        .complains("cannot read `nofile`")
        .complains(&format!("help: name a file that can be read with `{flag}`"));
}

//! The ClusterRoles and bindings that exist from the start.

use crate::identity::{AUTHENTICATED, MASTERS, UNAUTHENTICATED};
use crate::validate::rbac::GROUP;
use serde_json::{Value, json};

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const PROBES: &[&str] = &["/healthz", "/livez", "/readyz", "/version", "/version/"];
const DISCOVERY: &[&str] = &[
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/openapi",
    "/openapi/*",
];

/// What a namespace's people work with.
const CORE: &[&str] = &[
    "configmaps",
    "events",
    "persistentvolumeclaims",
    "pods",
    "serviceaccounts",
    "services",
];
const APPS: &[&str] = &[
    "daemonsets",
    "deployments",
    "deployments/scale",
    "replicasets",
    "replicasets/scale",
    "statefulsets",
    "statefulsets/scale",
];
const BATCH: &[&str] = &["cronjobs", "jobs"];
const BUDGETS: &[&str] = &["poddisruptionbudgets"];
const INGRESSES: &[&str] = &["ingresses"];
const LEASES: &[&str] = &["leases"];
const ROLES: &[&str] = &["rolebindings", "roles"];

/// The ClusterRoles.
pub(crate) fn cluster_roles() -> Vec<Value> {
    let mut view = work(READ);
    view.push(rule(READ, &[""], &["namespaces", "resourcequotas"]));
    let mut edit = view.clone();
    edit.extend(work(WRITE));
    edit.push(rule(READ, &[""], &["secrets"]));
    edit.push(rule(WRITE, &[""], &["secrets"]));
    edit.push(rule(&["impersonate"], &[""], &["serviceaccounts"]));
    edit.push(rule(&["create"], &[""], &["serviceaccounts/token"]));
    let mut admin = edit.clone();
    admin.push(rule(READ, &[GROUP], ROLES));
    admin.push(rule(WRITE, &[GROUP], ROLES));
    admin.push(rule(
        &["create"],
        &["authorization.k8s.io"],
        &["localsubjectaccessreviews"],
    ));
    let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    vec![
        role(
            "cluster-admin",
            &[rule(&["*"], &["*"], &["*"]), paths(&["*"], &["*"])],
        ),
        gathering("admin", &admin),
        gathering("edit", &edit),
        gathering("view", &view),
        role(
            "system:discovery",
            &[paths(&["get"], &[PROBES, DISCOVERY].concat())],
        ),
        role("system:public-info-viewer", &[paths(&["get"], PROBES)]),
        role(
            "system:basic-user",
            &[
                rule(&["create"], &["authorization.k8s.io"], &reviews),
                rule(
                    &["create"],
                    &["authentication.k8s.io"],
                    &["selfsubjectreviews"],
                ),
            ],
        ),
    ]
}

/// The ClusterRoleBindings.
pub(crate) fn cluster_role_bindings() -> Vec<Value> {
    vec![
        binding("cluster-admin", &[MASTERS]),
        binding("system:discovery", &[AUTHENTICATED]),
        binding("system:basic-user", &[AUTHENTICATED]),
        binding(
            "system:public-info-viewer",
            &[AUTHENTICATED, UNAUTHENTICATED],
        ),
    ]
}

fn work(verbs: &[&str]) -> Vec<Value> {
    let groups = [
        ("", CORE),
        ("apps", APPS),
        ("batch", BATCH),
        ("coordination.k8s.io", LEASES),
        ("events.k8s.io", &["events"]),
        ("networking.k8s.io", INGRESSES),
        ("policy", BUDGETS),
    ];
    groups
        .into_iter()
        .map(|(group, resources)| rule(verbs, &[group], resources))
        .collect()
}

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Value {
    json!({"apiGroups": groups, "resources": resources, "verbs": verbs})
}

fn paths(verbs: &[&str], paths: &[&str]) -> Value {
    json!({"nonResourceURLs": paths, "verbs": verbs})
}

/// Servers bring these rules up to date when they start.
fn updated() -> Value {
    json!({"rbac.authorization.kubernetes.io/autoupdate": "true"})
}

fn role(name: &str, rules: &[Value]) -> Value {
    let labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels, "annotations": updated()}, "rules": rules,
    })
}

/// A role that also has the rules of every ClusterRole labelled for it.
fn gathering(name: &str, rules: &[Value]) -> Value {
    let mut role = role(name, rules);
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
    role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
    role
}

fn binding(role: &str, groups: &[&str]) -> Value {
    let subjects: Vec<Value> = groups
        .iter()
        .map(|group| json!({"kind": "Group", "apiGroup": GROUP, "name": group}))
        .collect();
    let labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": role, "labels": labels, "annotations": updated()},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}, "subjects": subjects,
    })
}

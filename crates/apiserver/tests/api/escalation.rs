//! Nobody gains a right by writing access rules: by aggregation, by labels, by bindings or by another verb.

use crate::client::{Client, SECRETS, Server};
use rstest::rstest;
use serde_json::{Value, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// Gives a user rights everywhere, by a ClusterRole of their own.
async fn grant_everywhere(admin: &Client, user: &str, name: &str, rules: Value) {
    let role = json!({"metadata": {"name": name}, "rules": rules});
    admin
        .post(&format!("{RBAC}/clusterroles"), &role)
        .await
        .ok();
    bind_everywhere(admin, user, name).await;
}

async fn bind_everywhere(admin: &Client, user: &str, role: &str) {
    let binding = json!({
        "metadata": {"name": format!("{user}-{role}")},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": user}],
    });
    admin
        .post(&format!("{RBAC}/clusterrolebindings"), &binding)
        .await
        .ok();
}

/// Somebody who may write ClusterRoles and their bindings, and has no other right but to read what
/// `view` allows.
async fn tinker(server: &Server) -> Client {
    let admin = server.admin();
    let rules = json!([{
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["clusterroles", "clusterrolebindings"],
        "verbs": ["get", "create", "update", "patch"],
    }]);
    grant_everywhere(&admin, "mallory", "tinker", rules).await;
    bind_everywhere(&admin, "mallory", "view").await;
    server.user("mallory")
}

#[rstest]
#[case::by_labels(json!({"matchLabels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}))]
#[case::by_expressions(json!({"matchExpressions": [{"key": "kubernetes.io/bootstrapping", "operator": "Exists"}]}))]
#[case::of_everything(json!({}))]
#[tokio::test]
async fn only_who_may_do_everything_gathers_roles(#[case] selector: Value) {
    let server = Server::start().await;
    let mallory = tinker(&server).await;
    let rule = json!({"aggregationRule": {"clusterRoleSelectors": [selector]}});
    let path = format!("{RBAC}/clusterroles/tinker");
    let message = mallory
        .patch(&path, "merge", &rule)
        .await
        .refused(403, "Forbidden");
    assert_eq!(
        message,
        "clusterroles.rbac.authorization.k8s.io \"tinker\" is forbidden: must have cluster-admin privileges to use the aggregationRule"
    );
    let mut new = rule.clone();
    new["metadata"] = json!({"name": "new"});
    mallory
        .post(&format!("{RBAC}/clusterroles"), &new)
        .await
        .refused(403, "Forbidden");
    mallory.get(SECRETS).await.refused(403, "Forbidden");
    bind_everywhere(&server.admin(), "root", "cluster-admin").await;
    server.user("root").patch(&path, "merge", &rule).await.ok();
    mallory.get(SECRETS).await.ok();
}

#[tokio::test]
async fn who_may_escalate_may_gather_roles() {
    let server = Server::start().await;
    let mallory = tinker(&server).await;
    let rules = json!([{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["tinker"], "verbs": ["escalate"]}]);
    grant_everywhere(&server.admin(), "mallory", "climber", rules).await;
    let rule = json!({"aggregationRule": {"clusterRoleSelectors": [{}]}});
    for (role, code) in [("view", 403), ("tinker", 200)] {
        let path = format!("{RBAC}/clusterroles/{role}");
        let answer = mallory.patch(&path, "merge", &rule).await;
        assert_eq!(answer.code, code, "{role}: {}", answer.json());
    }
}

#[tokio::test]
async fn a_role_that_gathers_others_is_not_cut_off_from_them_by_anybody() {
    let server = Server::start().await;
    let mallory = tinker(&server).await;
    mallory
        .patch(
            &format!("{RBAC}/clusterroles/view"),
            "merge",
            &json!({"aggregationRule": null, "rules": []}),
        )
        .await
        .refused(403, "Forbidden");
}

#[rstest]
#[case::a_label("clusterroles/cluster-admin", json!({"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}), 403)]
#[case::an_annotation("clusterroles/cluster-admin", json!({"annotations": {"a": "b"}}), 403)]
#[case::a_label_of_a_binding("clusterrolebindings/cluster-admin", json!({"labels": {"a": "b"}}), 403)]
#[case::an_annotation_of_a_binding("clusterrolebindings/cluster-admin", json!({"annotations": {"a": "b"}}), 403)]
#[case::of_what_one_has("clusterroles/tinker", json!({"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}), 200)]
#[case::a_finalizer("clusterroles/cluster-admin", json!({"finalizers": ["example.com/a"]}), 200)]
#[case::an_owner("clusterroles/cluster-admin", json!({"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b"}]}), 200)]
#[case::nothing("clusterroles/cluster-admin", json!({}), 200)]
#[tokio::test]
async fn the_metadata_of_a_role_is_changed_by_those_who_have_what_it_grants(
    #[case] role: &str,
    #[case] metadata: Value,
    #[case] code: u16,
) {
    let server = Server::start().await;
    let mallory = tinker(&server).await;
    let path = format!("{RBAC}/{role}");
    let change = json!({ "metadata": metadata });
    let answer = mallory.patch(&path, "merge", &change).await;
    assert_eq!(answer.code, code, "{}", answer.json());
    mallory.get(SECRETS).await.refused(403, "Forbidden");
}

#[tokio::test]
async fn a_binding_is_given_to_others_by_those_who_have_its_rights_or_may_bind_them() {
    let server = Server::start().await;
    let mallory = tinker(&server).await;
    let more = json!({"subjects": [{"kind": "User", "name": "mallory"}]});
    let path = format!("{RBAC}/clusterrolebindings/cluster-admin");
    mallory
        .patch(&path, "merge", &more)
        .await
        .refused(403, "Forbidden");
    let may_bind = json!([{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["cluster-admin"], "verbs": ["bind"]}]);
    grant_everywhere(&server.admin(), "mallory", "binder", may_bind).await;
    mallory.patch(&path, "merge", &more).await.ok();
    mallory.get(SECRETS).await.ok();
}

#[rstest]
#[case::none(json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "c"]}]}), false)]
#[case::in_values(json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}), true)]
#[case::not_in_values(json!({"matchLabels": {"is": "extra"}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["b"]}]}), true)]
#[case::exists(json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}), true)]
#[case::does_not_exist(json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}, {"key": "is", "operator": "Exists"}]}), false)]
#[case::all_conditions(json!({"matchLabels": {"tier": "a"}, "matchExpressions": [{"key": "is", "operator": "DoesNotExist"}]}), false)]
#[case::nonsense(json!({"matchLabels": {"tier": "a"}, "matchExpressions": [{"key": "is", "operator": "Nonsense"}]}), false)]
#[tokio::test]
async fn a_role_gathers_whatever_its_selector_chooses(
    #[case] selector: Value,
    #[case] is_chosen: bool,
) {
    let server = Server::start().await;
    let admin = server.admin();
    let extra = json!({
        "metadata": {"name": "extra", "labels": {"is": "extra", "tier": "a"}},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}],
    });
    let gathering = json!({"metadata": {"name": "gathering"}, "aggregationRule": {"clusterRoleSelectors": [selector]}});
    for role in [extra, gathering] {
        admin
            .post(&format!("{RBAC}/clusterroles"), &role)
            .await
            .ok();
    }
    bind_everywhere(&admin, "alice", "gathering").await;
    let code = server.user("alice").get(SECRETS).await.code;
    assert_eq!(code == 200, is_chosen, "{code}");
}

#[tokio::test]
async fn an_update_that_creates_needs_the_right_to_create() {
    let server = Server::start().await;
    let rules = json!([{"apiGroups": ["rbac.authorization.k8s.io", ""], "resources": ["clusterroles", "services"], "verbs": ["get", "update"]}]);
    grant_everywhere(&server.admin(), "alice", "updater", rules).await;
    let role = json!({"metadata": {"name": "new"}});
    let message = server
        .user("alice")
        .put(&format!("{RBAC}/clusterroles/new"), &role)
        .await
        .refused(403, "Forbidden");
    assert_eq!(
        message,
        "clusterroles.rbac.authorization.k8s.io \"new\" is forbidden: User \"alice\" cannot create resource \"clusterroles\" in API group \"rbac.authorization.k8s.io\" at the cluster scope"
    );
    server
        .admin()
        .put(&format!("{RBAC}/clusterroles/new"), &role)
        .await
        .ok();
}

//! Who may do what: rules, impersonation, reviews, and that nobody grants what they do not have.

use crate::client::{Answer, Client, SECRETS, Server, secret};
use rstest::rstest;
use serde_json::{Value, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

async fn grant(admin: &Client, user: &str, cluster_role: &str) {
    let binding = json!({
        "metadata": {"name": format!("{user}-{cluster_role}")},
        "roleRef": {"kind": "ClusterRole", "name": cluster_role},
        "subjects": [{"kind": "User", "name": user}],
    });
    admin
        .post(&format!("{RBAC}/namespaces/default/rolebindings"), &binding)
        .await
        .ok();
}

async fn add_role(client: &Client, name: &str, rules: Value) -> Answer {
    let role = json!({"metadata": {"name": name}, "rules": rules});
    client
        .post(&format!("{RBAC}/namespaces/default/roles"), &role)
        .await
}

#[tokio::test]
async fn without_a_rule_nothing_is_allowed() {
    let server = Server::start().await;
    let alice = server.user("alice");
    let message = alice
        .get("/api/v1/namespaces/team-a/secrets/x")
        .await
        .refused(403, "Forbidden");
    let expected = "secrets \"x\" is forbidden: User \"alice\" cannot get resource \"secrets\" in API group \"\" in the namespace \"team-a\"";
    assert_eq!(message, expected);
    let message = alice
        .get("/apis/apps/v1/deployments")
        .await
        .refused(403, "Forbidden");
    let expected = "deployments.apps is forbidden: User \"alice\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope";
    assert_eq!(message, expected);
    alice
        .post(SECRETS, &secret("a"))
        .await
        .refused(403, "Forbidden");
    alice.delete(SECRETS).await.refused(403, "Forbidden");
    alice
        .get("/api/v1/namespaces/default/nonsense")
        .await
        .refused(403, "Forbidden");
    alice.get("/metrics").await.refused(403, "Forbidden");
}

#[rstest]
#[case::view("view", &[("GET", "configmaps", true), ("GET", "secrets", false), ("DELETE", "configmaps/none", false)])]
#[case::edit("edit", &[("GET", "secrets", true), ("DELETE", "secrets/none", true), ("GET", "roles", false)])]
#[case::admin("admin", &[("GET", "secrets", true), ("GET", "roles", true)])]
#[tokio::test]
async fn the_built_in_roles_allow_their_share(
    #[case] role: &str,
    #[case] expected: &[(&str, &str, bool)],
) {
    let server = Server::start().await;
    grant(&server.admin(), "alice", role).await;
    for (method, resource, is_allowed) in expected {
        let root = if *resource == "roles" {
            RBAC
        } else {
            "/api/v1"
        };
        let answer = server
            .user("alice")
            .send(
                method,
                &format!("{root}/namespaces/default/{resource}"),
                &[],
                "",
            )
            .await;
        assert_eq!(
            answer.code != 403,
            *is_allowed,
            "{method} {resource}: {}",
            answer.json()
        );
        let elsewhere = server
            .user("alice")
            .get(&format!("{root}/namespaces/kube-system/{resource}"))
            .await;
        assert_eq!(elsewhere.code, 403);
    }
}

#[tokio::test]
async fn a_rule_may_name_one_object() {
    let server = Server::start().await;
    let admin = server.admin();
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get", "list"]}]);
    add_role(&admin, "one", rules).await.ok();
    let binding = json!({"metadata": {"name": "one"}, "roleRef": {"kind": "Role", "name": "one"}, "subjects": [{"kind": "Group", "name": "people"}]});
    admin
        .post(&format!("{RBAC}/namespaces/default/rolebindings"), &binding)
        .await
        .ok();
    admin.post(SECRETS, &secret("a")).await.ok();
    let alice = server.user("alice");
    alice.get(&format!("{SECRETS}/a")).await.ok();
    alice
        .get(&format!("{SECRETS}/b"))
        .await
        .refused(403, "Forbidden");
    alice.get(SECRETS).await.refused(403, "Forbidden");
    alice
        .get(&format!("{SECRETS}?fieldSelector=metadata.name%3Da"))
        .await
        .ok();
}

#[tokio::test]
async fn a_right_ends_with_its_binding() {
    let server = Server::start().await;
    grant(&server.admin(), "alice", "edit").await;
    let alice = server.user("alice");
    alice.get(SECRETS).await.ok();
    server
        .admin()
        .delete(&format!(
            "{RBAC}/namespaces/default/rolebindings/alice-edit"
        ))
        .await
        .ok();
    alice.get(SECRETS).await.refused(403, "Forbidden");
}

#[tokio::test]
async fn a_labelled_role_adds_to_the_built_in_one() {
    let server = Server::start().await;
    let role = json!({
        "metadata": {"name": "more", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}],
    });
    server
        .admin()
        .post(&format!("{RBAC}/clusterroles"), &role)
        .await
        .ok();
    grant(&server.admin(), "alice", "view").await;
    server.user("alice").get(SECRETS).await.ok();
}

#[rstest]
#[case::combinations((0..10_001).map(|n| format!("v{n}")).collect(), "x".to_owned())]
#[case::names((0..9_000).map(|n| format!("v{n}")).collect(), "x".repeat(100_000))]
#[tokio::test]
async fn a_role_that_would_take_very_long_to_compare_is_refused(
    #[case] verbs: Vec<String>,
    #[case] resource: String,
) {
    let server = Server::start().await;
    grant(&server.admin(), "alice", "admin").await;
    let rule = json!({"apiGroups": [""], "resources": [resource], "verbs": verbs});
    let answer = add_role(&server.user("alice"), "long", json!([rule])).await;
    let message = answer.refused(403, "Forbidden");
    assert!(message.len() < 1000, "{message:.1000}");
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_have() {
    let server = Server::start().await;
    grant(&server.admin(), "alice", "admin").await;
    let alice = server.user("alice");
    let own = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]);
    add_role(&alice, "own", own.clone()).await.ok();
    let foreign = json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]);
    let message = add_role(&alice, "foreign", foreign.clone())
        .await
        .refused(403, "Forbidden");
    assert!(
        message.contains("attempting to grant RBAC permissions not currently held"),
        "{message}"
    );
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    add_role(&alice, "everything", everything)
        .await
        .refused(403, "Forbidden");
    let path = format!("{RBAC}/namespaces/default/roles/own");
    alice
        .patch(&path, "merge", &json!({ "rules": foreign }))
        .await
        .refused(403, "Forbidden");
    alice
        .patch(&path, "merge", &json!({"metadata": {"labels": {"a": "b"}}}))
        .await
        .ok();

    for (role, code) in [
        ("view", 201),
        ("cluster-admin", 403),
        ("not-there-yet", 403),
    ] {
        let binding = json!({"metadata": {"name": role}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [{"kind": "User", "name": "bob"}]});
        let answer = alice
            .post(&format!("{RBAC}/namespaces/default/rolebindings"), &binding)
            .await;
        assert_eq!(answer.code, code, "{role}: {}", answer.json());
    }
}

#[tokio::test]
async fn rules_that_cannot_be_compared_in_time_are_refused() {
    let server = Server::start().await;
    grant(&server.admin(), "alice", "admin").await;
    let many: Vec<String> = (0..20_000).map(|number| format!("r{number}")).collect();
    let rules = json!([{"apiGroups": [""], "resources": many, "verbs": many}]);
    let message = add_role(&server.user("alice"), "many", rules)
        .await
        .refused(403, "Forbidden");
    assert!(message.contains("split them"), "{message}");
}

#[tokio::test]
async fn impersonation_needs_its_own_right() {
    let server = Server::start().await;
    let headers = [("impersonate-user", "bob")];
    let message = server
        .user("alice")
        .send("GET", SECRETS, &headers, "")
        .await
        .refused(403, "Forbidden");
    assert_eq!(
        message,
        "users \"bob\" is forbidden: User \"alice\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
    );

    let role = json!({"metadata": {"name": "as-bob"}, "rules": [{"apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"], "verbs": ["impersonate"]}]});
    server
        .admin()
        .post(&format!("{RBAC}/clusterroles"), &role)
        .await
        .ok();
    let binding = json!({"metadata": {"name": "as-bob"}, "roleRef": {"kind": "ClusterRole", "name": "as-bob"}, "subjects": [{"kind": "User", "name": "alice"}]});
    server
        .admin()
        .post(&format!("{RBAC}/clusterrolebindings"), &binding)
        .await
        .ok();
    let message = server
        .user("alice")
        .send("GET", SECRETS, &headers, "")
        .await
        .refused(403, "Forbidden");
    assert!(message.contains("User \"bob\" cannot list"), "{message}");
    let as_master = [
        ("impersonate-user", "bob"),
        ("impersonate-group", "system:masters"),
    ];
    let message = server
        .user("alice")
        .send("GET", SECRETS, &as_master, "")
        .await
        .refused(403, "Forbidden");
    assert!(
        message.starts_with("groups \"system:masters\" is forbidden"),
        "{message}"
    );
    let with_extra = [
        ("impersonate-user", "bob"),
        ("impersonate-extra-scopes", "x"),
    ];
    let message = server
        .user("alice")
        .send("GET", SECRETS, &with_extra, "")
        .await
        .refused(403, "Forbidden");
    assert!(
        message.starts_with("userextras.authentication.k8s.io \"x\" is forbidden"),
        "{message}"
    );
    server
        .user("alice")
        .send("GET", SECRETS, &[("impersonate-group", "g")], "")
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn an_impersonated_user_is_who_asks() {
    let server = Server::start().await;
    let headers = [
        ("impersonate-user", "system:serviceaccount:default:bot"),
        ("impersonate-extra-a%2fb", "x"),
        ("content-type", "application/json"),
    ];
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let review = server.admin().send("POST", path, &headers, "{}").await.ok();
    let expected = json!({
        "username": "system:serviceaccount:default:bot",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
        "extra": {"a/b": ["x"]},
    });
    assert_eq!(review["status"]["userInfo"], expected);
}

#[tokio::test]
async fn reviews_say_what_the_rules_say() {
    let server = Server::start().await;
    let admin = server.admin();
    grant(&admin, "alice", "edit").await;
    let asked = |verb: &str, namespace: &str| json!({"verb": verb, "resource": "secrets", "namespace": namespace});
    for (verb, namespace, expected) in [
        ("get", "default", true),
        ("get", "kube-system", false),
        ("escalate", "default", false),
    ] {
        let spec = json!({"resourceAttributes": asked(verb, namespace)});
        let own = server
            .user("alice")
            .post(
                &format!("{REVIEWS}/selfsubjectaccessreviews"),
                &json!({ "spec": spec }),
            )
            .await
            .ok();
        let mut of_alice = json!({ "spec": spec });
        of_alice["spec"]["user"] = "alice".into();
        let other = admin
            .post(&format!("{REVIEWS}/subjectaccessreviews"), &of_alice)
            .await
            .ok();
        assert_eq!(
            (&own["status"]["allowed"], &other["status"]["allowed"]),
            (&json!(expected), &json!(expected)),
            "{verb} {namespace}"
        );
    }
    let local =
        json!({"spec": {"user": "alice", "resourceAttributes": asked("get", "kube-system")}});
    admin
        .post(
            &format!("{REVIEWS}/namespaces/default/localsubjectaccessreviews"),
            &local,
        )
        .await
        .refused(422, "Invalid");
    let path = json!({"spec": {"user": "alice", "nonResourceAttributes": {"verb": "get", "path": "/version"}}});
    let review = admin
        .post(&format!("{REVIEWS}/subjectaccessreviews"), &path)
        .await;
    assert_eq!(review.code, 201);
    assert_eq!(
        review.json()["status"]["allowed"],
        false,
        "a review names the groups itself"
    );
}

#[tokio::test]
async fn a_rules_review_lists_the_rules() {
    let server = Server::start().await;
    grant(&server.admin(), "alice", "view").await;
    let review = json!({"spec": {"namespace": "default"}});
    let answer = server
        .user("alice")
        .post(&format!("{REVIEWS}/selfsubjectrulesreviews"), &review)
        .await
        .ok();
    let rules = answer["status"]["resourceRules"]
        .as_array()
        .unwrap()
        .clone();
    let lists_pods = |rule: &Value| {
        rule["resources"]
            .as_array()
            .is_some_and(|r| r.contains(&json!("pods")))
    };
    assert!(rules.iter().any(lists_pods), "{rules:?}");
    assert_eq!(answer["status"]["incomplete"], false);
}

#[tokio::test]
async fn a_binding_stays_with_its_role() {
    let server = Server::start().await;
    grant(&server.admin(), "alice", "view").await;
    let path = format!("{RBAC}/namespaces/default/rolebindings/alice-view");
    let message = server
        .admin()
        .patch(&path, "merge", &json!({"roleRef": {"name": "edit"}}))
        .await
        .refused(422, "Invalid");
    assert!(message.contains("cannot change roleRef"), "{message}");
}

#[rstest]
#[case::no_verbs("roles", json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": []}]}), "rules[0].verbs: Required value")]
#[case::no_resources("roles", json!({"rules": [{"apiGroups": [""], "verbs": ["get"]}]}), "rules[0].resources: Required value")]
#[case::paths_in_a_namespace("roles", json!({"rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}]}), "rules[0].nonResourceURLs: Invalid value")]
#[case::role_kind("rolebindings", json!({"roleRef": {"kind": "Other", "name": "x"}}), "roleRef.kind: Unsupported value")]
#[case::subject_kind("rolebindings", json!({"roleRef": {"kind": "Role", "name": "x"}, "subjects": [{"kind": "Robot", "name": "r"}]}), "subjects[0].kind: Unsupported value")]
#[tokio::test]
async fn access_rules_keep_their_rules(
    #[case] plural: &str,
    #[case] mut object: Value,
    #[case] expected: &str,
) {
    let admin = Server::start().await.admin();
    object["metadata"] = json!({"name": "x"});
    let message = admin
        .post(&format!("{RBAC}/namespaces/default/{plural}"), &object)
        .await
        .refused(422, "Invalid");
    assert!(message.contains(expected), "{message}");
}

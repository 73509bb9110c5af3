//! Server-side apply: what it changes, creates, takes back and refuses.

use crate::client::{Answer, Client, Server, config_map};
use crate::kubectl::Kubectl;
use serde_json::{Value, json};

pub(crate) const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A ConfigMap to apply.
pub(crate) fn map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// Applies an object; `query` names the manager and what else there is to say.
pub(crate) async fn apply(client: &Client, path: &str, query: &str, object: &Value) -> Answer {
    let path = format!("{path}?fieldManager={query}");
    let headers = [("content-type", "application/apply-patch+yaml")];
    client
        .send("PATCH", &path, &headers, object.to_string())
        .await
}

/// Makes an object one that cannot be applied.
type Change = fn(&mut Value);

/// What one manager owns of an object, and how it came to that.
pub(crate) fn owned<'a>(object: &'a Value, manager: &str) -> &'a Value {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .find(|entry| entry["manager"] == manager)
        .unwrap_or(&Value::Null)
}

pub(crate) fn fields<'a>(object: &'a Value, manager: &str) -> &'a Value {
    &owned(object, manager)["fieldsV1"]
}

#[tokio::test]
async fn an_apply_creates_changes_and_takes_back() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    let made = apply(
        &admin,
        &path,
        "one",
        &map("a", &json!({"k": "v", "l": "w"})),
    )
    .await;
    assert_eq!(made.code, 201);
    let made = made.ok();
    assert_eq!(owned(&made, "one")["operation"], "Apply");
    assert_eq!(
        fields(&made, "one"),
        &json!({"f:data": {"f:k": {}, "f:l": {}}})
    );

    let again = apply(
        &admin,
        &path,
        "one",
        &map("a", &json!({"k": "v", "l": "w"})),
    )
    .await;
    assert_eq!(again.code, 200);
    assert_eq!(again.ok(), made);

    let less = apply(&admin, &path, "one", &map("a", &json!({"k": "x"})))
        .await
        .ok();
    assert_eq!(less["data"], json!({"k": "x"}));
    assert_eq!(less, admin.get(&path).await.ok());
}

#[tokio::test]
async fn a_field_that_another_manager_applied_is_a_conflict_until_forced() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    let labelled = |value: &str| {
        let mut object = map("a", &json!({"k": value}));
        object["metadata"]["labels"] = json!({"l": value});
        object
    };
    let made = apply(&admin, &path, "one", &labelled("x")).await.ok();
    let answer = apply(&admin, &path, "two", &labelled("y")).await;
    assert_eq!(
        answer.json()["details"],
        json!({"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.k"},
            {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".metadata.labels.l"},
        ]})
    );
    assert_eq!(
        answer.refused(409, "Conflict"),
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.k\n- .metadata.labels.l"
    );
    assert_eq!(admin.get(&path).await.ok(), made);

    let forced = apply(
        &admin,
        &path,
        "two&force=true",
        &map("a", &json!({"k": "y"})),
    )
    .await
    .ok();
    assert_eq!(forced["data"]["k"], "y");
    assert_eq!(
        fields(&forced, "one"),
        &json!({"f:metadata": {"f:labels": {"f:l": {}}}})
    );
    assert_eq!(fields(&forced, "two"), &json!({"f:data": {"f:k": {}}}));
}

#[tokio::test]
async fn what_was_written_without_apply_is_in_the_way_too() {
    let admin = Server::start().await.admin();
    admin
        .post(&format!("{MAPS}?fieldManager=editor"), &config_map("a"))
        .await
        .ok();
    let message = apply(
        &admin,
        &format!("{MAPS}/a"),
        "one",
        &map("a", &json!({"key": "other"})),
    )
    .await
    .refused(409, "Conflict");
    assert_eq!(
        message,
        "Apply failed with 1 conflict: conflict with \"editor\" using v1: .data.key"
    );
}

#[tokio::test]
async fn what_two_managers_want_alike_stays_until_both_let_go() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    let wanted = map("a", &json!({"k": "v"}));
    let nothing = map("a", &json!({}));
    apply(&admin, &path, "one", &wanted).await.ok();
    let both = apply(&admin, &path, "two", &wanted).await.ok();
    assert_eq!(fields(&both, "one"), fields(&both, "two"));
    let left = apply(&admin, &path, "one", &nothing).await.ok();
    assert_eq!(
        (&left["data"], owned(&left, "two").is_null()),
        (&json!({"k": "v"}), false)
    );
    let gone = apply(&admin, &path, "two", &nothing).await.ok();
    assert_eq!(gone["data"].get("k"), None);
}

#[tokio::test]
async fn yaml_and_json_are_applied_alike() {
    let admin = Server::start().await.admin();
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: v\n";
    let headers = [("content-type", "application/apply-patch+yaml")];
    let path = format!("{MAPS}/a?fieldManager=one");
    let made = admin.send("PATCH", &path, &headers, yaml).await.ok();
    let same = apply(
        &admin,
        &format!("{MAPS}/a"),
        "one",
        &map("a", &json!({"k": "v"})),
    )
    .await
    .ok();
    assert_eq!(same, made);
}

#[tokio::test]
async fn a_dry_run_tells_and_stores_nothing() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    let wanted = map("a", &json!({"k": "v"}));
    let told = apply(&admin, &path, "one&dryRun=All", &wanted).await;
    assert_eq!((told.code, &told.ok()["data"]["k"]), (201, &json!("v")));
    assert_eq!(admin.get(&path).await.code, 404);
    apply(&admin, &path, "one", &wanted).await.ok();
    let before = admin.get(&path).await.ok();
    let told = apply(
        &admin,
        &path,
        "two&force=true&dryRun=All",
        &map("a", &json!({"k": "w"})),
    )
    .await
    .ok();
    assert_eq!(
        (&told["data"]["k"], fields(&told, "two")),
        (&json!("w"), &json!({"f:data": {"f:k": {}}}))
    );
    assert_eq!(admin.get(&path).await.ok(), before);
}

#[tokio::test]
async fn an_apply_that_makes_no_sense_is_told_why() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    let with = |change: Change| {
        let mut object = map("a", &json!({"k": "v"}));
        change(&mut object);
        object
    };
    let unnamed = admin
        .send(
            "PATCH",
            &path,
            &[("content-type", "application/apply-patch+yaml")],
            with(|_| {}).to_string(),
        )
        .await
        .refused(422, "Invalid");
    assert_eq!(
        unnamed,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
    let cases: [(Change, &str); 5] = [
        (
            |o| o["kind"] = "Secret".into(),
            "invalid object type: /v1, Kind=Secret",
        ),
        (
            |o| drop(o.as_object_mut().unwrap().remove("apiVersion")),
            "invalid object type: /, Kind=ConfigMap",
        ),
        (
            |o| o["metadata"]["managedFields"] = json!([]),
            "metadata.managedFields must be nil",
        ),
        (
            |o| o["metadata"]["name"] = "b".into(),
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            |o| *o = json!([]),
            "the body of an apply must be an object, and not nested deeper than any object may be",
        ),
    ];
    for (change, why) in cases {
        let message = apply(&admin, &path, "one", &with(change))
            .await
            .refused(400, "BadRequest");
        assert_eq!(message, why);
    }
    let unknown = apply(&admin, &path, "one", &with(|o| o["datta"] = json!({}))).await;
    assert_eq!(
        (unknown.code, unknown.json()["message"].as_str()),
        (
            500,
            Some(
                "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .datta: field not declared in schema"
            )
        )
    );
    assert_eq!(admin.get(&path).await.code, 404);
}

#[tokio::test]
async fn only_an_apply_can_be_forced() {
    let admin = Server::start().await.admin();
    admin.post(MAPS, &config_map("a")).await.ok();
    let path = format!("{MAPS}/a?force=true");
    let message = admin
        .patch(&path, "merge", &json!({}))
        .await
        .refused(422, "Invalid");
    assert_eq!(
        message,
        "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch"
    );
}

#[tokio::test]
async fn creating_by_apply_needs_the_right_to_create() {
    let server = Server::start().await;
    let admin = server.admin();
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let role = json!({"metadata": {"name": "patcher"}, "rules": [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch", "get"]},
    ]});
    let binding = json!({
        "metadata": {"name": "patcher"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "patcher"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "petra"}],
    });
    admin.post(&format!("{roles}/roles"), &role).await.ok();
    admin
        .post(&format!("{roles}/rolebindings"), &binding)
        .await
        .ok();
    let petra = server.user("petra");
    let path = format!("{MAPS}/a");
    let wanted = map("a", &json!({"k": "v"}));
    let message = apply(&petra, &path, "p", &wanted)
        .await
        .refused(403, "Forbidden");
    assert!(
        message.contains("cannot create resource \"configmaps\""),
        "{message}"
    );
    apply(&admin, &path, "a", &wanted).await.ok();
    apply(&petra, &path, "p", &wanted).await.ok();
}

#[tokio::test]
async fn a_missing_namespace_and_a_given_uid_stop_a_creation() {
    let admin = Server::start().await.admin();
    let path = "/api/v1/namespaces/nowhere/configmaps/a";
    apply(&admin, path, "one", &map("a", &json!({})))
        .await
        .refused(404, "NotFound");
    let mut known = map("a", &json!({}));
    known["metadata"]["uid"] = "1".into();
    let message = apply(&admin, &format!("{MAPS}/a"), "one", &known)
        .await
        .refused(409, "Conflict");
    assert!(
        message.ends_with(
            "uid mismatch: the provided object specified uid 1, and no existing object was found"
        ),
        "{message}"
    );
}

const MANIFEST: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: buoys}
data: {north: red, south: green}
";

#[tokio::test]
async fn kubectl_applies_on_the_server() {
    let kubectl = Kubectl::start().await;
    let apply = ["apply", "--server-side", "-f", "-"];
    let (_, said) = kubectl.run(&apply, MANIFEST).await;
    assert_eq!(said, "configmap/buoys serverside-applied");
    kubectl.ok("label configmap buoys sea=north").await;
    kubectl
        .ok("patch configmap buoys -p {\"data\":{\"north\":\"blue\"}}")
        .await;
    let (succeeded, said) = kubectl.run(&apply, MANIFEST).await;
    assert!(!succeeded, "{said}");
    assert!(
        said.contains(
            "Apply failed with 1 conflict: conflict with \"kubectl-patch\" using v1: .data.north"
        ),
        "{said}"
    );
    let (_, said) = kubectl
        .run(
            &["apply", "--server-side", "--force-conflicts", "-f", "-"],
            MANIFEST,
        )
        .await;
    assert_eq!(said, "configmap/buoys serverside-applied");
    let (_, said) = kubectl
        .run(&apply, &MANIFEST.replace(", south: green", ""))
        .await;
    assert_eq!(said, "configmap/buoys serverside-applied");
    assert_eq!(
        kubectl.ok("get configmap buoys -o jsonpath={.data}").await,
        "{\"north\":\"red\"}"
    );
    let shown = kubectl
        .ok("get configmap buoys -o yaml --show-managed-fields")
        .await;
    assert!(
        shown.contains("manager: kubectl-label") && shown.contains("operation: Apply"),
        "{shown}"
    );
    assert!(
        !kubectl
            .ok("get configmap buoys -o yaml")
            .await
            .contains("managedFields")
    );
}

#[tokio::test]
async fn kubectl_goes_over_to_server_side_apply_without_conflicts() {
    let kubectl = Kubectl::start().await;
    kubectl.run(&["apply", "-f", "-"], MANIFEST).await;
    let changed = MANIFEST
        .replace("red", "white")
        .replace(", south: green", "");
    let (succeeded, said) = kubectl
        .run(&["apply", "--server-side", "-f", "-"], &changed)
        .await;
    assert!(succeeded, "{said}");
    let data = kubectl.ok("get configmap buoys -o jsonpath={.data}").await;
    assert_eq!(data, "{\"north\":\"white\"}");
    let managers = kubectl.ok("get configmap buoys --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}").await;
    assert_eq!(managers, "kubectl-last-applied kubectl");
}

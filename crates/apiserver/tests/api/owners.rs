//! Who owns what of an object: `metadata.managedFields`.

use crate::apply::{MAPS, apply, fields, map, owned};
use crate::client::{SECRETS, Server, config_map, secret};
use crate::workloads::{DEPLOYMENTS, deployment};
use serde_json::{Value, json};

#[tokio::test]
async fn whoever_creates_an_object_owns_it() {
    let admin = Server::start().await.admin();
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "helm/3.1 (linux)"),
    ];
    let made = admin
        .send("POST", SECRETS, &headers, secret("a").to_string())
        .await
        .ok();
    let entry = owned(&made, "helm");
    assert_eq!(
        (
            &entry["operation"],
            &entry["apiVersion"],
            &entry["fieldsType"]
        ),
        (&json!("Update"), &json!("v1"), &json!("FieldsV1"))
    );
    assert_eq!(entry["time"], made["metadata"]["creationTimestamp"]);
    assert_eq!(
        entry["fieldsV1"],
        json!({"f:data": {".": {}, "f:KEY": {}}, "f:type": {}})
    );
}

#[tokio::test]
async fn containers_are_owned_by_name_and_ports_by_number_and_protocol() {
    let admin = Server::start().await.admin();
    let mut wanted = deployment("web");
    wanted["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80}]);
    let path = format!("{DEPLOYMENTS}?fieldManager=me");
    let made = admin.post(&path, &wanted).await.ok();
    let containers = &fields(&made, "me")["f:spec"]["f:template"]["f:spec"]["f:containers"];
    assert_eq!(containers.get("."), None);
    let main = &containers["k:{\"name\":\"main\"}"];
    assert_eq!(
        main["f:ports"],
        json!({".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
            ".": {}, "f:containerPort": {}, "f:protocol": {}
        }})
    );
    assert_eq!(
        (&main["."], &main["f:image"], &main["f:resources"]),
        (&json!({}), &json!({}), &json!({}))
    );
}

#[tokio::test]
async fn a_later_write_takes_over_what_it_changes() {
    let admin = Server::start().await.admin();
    admin
        .post(&format!("{MAPS}?fieldManager=one"), &config_map("a"))
        .await
        .ok();
    let path = format!("{MAPS}/a?fieldManager=two");
    let changed = admin
        .patch(
            &path,
            "merge",
            &json!({"data": {"key": "new", "more": "x"}}),
        )
        .await
        .ok();
    assert_eq!(fields(&changed, "one"), &json!({"f:data": {}}));
    assert_eq!(
        fields(&changed, "two"),
        &json!({"f:data": {"f:key": {}, "f:more": {}}})
    );
    let same = admin
        .patch(&path, "merge", &json!({"data": {"more": "x"}}))
        .await
        .ok();
    assert_eq!(same, changed);
}

#[tokio::test]
async fn status_is_owned_apart() {
    let admin = Server::start().await.admin();
    admin
        .post(
            &format!("{DEPLOYMENTS}?fieldManager=one"),
            &deployment("web"),
        )
        .await
        .ok();
    let path = format!("{DEPLOYMENTS}/web/status");
    let status = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"paused": true},
        "status": {"replicas": 3, "conditions": [{"type": "Ready", "status": "True"}]},
    });
    let applied = apply(&admin, &path, "controller", &status).await.ok();
    let entry = owned(&applied, "controller");
    assert_eq!(
        (&entry["subresource"], &entry["operation"]),
        (&json!("status"), &json!("Apply"))
    );
    assert_eq!(
        entry["fieldsV1"],
        json!({"f:status": {"f:replicas": {}, "f:conditions": {
            "k:{\"type\":\"Ready\"}": {".": {}, "f:status": {}, "f:type": {}}
        }}})
    );
    assert_eq!(applied["spec"].get("paused"), None);
    let main = apply(
        &admin,
        &format!("{DEPLOYMENTS}/web"),
        "two",
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"paused": true}, "status": {"replicas": 9}}),
    )
    .await
    .ok();
    assert_eq!(fields(&main, "two"), &json!({"f:spec": {"f:paused": {}}}));
    assert_eq!(main["status"]["replicas"], 3);
    let conflict = apply(&admin, &path, "other", &json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": {"replicas": 4},
    })).await.refused(409, "Conflict");
    assert_eq!(
        conflict,
        "Apply failed with 1 conflict: conflict with \"controller\" with subresource \"status\": .status.replicas"
    );
}

#[tokio::test]
async fn owners_are_reset_by_an_empty_entry() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    apply(&admin, &path, "one", &map("a", &json!({"k": "v"})))
        .await
        .ok();
    let reset = json!({"metadata": {"managedFields": [{}]}});
    let reset = admin.patch(&path, "merge", &reset).await.ok();
    assert_eq!(reset["metadata"].get("managedFields"), None);
    // What nobody tracks is tracked again from the next apply on.
    let message = apply(&admin, &path, "one", &map("a", &json!({"k": "w"})))
        .await
        .refused(409, "Conflict");
    assert!(
        message.contains("conflict with \"before-first-apply\" using v1: .data.k"),
        "{message}"
    );
}

#[tokio::test]
async fn owners_can_be_changed_by_hand_and_nonsense_is_ignored() {
    let admin = Server::start().await.admin();
    let path = format!("{MAPS}/a");
    let made = apply(&admin, &path, "one", &map("a", &json!({"k": "v"})))
        .await
        .ok();
    let renamed =
        json!([{"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "two"}]);
    let renamed = admin.patch(&path, "json", &renamed).await.ok();
    assert_eq!(
        (owned(&renamed, "one"), fields(&renamed, "two")),
        (&Value::Null, fields(&made, "one"))
    );
    let mut nonsense = renamed.clone();
    nonsense["metadata"]["managedFields"] = json!([{"operation": "Guess"}]);
    let kept = admin.put(&path, &nonsense).await.ok();
    assert_eq!(kept, renamed);
}

#[tokio::test]
async fn owners_are_shown_in_lists_watches_and_metadata() {
    let admin = Server::start().await.admin();
    let made = apply(
        &admin,
        &format!("{MAPS}/a"),
        "one",
        &map("a", &json!({"k": "v"})),
    )
    .await
    .ok();
    let shown = &made["metadata"]["managedFields"];
    let listed = admin.get(MAPS).await.ok();
    assert_eq!(&listed["items"][0]["metadata"]["managedFields"], shown);
    for accept in [
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
    ] {
        let answer = admin
            .send("GET", MAPS, &[("accept", accept)], "")
            .await
            .ok();
        let item = answer
            .pointer("/items/0")
            .or_else(|| answer.pointer("/rows/0/object"));
        assert_eq!(
            &item.unwrap()["metadata"]["managedFields"],
            shown,
            "{accept}"
        );
    }
    let watched = admin
        .get(&format!(
            "{MAPS}?watch=true&resourceVersion=0&timeoutSeconds=1"
        ))
        .await;
    let line = watched.body.split(|byte| *byte == b'\n').next().unwrap();
    let line: Value = serde_json::from_slice(line).unwrap();
    assert_eq!(&line["object"]["metadata"]["managedFields"], shown);
    let yaml = admin
        .send(
            "GET",
            &format!("{MAPS}/a"),
            &[("accept", "application/yaml")],
            "",
        )
        .await;
    assert!(String::from_utf8_lossy(&yaml.body).contains("manager: one"));
}

#[tokio::test]
async fn custom_resources_are_owned_by_their_schema() {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "boats", "kind": "Boat"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "crew": {
                        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                        "items": {"type": "object", "required": ["name"], "properties": {
                            "name": {"type": "string"}, "role": {"type": "string"},
                        }},
                    },
                    "ports": {"type": "array", "items": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }}}],
        },
    });
    let admin = Server::with_definitions(vec![definition]).await.admin();
    let path = "/apis/example.com/v1/namespaces/default/boats/b";
    let boat = |spec: Value| json!({"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "b"}, "spec": spec});
    apply(
        &admin,
        path,
        "one",
        &boat(json!({"crew": [{"name": "ann", "role": "cook"}], "ports": ["x"]})),
    )
    .await
    .ok();
    let both = apply(
        &admin,
        path,
        "two",
        &boat(json!({"crew": [{"name": "bob"}], "free": {"a": {"b": [1]}}})),
    )
    .await
    .ok();
    assert_eq!(
        both["spec"]["crew"],
        json!([{"name": "ann", "role": "cook"}, {"name": "bob"}])
    );
    assert_eq!(
        fields(&both, "two"),
        &json!({"f:spec": {
            "f:crew": {"k:{\"name\":\"bob\"}": {".": {}, "f:name": {}}},
            "f:free": {"f:a": {".": {}, "f:b": {}}},
        }})
    );
    let message = apply(&admin, path, "two", &boat(json!({"ports": ["y"]})))
        .await
        .refused(409, "Conflict");
    assert!(
        message.ends_with("conflict with \"one\": .spec.ports"),
        "{message}"
    );
    let alone = apply(&admin, path, "two", &boat(json!({}))).await.ok();
    assert_eq!(
        alone["spec"],
        json!({"crew": [{"name": "ann", "role": "cook"}], "ports": ["x"]})
    );
}

//! The `scale` subresource, of built-in kinds and of custom resources.

use crate::client::{Server, without_owners};
use crate::kubectl::Kubectl;
use crate::workloads::{DEPLOYMENTS, deployment};
use serde_json::{Value, json};

/// A definition whose resources have a scale of their own.
fn scalable() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "boats", "kind": "Boat"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"scale": {
                    "specReplicasPath": ".spec.masts.count", "statusReplicasPath": ".status.masts",
                    "labelSelectorPath": ".status.selector",
                }},
                "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    })
}

#[tokio::test]
async fn a_scale_shows_what_is_wanted_and_what_is_there() {
    let admin = Server::start().await.admin();
    let made = admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let scale = admin.get(&format!("{DEPLOYMENTS}/web/scale")).await.ok();
    let metadata = &made["metadata"];
    assert_eq!(
        scale,
        json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": {
                "name": "web", "namespace": "default", "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
                "creationTimestamp": metadata["creationTimestamp"],
            },
            "spec": {"replicas": 1},
            "status": {"replicas": 0, "selector": "app=web"},
        })
    );
}

#[tokio::test]
async fn scaling_changes_the_number_and_nothing_else() {
    let admin = Server::start().await.admin();
    let before = admin
        .post(
            &format!("{DEPLOYMENTS}?fieldManager=one"),
            &deployment("web"),
        )
        .await
        .ok();
    let path = format!("{DEPLOYMENTS}/web/scale?fieldManager=scaler");
    let scaled = admin
        .patch(&path, "merge", &json!({"spec": {"replicas": 3}}))
        .await
        .ok();
    assert_eq!(scaled["spec"]["replicas"], 3);
    let after = admin.get(&format!("{DEPLOYMENTS}/web")).await.ok();
    let mut expected = before.clone();
    expected["spec"]["replicas"] = 3.into();
    expected["metadata"]["generation"] = 2.into();
    expected["metadata"]["resourceVersion"] = after["metadata"]["resourceVersion"].clone();
    assert_eq!(without_owners(after.clone()), without_owners(expected));
    let entry = after["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["manager"] == "scaler")
        .unwrap()
        .clone();
    assert_eq!(
        (&entry["subresource"], &entry["fieldsV1"]),
        (&json!("scale"), &json!({"f:spec": {"f:replicas": {}}}))
    );
}

#[tokio::test]
async fn a_scale_is_replaced_on_the_version_that_was_seen() {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let path = format!("{DEPLOYMENTS}/web/scale");
    let mut scale = admin.get(&path).await.ok();
    scale["spec"]["replicas"] = 5.into();
    assert_eq!(admin.put(&path, &scale).await.ok()["spec"]["replicas"], 5);
    admin.put(&path, &scale).await.refused(409, "Conflict");
}

#[tokio::test]
async fn a_scale_that_makes_no_sense_is_refused() {
    let admin = Server::start().await.admin();
    admin.post(DEPLOYMENTS, &deployment("web")).await.ok();
    let path = format!("{DEPLOYMENTS}/web/scale");
    let message = admin
        .patch(&path, "merge", &json!({"spec": {"replicas": -1}}))
        .await
        .refused(422, "Invalid");
    assert_eq!(
        message,
        "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
    for patch in [
        json!({"spec": {"replicas": "many"}}),
        json!({"kind": "Secret"}),
        json!({"metadata": {"name": "other"}}),
    ] {
        admin
            .patch(&path, "merge", &patch)
            .await
            .refused(400, "BadRequest");
    }
    admin.delete(&path).await.refused(405, "MethodNotAllowed");
    admin
        .get("/api/v1/namespaces/default/pods/x/scale")
        .await
        .refused(404, "NotFound");
}

#[tokio::test]
async fn a_custom_resource_is_scaled_by_the_paths_of_its_definition() {
    let admin = Server::with_definitions(vec![scalable()]).await.admin();
    let boats = "/apis/example.com/v1/namespaces/default/boats";
    let boat = json!({
        "apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "b"},
        "spec": {"masts": {"count": 2}}, "status": {"masts": 1, "selector": "mast=yes"},
    });
    admin.post(boats, &boat).await.ok();
    let path = format!("{boats}/b/scale");
    let scale = admin.get(&path).await.ok();
    assert_eq!(
        (&scale["spec"], &scale["status"]),
        (
            &json!({"replicas": 2}),
            &json!({"replicas": 1, "selector": "mast=yes"})
        )
    );
    admin
        .patch(&path, "merge", &json!({"spec": {"replicas": 4}}))
        .await
        .ok();
    assert_eq!(
        admin.get(&format!("{boats}/b")).await.ok()["spec"]["masts"]["count"],
        4
    );
}

#[tokio::test]
async fn kubectl_scales() {
    let kubectl = Kubectl::start().await;
    kubectl
        .run(&["create", "-f", "-"], &deployment("web").to_string())
        .await;
    assert_eq!(
        kubectl.ok("scale deployment web --replicas=3").await,
        "deployment.apps/web scaled"
    );
    assert_eq!(
        kubectl
            .ok("scale deployment web --current-replicas=3 --replicas=2")
            .await,
        "deployment.apps/web scaled"
    );
    assert_eq!(
        kubectl
            .ok("get deployment web -o jsonpath={.spec.replicas}")
            .await,
        "2"
    );
    assert_eq!(
        kubectl
            .ok("get deployment web --subresource=scale -o jsonpath={.status.selector}")
            .await,
        "app=web"
    );
}

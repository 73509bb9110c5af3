//! Subresources: status, scale, and those of pods; and what errors are to a program.

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    DeleteParams, DynamicObject, EvictParams, LogParams, Patch, PatchParams, PostParams,
    WatchEvent, WatchParams,
};
use kube::discovery::{Discovery, Scope, verbs};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::{Harbour, crane, parsed, soon, status};

#[tokio::test]
async fn a_deployment_is_scaled_and_its_status_is_written_apart() {
    let harbour = Harbour::new().await;
    let deployments = harbour.api::<Deployment>();
    let params = PostParams::default();
    deployments
        .create(&params, &crane())
        .await
        .expect("created");
    let mut scale = deployments.get_scale("crane").await.expect("a scale");
    let stale = scale.clone();
    scale.spec.get_or_insert_default().replicas = Some(3);
    let scale = deployments.replace_scale("crane", &params, &scale).await;
    let scale = scale.expect("scaled");
    assert_eq!(scale.spec.and_then(|spec| spec.replicas), Some(3));
    assert_eq!(
        scale.status.and_then(|status| status.selector).as_deref(),
        Some("app=crane")
    );
    let refused = deployments.replace_scale("crane", &params, &stale).await;
    assert!(status(refused.expect_err("too late")).is_conflict());
    let patch = Patch::Merge(json!({"spec": {"replicas": 5}}));
    let patched = deployments
        .patch_scale("crane", &PatchParams::default(), &patch)
        .await;
    assert_eq!(
        patched.expect("scaled").spec.and_then(|spec| spec.replicas),
        Some(5)
    );

    let mut own = deployments.get_status("crane").await.expect("a status");
    own.status.get_or_insert_default().ready_replicas = Some(4);
    own.status.get_or_insert_default().replicas = Some(4);
    own.spec.replicas = Some(9);
    let own = deployments.replace_status("crane", &params, &own).await;
    let own = own.expect("replaced");
    assert_eq!(own.status.and_then(|status| status.ready_replicas), Some(4));
    assert_eq!(own.spec.replicas, Some(5), "that is no status");
}

#[tokio::test]
async fn a_pod_is_evicted_and_nothing_runs_in_it() {
    let harbour = Harbour::new().await;
    let pods = harbour.api::<Pod>();
    let pod: Pod = parsed(json!({
        "metadata": {"name": "mate"},
        "spec": {"containers": [{"name": "main", "image": "registry.harbour.example/a:1"}]},
    }));
    pods.create(&PostParams::default(), &pod)
        .await
        .expect("created");
    let log = pods.logs("mate", &LogParams::default()).await;
    assert_eq!(log.expect("a log"), "");
    let other = LogParams {
        container: Some("other".to_owned()),
        ..LogParams::default()
    };
    let refused = status(pods.logs("mate", &other).await.expect_err("no container"));
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (400, "container other is not valid for pod mate")
    );
    let missing = pods.logs("nobody", &LogParams::default()).await;
    assert!(status(missing.expect_err("no pod")).is_not_found());
    let evicted = pods.evict("mate", &EvictParams::default()).await;
    assert!(evicted.expect("evicted").is_success());
    assert!(pods.get_opt("mate").await.expect("an answer").is_none());
    let again = pods.evict("mate", &EvictParams::default()).await;
    assert!(status(again.expect_err("no pod")).is_not_found());
}

#[tokio::test]
async fn refusals_are_told_apart_by_type() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    let params = PostParams::default();
    let map: ConfigMap = parsed(json!({"metadata": {"name": "settings"}}));
    let made = maps.create(&params, &map).await.expect("created");
    let missing = status(maps.get("nothing").await.expect_err("missing"));
    assert!(missing.is_not_found());
    let details = missing.details.expect("details");
    assert_eq!(
        (details.name.as_str(), details.kind.as_str()),
        ("nothing", "configmaps")
    );
    assert!(maps.get_opt("nothing").await.expect("an answer").is_none());
    let twice = status(maps.create(&params, &map).await.expect_err("there"));
    assert!(twice.is_already_exists() && !twice.is_conflict());
    let bad: ConfigMap = parsed(json!({"metadata": {"name": "No Name"}}));
    let bad = status(maps.create(&params, &bad).await.expect_err("invalid"));
    assert!(bad.is_invalid());
    let causes = bad.details.expect("details").causes;
    assert_eq!(causes[0].field, "metadata.name");
    let mut stale = made.clone();
    stale.metadata.resource_version = Some("1".to_owned());
    let stale = maps.replace("settings", &params, &stale).await;
    assert!(status(stale.expect_err("too late")).is_conflict());
}

/// As `kube::CustomResource` writes definitions: with formats, bounds and `nullable`.
fn definition(group: &str) -> CustomResourceDefinition {
    let schema = json!({
        "type": "object", "title": "Ship", "required": ["spec"],
        "description": "Auto-generated derived type for ShipSpec via `CustomResource`",
        "properties": {
            "spec": {
                "type": "object", "required": ["crew", "flag"],
                "properties": {
                    "crew": {"type": "integer", "format": "uint32", "minimum": 0.0},
                    "flag": {"type": "string", "enum": ["Red", "Green"]},
                    "pilot": {"type": "string", "nullable": true},
                    "cargo": {"type": "object", "additionalProperties": {"type": "integer", "format": "int64"}},
                },
            },
            "status": {
                "type": "object", "nullable": true, "required": ["afloat"],
                "properties": {"afloat": {"type": "boolean"}, "crew": {"type": "integer", "format": "int32"}},
            },
        },
    });
    parsed(json!({
        "metadata": {"name": format!("ships.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"categories": [], "kind": "Ship", "plural": "ships", "shortNames": ["sh"], "singular": "ship"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "additionalPrinterColumns": [],
                "schema": {"openAPIV3Schema": schema},
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.crew", "statusReplicasPath": ".status.crew"},
                },
            }],
        },
    }))
}

#[tokio::test]
async fn a_program_brings_its_own_kind_and_finds_it() {
    let harbour = Harbour::new().await;
    let group = format!("{}.example", harbour.project.name);
    let name = format!("ships.{group}");
    let definitions: Api<CustomResourceDefinition> = Api::all(harbour.client.clone());
    let params = PatchParams::apply("harbour").force();
    let applied = Patch::Apply(definition(&group));
    definitions
        .patch(&name, &params, &applied)
        .await
        .expect("applied");
    let established = await_condition(definitions.clone(), &name, conditions::is_crd_established());
    soon(established).await.expect("established");

    let discovery = Discovery::new(harbour.client.clone()).filter(&[&group]);
    let discovery = discovery.run().await.expect("discovered");
    let (resource, capabilities) = discovery
        .get(&group)
        .and_then(|found| found.recommended_kind("Ship"))
        .expect("the kind");
    assert_eq!(capabilities.scope, Scope::Namespaced);
    assert!(capabilities.supports_operation(verbs::WATCH));
    let mut subresources: Vec<_> = capabilities
        .subresources
        .iter()
        .map(|(one, _)| one.plural.clone())
        .collect();
    subresources.sort_unstable();
    assert_eq!(subresources, ["scale", "status"]);

    let ships: Api<DynamicObject> =
        Api::namespaced_with(harbour.client.clone(), &harbour.project.name, &resource);
    let mut ship = DynamicObject::new("anna", &resource)
        .data(json!({"spec": {"crew": 4, "flag": "Red", "pilot": null, "cargo": {"tea": 7}}}));
    ship.labels_mut()
        .insert("fleet".to_owned(), "north".to_owned());
    let made = ships
        .create(&PostParams::default(), &ship)
        .await
        .expect("created");
    assert_eq!(made.data["spec"]["cargo"]["tea"], 7);
    let afloat = Patch::Merge(json!({"status": {"afloat": true, "crew": 3}}));
    ships
        .patch_status("anna", &PatchParams::default(), &afloat)
        .await
        .expect("patched");
    let scale = ships.get_scale("anna").await.expect("a scale");
    assert_eq!(scale.status.map(|status| status.replicas), Some(3));
    let bad = Patch::Merge(json!({"spec": {"flag": "Blue", "crew": -1}}));
    let refused = ships.patch("anna", &PatchParams::default(), &bad).await;
    let causes = status(refused.expect_err("invalid"))
        .details
        .expect("details")
        .causes;
    let mut fields: Vec<_> = causes.into_iter().map(|cause| cause.field).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["spec.crew", "spec.flag"]);

    // With its definition, an object goes.
    let version = made.resource_version().expect("a version");
    let watch = ships.watch(&WatchParams::default(), &version).await;
    let mut watch = watch.expect("a watch").boxed();
    definitions
        .delete(&name, &DeleteParams::default())
        .await
        .expect("deleted");
    loop {
        let event = soon(watch.try_next()).await.expect("an event");
        if let WatchEvent::Deleted(gone) = event.expect("one more") {
            assert_eq!(gone.name_any(), "anna");
            break;
        }
    }
}

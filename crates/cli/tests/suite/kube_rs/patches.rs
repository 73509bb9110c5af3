//! The three kinds of patch.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::{Harbour, inference_service, parsed, status};

#[tokio::test]
async fn a_json_patch_tests_and_replaces() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let patch = json!([
        {"op": "test", "path": "/type", "value": "Opaque"},
        {"op": "replace", "path": "/data/AWS_S3_BUCKET", "value": "dGlkZXM="},
        {"op": "remove", "path": "/data/AWS_S3_ENDPOINT"},
    ]);
    let patch = Patch::Json::<()>(serde_json::from_value(patch).expect("a patch"));
    let patched = harbour
        .api::<Secret>()
        .patch("soundings", &PatchParams::default(), &patch)
        .await;
    let data = patched.expect("patched").data.expect("values");
    assert_eq!(data["AWS_S3_BUCKET"].0, b"tides");
    assert!(!data.contains_key("AWS_S3_ENDPOINT"));
}

#[tokio::test]
async fn a_json_patch_whose_test_fails_changes_nothing() {
    let harbour = Harbour::new().await;
    let before = harbour.connect().await;
    let patch = json!([
        {"op": "remove", "path": "/data/AWS_S3_ENDPOINT"},
        {"op": "test", "path": "/type", "value": "other"},
    ]);
    let patch = Patch::Json::<()>(serde_json::from_value(patch).expect("a patch"));
    let outcome = harbour
        .api::<Secret>()
        .patch("soundings", &PatchParams::default(), &patch)
        .await;
    assert_eq!(status(outcome.expect_err("refused")).code, 422);
    assert_eq!(
        harbour
            .api::<Secret>()
            .get("soundings")
            .await
            .expect("found"),
        before
    );
}

#[tokio::test]
async fn a_merge_patch_sets_and_removes() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let service = inference_service("soundings", "models/tide");
    let services = harbour.inference_services();
    services
        .create(&PostParams::default(), &service)
        .await
        .expect("created");
    let patch = json!({"spec": {"predictor": {"minReplicas": 2, "model": {"modelFormat": {"name": null, "version": "2"}}}}});
    let patched = services
        .patch(
            "tide-forecast",
            &PatchParams::default(),
            &Patch::Merge(patch),
        )
        .await;
    let predictor = patched.expect("patched").data["spec"]["predictor"].clone();
    assert_eq!(predictor["minReplicas"], 2);
    assert_eq!(predictor["model"]["modelFormat"], json!({"version": "2"}));
    assert_eq!(
        predictor["model"]["storage"]["key"], "soundings",
        "what was injected stays"
    );
}

#[tokio::test]
async fn a_strategic_patch_merges_lists_by_their_keys() {
    let harbour = Harbour::new().await;
    let deployments = harbour.api::<Deployment>();
    let container = |name| json!({"name": name, "image": "registry.harbour.example/a:1"});
    let deployment = parsed(json!({
        "metadata": {"name": "crane"},
        "spec": {
            "selector": {"matchLabels": {"app": "crane"}},
            "template": {
                "metadata": {"labels": {"app": "crane"}},
                "spec": {"containers": [container("hook"), container("arm")]},
            },
        },
    }));
    deployments
        .create(&PostParams::default(), &deployment)
        .await
        .expect("created");
    let patch = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "arm", "env": [{"name": "LOAD", "value": "40t"}]},
        {"name": "hook", "$patch": "delete"},
    ]}}}});
    let patched = deployments
        .patch("crane", &PatchParams::default(), &Patch::Strategic(patch))
        .await;
    let containers = patched.expect("patched").spec.template.spec;
    let containers = containers.expect("a pod").containers;
    assert_eq!(containers.len(), 1);
    assert_eq!(containers[0].name, "arm");
    assert_eq!(
        containers[0].image.as_deref(),
        Some("registry.harbour.example/a:1")
    );
    assert_eq!(
        containers[0].env.as_ref().expect("variables")[0]
            .value
            .as_deref(),
        Some("40t")
    );
}

#[tokio::test]
async fn a_strategic_patch_of_a_custom_object_is_refused_as_kubernetes_does() {
    let harbour = Harbour::new().await;
    harbour.connect().await;
    let service = inference_service("soundings", "models/tide");
    let services = harbour.inference_services();
    services
        .create(&PostParams::default(), &service)
        .await
        .expect("created");
    let patch = Patch::Strategic(json!({"spec": {"predictor": {"minReplicas": 2}}}));
    let outcome = services
        .patch("tide-forecast", &PatchParams::default(), &patch)
        .await;
    assert_eq!(status(outcome.expect_err("refused")).code, 415);
}

#[tokio::test]
async fn a_patch_of_a_stale_version_is_a_conflict() {
    let harbour = Harbour::new().await;
    let before = harbour.connect().await;
    let secrets = harbour.api::<Secret>();
    let label = |text: &str, version: Option<&str>| {
        Patch::Merge(json!({"metadata": {"labels": {"team": text}, "resourceVersion": version}}))
    };
    let stale = before.metadata.resource_version.as_deref();
    secrets
        .patch("soundings", &PatchParams::default(), &label("a", stale))
        .await
        .expect("patched");
    let outcome = secrets
        .patch("soundings", &PatchParams::default(), &label("b", stale))
        .await;
    let status = status(outcome.expect_err("refused"));
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
}

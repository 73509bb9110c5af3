//! What Bowline makes of requests, and which never get to it: the webhook rules, match conditions,
//! patches, dry runs and field ownership of a real API server.

use anyhow::Result;
use rstest::rstest;
use serde_json::{Value, json};

use crate::scene::{CONNECTION, KINDS, Scene};
use crate::wire::{APPLY_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH};

#[tokio::test]
async fn objects_without_a_reference_never_reach_the_webhook() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for (api_version, kind) in KINDS {
        let mut object = scene.plain(api_version, kind);
        object["metadata"]["annotations"] = json!({"example.com/connections": CONNECTION});
        let path = scene.path(&object)?;
        let apply = format!("{path}?fieldManager=kubectl");
        scene
            .author
            .patch(&apply, APPLY_PATCH, &object)
            .await?
            .granted()?;
        let label = json!({"metadata": {"labels": {"tier": "lab"}}});
        let labelled = scene
            .author
            .patch(&path, MERGE_PATCH, &label)
            .await?
            .granted()?;
        scene.author.put(&path, &labelled).await?.granted()?;
        // A Job asks for orphans otherwise, and waits for somebody to make them.
        let delete = format!("{path}?propagationPolicy=Background");
        scene.author.delete(&delete).await?.granted()?;
        scene
            .author
            .post(&scene.all(&object)?, &object)
            .await?
            .granted()?;
    }
    assert_eq!(scene.calls(), []);
    Ok(())
}

#[rstest]
#[case::nothing("RayCluster", json!(null))]
#[case::an_empty_specification("RayCluster", json!({}))]
#[case::nothing_for_the_head("RayCluster", json!({"headGroupSpec": null}))]
#[case::a_head_without_pods("RayCluster", json!({"headGroupSpec": {"rayStartParams": {}}}))]
#[case::a_head_with_a_text("RayCluster", json!({"headGroupSpec": {"template": "pods"}}))]
#[case::nothing_for_the_workers("RayCluster", json!({"workerGroupSpecs": null}))]
#[case::workers_that_are_no_list("RayCluster", json!({"workerGroupSpecs": {"groupName": "a"}}))]
#[case::workers_without_pods("RayCluster", json!({"workerGroupSpecs": [{"groupName": "a"}, null]}))]
#[case::a_cluster_elsewhere("RayJob", json!({"clusterSelector": {"ray.io/cluster": "demo"}}))]
#[case::nothing_for_the_cluster("RayJob", json!({"rayClusterSpec": null}))]
#[case::pods_with_nothing_for_annotations(
    "RayCluster", json!({"headGroupSpec": {"template": {"metadata": {"annotations": null}}}})
)]
#[tokio::test]
async fn an_odd_object_without_a_reference_is_let_through(
    #[case] kind: &str,
    #[case] spec: Value,
) -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let mut object = scene.plain("ray.io/v1", kind);
    object["spec"] = spec;
    if object["spec"].is_null() {
        object.as_object_mut().expect("an object").remove("spec");
    }
    let reply = scene.author.post(&scene.all(&object)?, &object).await?;
    assert!(reply.is_ok(), "{}", reply.message());
    assert_eq!(scene.calls(), []);
    Ok(())
}

#[tokio::test]
async fn secrets_that_are_no_connections_never_reach_the_webhook() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let before = scene.shared.bowline.calls(&scene.namespace).len();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "other", "namespace": scene.namespace, "annotations": {"a": "b"}},
        "stringData": {"password": "nobody-asks"},
    });
    scene
        .admin
        .post(&scene.all(&secret)?, &secret)
        .await?
        .granted()?;
    scene.admin.delete(&scene.path(&secret)?).await?.granted()?;
    assert_eq!(scene.shared.bowline.calls(&scene.namespace).len(), before);
    Ok(())
}

#[tokio::test]
async fn applying_the_same_manifest_again_changes_nothing() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for (api_version, kind) in KINDS {
        let manifest = scene.tied(api_version, kind);
        // Without force, so that a conflict about fields that Bowline wrote would show.
        let path = format!("{}?fieldManager=kubectl", scene.path(&manifest)?);
        let apply = async || {
            let reply = scene.author.patch(&path, APPLY_PATCH, &manifest).await?;
            reply.granted().map_err(|error| error.context(kind))
        };
        let (mut once, mut twice, thrice) = (apply().await?, apply().await?, apply().await?);
        assert_eq!(thrice, twice, "{kind}");
        // The API server itself stores a Job a second time, whoever wrote it.
        for object in [&mut once, &mut twice] {
            object["metadata"]["resourceVersion"].take();
        }
        assert_eq!(twice, once, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_location_that_is_applied_stays_when_its_connection_is_dropped() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let (api_version, kind) = ("serving.kserve.io/v1alpha2", "LLMInferenceService");
    let tied = scene.tied(api_version, kind);
    let path = format!("{}?fieldManager=kubectl", scene.path(&tied)?);
    let apply = async |manifest| {
        scene
            .author
            .patch(&path, APPLY_PATCH, manifest)
            .await?
            .granted()
    };
    let location = apply(&tied).await?["spec"]["model"]["uri"].take();
    assert!(location.is_string(), "{location}");
    let mut untied = scene.plain(api_version, kind);
    untied["spec"]["model"] = json!({"uri": location});
    let after = apply(&untied).await?;
    assert_eq!(after["spec"]["model"]["uri"], location);
    assert!(
        !after.to_string().contains("bowline.dev/injected"),
        "{after}"
    );
    let dropped = scene.plain(api_version, kind);
    let after = apply(&dropped).await?;
    assert!(after["spec"]["model"].get("uri").is_none(), "{after}");
    Ok(())
}

#[tokio::test]
async fn a_manifest_that_was_changed_can_be_applied_again() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for (api_version, kind) in KINDS {
        let mut manifest = scene.tied(api_version, kind);
        let path = format!("{}?fieldManager=kubectl", scene.path(&manifest)?);
        let before = scene
            .author
            .patch(&path, APPLY_PATCH, &manifest)
            .await?
            .granted()?;
        manifest["metadata"]["labels"] = json!({"tier": "lab"});
        let after = scene.author.patch(&path, APPLY_PATCH, &manifest).await?;
        let after = after.granted().map_err(|error| error.context(kind))?;
        assert_eq!(after["spec"], before["spec"], "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn unknown_fields_and_the_forms_of_numbers_survive() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let extra = json!({
        "ratio": 0.30000000000000004, "whole": 1.0, "large": 9_007_199_254_740_993_u64,
        "small": 1e-7, "text": "1.0", "empty": {}, "list": [1, 2.5, []],
    });
    for (api_version, kind) in KINDS {
        if !api_version.contains('.') || kind == "Pod" {
            continue; // Built-in kinds have no unknown fields.
        }
        let (mut tied, mut plain) = (
            scene.tied(api_version, kind),
            scene.plain(api_version, kind),
        );
        for object in [&mut tied, &mut plain] {
            object["spec"]["extra"] = extra.clone();
        }
        plain["metadata"]["name"] = json!("plain");
        let path = scene.all(&tied)?;
        let tied = scene.author.post(&path, &tied).await?.granted()?;
        let plain = scene.author.post(&path, &plain).await?.granted()?;
        // As texts, in which `1` and `1.0` differ.
        let text = |object: &Value| object["spec"]["extra"].to_string();
        assert_eq!(text(&tied), text(&plain), "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_dry_run_leaves_nothing_behind() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for (api_version, kind) in KINDS {
        let object = scene.tied(api_version, kind);
        let path = format!("{}?dryRun=All", scene.all(&object)?);
        let answer = scene.author.post(&path, &object).await?.granted()?;
        assert!(
            answer.to_string().contains("bowline.dev/injected"),
            "{kind}"
        );
        let list = scene.admin.get(&scene.all(&object)?).await?.granted()?;
        assert_eq!(list["items"], json!([]), "{kind}");
    }
    assert_eq!(scene.accounts().await?, Vec::<String>::new());
    Ok(())
}

#[rstest]
#[case::where_the_namespace_says_so(&[("bowline.dev/inject", "enabled")], true)]
#[case::not_where_it_says_nothing(&[], false)]
#[case::not_where_it_says_otherwise(&[("bowline.dev/inject", "disabled")], false)]
#[tokio::test]
async fn pods_and_their_controllers_are_tied(
    #[case] labels: &[(&str, &str)],
    #[case] is_tied: bool,
) -> Result<()> {
    let Some(scene) = Scene::labelled(labels).await? else {
        return Ok(());
    };
    for (api_version, kind) in &KINDS[3..] {
        let object = scene.tied(api_version, kind);
        let made = scene
            .author
            .post(&scene.all(&object)?, &object)
            .await?
            .granted()?;
        assert_eq!(
            made["spec"].to_string().contains("envFrom"),
            is_tied,
            "{kind}"
        );
    }
    assert_eq!(!scene.calls().is_empty(), is_tied);
    Ok(())
}

#[rstest]
#[case::on_the_template("Deployment", "/spec/template")]
#[case::on_the_template_of_the_jobs("CronJob", "/spec/jobTemplate/spec/template")]
#[case::on_the_head("RayCluster", "/spec/headGroupSpec/template")]
#[case::on_a_group_of_workers("RayCluster", "/spec/workerGroupSpecs/0/template")]
#[case::on_the_head_of_a_job("RayJob", "/spec/rayClusterSpec/headGroupSpec/template")]
#[case::on_workers_of_a_job("RayJob", "/spec/rayClusterSpec/workerGroupSpecs/0/template")]
#[tokio::test]
async fn a_reference_gets_through_the_match_conditions(
    #[case] kind: &str,
    #[case] place: &str,
) -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let (api_version, kind) = *KINDS.iter().find(|(_, k)| *k == kind).expect("a kind");
    let mut object = scene.plain(api_version, kind);
    let template = object.pointer_mut(place).expect("a template");
    template["metadata"]["annotations"] = json!({"opendatahub.io/connections": CONNECTION});
    let path = scene.all(&object)?;
    let made = scene.author.post(&path, &object).await?.granted()?;
    let template = made.pointer(place).expect("a template");
    let variables = &template["spec"]["containers"][0]["envFrom"];
    assert_eq!(*variables, json!([{"secretRef": {"name": CONNECTION}}]));
    Ok(())
}

#[rstest]
#[case::of_the_alauda_dialect(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    "aml-model-source-connection"
)]
#[case::of_the_version_before(
    "serving.kserve.io/v1alpha1",
    "LLMInferenceService",
    "opendatahub.io/connections"
)]
#[case::of_an_early_notebook("kubeflow.org/v1beta1", "Notebook", "opendatahub.io/connections")]
#[tokio::test]
async fn a_reference_reaches_bowline(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] key: &str,
) -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let mut object = scene.tied(api_version, kind);
    let annotations = &mut object["metadata"]["annotations"];
    let reference = annotations["opendatahub.io/connections"].take();
    *annotations = json!({key: reference, "opendatahub.io/connection-path": "granite"});
    let made = scene
        .author
        .post(&scene.all(&object)?, &object)
        .await?
        .granted()?;
    let record = made.pointer("/metadata/annotations/bowline.dev~1injected");
    assert!(record.is_some(), "{made}");
    Ok(())
}

#[tokio::test]
async fn the_last_reference_can_be_taken_away_again() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for (api_version, kind) in KINDS {
        if kind == "Pod" || kind == "Job" {
            continue; // Their pods cannot change.
        }
        let plain = scene.plain(api_version, kind);
        let plain = scene
            .author
            .post(&format!("{}?dryRun=All", scene.all(&plain)?), &plain)
            .await?;
        let object = scene.tied(api_version, kind);
        scene
            .author
            .post(&scene.all(&object)?, &object)
            .await?
            .granted()?;
        let patch = json!({"metadata": {"annotations": {"opendatahub.io/connections": null}}});
        let after = scene
            .author
            .patch(&scene.path(&object)?, MERGE_PATCH, &patch)
            .await?;
        let (after, plain) = (after.granted()?, plain.granted()?);
        assert!(
            !after["metadata"]["annotations"]
                .to_string()
                .contains("bowline.dev"),
            "{kind}"
        );
        // An `env` list and the like that became empty is as good as none.
        assert_eq!(after["spec"], plain["spec"], "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_strategic_merge_patch_keeps_what_bowline_wrote() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let object = scene.tied("apps/v1", "Deployment");
    scene
        .author
        .post(&scene.all(&object)?, &object)
        .await?
        .granted()?;
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "demo", "image": "newer"}]}}}});
    let path = scene.path(&object)?;
    let after = scene
        .author
        .patch(&path, STRATEGIC_MERGE_PATCH, &patch)
        .await?
        .granted()?;
    let container = &after["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "newer");
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": CONNECTION}}])
    );
    Ok(())
}

#[tokio::test]
async fn writes_to_subresources_never_reach_the_webhook() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for (api_version, kind) in KINDS {
        let object = scene.tied(api_version, kind);
        scene
            .author
            .post(&scene.all(&object)?, &object)
            .await?
            .granted()?;
        let asked = scene.calls().len();
        let path = scene.path(&object)?;
        let controller = scene.admin.acting_as("controller", &["system:masters"]);
        let mut status = json!({"status": {}, "metadata": {"labels": {"seen": "yes"}}});
        if kind == "Notebook" {
            // What its whole schema wants.
            status["status"] = json!({"conditions": [], "containerState": {}, "readyReplicas": 0});
        }
        let status_path = format!("{path}/status");
        controller
            .patch(&status_path, MERGE_PATCH, &status)
            .await?
            .granted()?;
        if kind == "Deployment" || kind == "StatefulSet" {
            let scale = json!({"spec": {"replicas": 0}});
            let scale_path = format!("{path}/scale");
            scene
                .author
                .patch(&scale_path, MERGE_PATCH, &scale)
                .await?
                .granted()?;
        }
        assert_eq!(scene.calls().len(), asked, "{kind}");
    }
    Ok(())
}

//! Server-side apply by several managers, and objects that are got, changed and put back.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::entry::CommitError;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Harbour, parsed, status};

fn settings(data: &Value) -> Patch<Value> {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": data,
    });
    Patch::Apply(map)
}

async fn apply(
    maps: &Api<ConfigMap>,
    manager: &str,
    data: Value,
) -> Result<ConfigMap, kube::Error> {
    let params = PatchParams::apply(manager);
    maps.patch("settings", &params, &settings(&data)).await
}

fn data(map: ConfigMap) -> Vec<(String, String)> {
    map.data.unwrap_or_default().into_iter().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn two_managers_of_one_object_keep_out_of_each_others_way() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    apply(&maps, "anna", json!({"depth": "9", "tide": "low"}))
        .await
        .expect("applied");
    apply(&maps, "bert", json!({"light": "green"}))
        .await
        .expect("applied");
    // What a manager no longer applies goes, and only that.
    let map = apply(&maps, "anna", json!({"depth": "9"}))
        .await
        .expect("applied");
    assert_eq!(
        data(map.clone()),
        pairs(&[("depth", "9"), ("light", "green")])
    );
    let entries = map.metadata.managed_fields.unwrap_or_default();
    let mut managers: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            (
                entry.manager.unwrap_or_default(),
                entry.operation.unwrap_or_default(),
            )
        })
        .collect();
    managers.sort_unstable();
    assert_eq!(managers, pairs(&[("anna", "Apply"), ("bert", "Apply")]));
}

#[tokio::test]
async fn a_conflict_names_the_manager_and_the_field_and_force_settles_it() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    apply(&maps, "anna", json!({"depth": "9"}))
        .await
        .expect("applied");
    let refused = apply(&maps, "bert", json!({"depth": "12"})).await;
    let refused = status(refused.expect_err("a conflict"));
    assert!(refused.is_conflict());
    let causes = refused.details.expect("details").causes;
    let found: Vec<_> = causes
        .iter()
        .map(|cause| (cause.reason.as_str(), cause.field.as_str()))
        .collect();
    assert_eq!(found, [("FieldManagerConflict", ".data.depth")]);
    assert!(
        causes[0].message.contains("\"anna\""),
        "{}",
        causes[0].message
    );

    let force = PatchParams::apply("bert").force();
    let wanted = settings(&json!({"depth": "12"}));
    maps.patch("settings", &force, &wanted)
        .await
        .expect("forced");
    // It is not Anna's any more, so her letting go of it changes nothing.
    let map = apply(&maps, "anna", json!({})).await.expect("applied");
    assert_eq!(data(map), pairs(&[("depth", "12")]));
    // The same value is nobody's conflict.
    let map = apply(&maps, "carl", json!({"depth": "12"}))
        .await
        .expect("applied");
    assert_eq!(data(map), pairs(&[("depth", "12")]));
}

#[tokio::test]
async fn applying_the_same_again_is_no_change() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    let first = apply(&maps, "anna", json!({"depth": "9"}))
        .await
        .expect("applied");
    let again = apply(&maps, "anna", json!({"depth": "9"}))
        .await
        .expect("applied");
    assert_eq!(
        again.metadata.resource_version,
        first.metadata.resource_version
    );
}

#[tokio::test]
async fn containers_are_owned_one_by_one() {
    let harbour = Harbour::new().await;
    let deployments = harbour.api::<Deployment>();
    let container = |name: &str| json!({"name": name, "image": "registry.harbour.example/a:1"});
    let wanted = |containers: Value| {
        Patch::Apply(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "crane"},
            "spec": {
                "selector": {"matchLabels": {"app": "crane"}},
                "template": {
                    "metadata": {"labels": {"app": "crane"}},
                    "spec": {"containers": containers},
                },
            },
        }))
    };
    let apply = async |manager: &str, containers: Value| {
        let params = PatchParams::apply(manager);
        let applied = deployments
            .patch("crane", &params, &wanted(containers))
            .await;
        let spec = applied.expect("applied").spec.template.spec;
        let containers = spec.expect("a pod").containers;
        containers
            .into_iter()
            .map(|one| one.name)
            .collect::<Vec<_>>()
    };
    apply("anna", json!([container("hook"), container("arm")])).await;
    let both = apply("bert", json!([container("log")])).await;
    assert_eq!(both, ["hook", "arm", "log"]);
    let left = apply("anna", json!([container("hook")])).await;
    assert_eq!(left, ["hook", "log"]);
}

#[tokio::test]
async fn an_apply_to_a_state_that_is_over_is_a_conflict() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    let before = apply(&maps, "anna", json!({"depth": "9"}))
        .await
        .expect("applied");
    apply(&maps, "anna", json!({"depth": "8"}))
        .await
        .expect("applied");
    let stale = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "settings", "resourceVersion": before.metadata.resource_version},
        "data": {"depth": "7"},
    });
    let force = PatchParams::apply("anna").force();
    let refused = maps.patch("settings", &force, &Patch::Apply(stale)).await;
    assert!(status(refused.expect_err("too late")).is_conflict());
}

#[tokio::test]
async fn an_object_that_somebody_else_changed_meanwhile_is_not_put_back() {
    let harbour = Harbour::new().await;
    let maps = harbour.api::<ConfigMap>();
    let params = PostParams::default();
    let entry = maps.entry("settings").await.expect("an answer");
    let mut entry = entry.or_insert(|| parsed(json!({"data": {"depth": "9"}})));
    entry.commit(&params).await.expect("created");
    apply(&maps, "bert", json!({"light": "green"}))
        .await
        .expect("applied");
    entry
        .get_mut()
        .data
        .get_or_insert_default()
        .insert("depth".to_owned(), "8".to_owned());
    match entry.commit(&params).await {
        Err(CommitError::Save(error)) => assert!(status(error).is_conflict()),
        other => panic!("{other:?}"),
    }
    let found = maps.get("settings").await.expect("there");
    assert_eq!(data(found), pairs(&[("depth", "9"), ("light", "green")]));
}

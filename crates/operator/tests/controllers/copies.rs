//! Copies of a store's keys in profiles: who gets one, what it holds, when it goes, and what is told.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_operator::controllers::Settings;
use bowline_testkit::canary::Canaries;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Loop, TestApi};

/// A store with one key for everybody.
const SHARED: &str = "{connection: shared, profiles: [{name: pier}]}";

fn settings() -> Settings {
    Settings {
        pipelines: Some("kubeflow".to_owned()),
        ..Settings::new("default", "bowline")
    }
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    })
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// A namespace as Kubeflow's controller of profiles makes it, that has opted in.
fn profile(name: &str) -> Value {
    let mut profile = namespace(name);
    profile["metadata"]["labels"] = json!({
        "app.kubernetes.io/part-of": "kubeflow-profile", "bowline.dev/pipelines": "enabled",
    });
    profile["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "kubeflow.org/v1", "kind": "Profile", "name": name, "uid": name,
        "controller": true,
    }]);
    profile
}

fn store(spec: &str) -> Value {
    let mut store = object("ConfigMap", "kubeflow", "store");
    store["metadata"]["labels"] = json!({"bowline.dev/pipelines": "store"});
    let document = format!("apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nspec: {spec}\n");
    store["data"] = json!({"store.yaml": document});
    store
}

fn source(name: &str, secret_key: &str) -> Value {
    let mut source = object("Secret", "kubeflow", name);
    source["metadata"]["annotations"] = json!({"bowline.dev/pipelines-source": "true"});
    source["stringData"] = json!({
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLEAKIDEXAMP", "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_S3_ENDPOINT": "https://s3.harbour.example",
    });
    source
}

fn copy(namespace: &str) -> Value {
    object("Secret", namespace, "pipelines-object-store")
}

fn statuses() -> Value {
    object("ConfigMap", "kubeflow", "pipelines-object-store-status")
}

/// An API with the namespace `kubeflow`, and these objects.
async fn api(objects: impl IntoIterator<Item = Value>) -> Result<TestApi> {
    let api = TestApi::start().await?;
    api.create(namespace("kubeflow")).await?;
    for object in objects {
        api.create(object).await?;
    }
    Ok(api)
}

/// Waits until the status of a profile begins so.
async fn until_status(api: &TestApi, profile: &str, wanted: &str) -> Result<String> {
    let is_so = |map: &Value| {
        map["data"][profile]
            .as_str()
            .is_some_and(|text| text.starts_with(wanted))
    };
    let map = api.until(&statuses(), is_so).await?;
    Ok(map["data"][profile].as_str().unwrap_or_default().to_owned())
}

fn secret_key(copy: &Value) -> Option<String> {
    let text = copy["data"]["AWS_SECRET_ACCESS_KEY"].as_str()?;
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

async fn until_key(api: &TestApi, namespace: &str, key: &str) -> Result<Value> {
    api.until(&copy(namespace), |copy| {
        secret_key(copy).as_deref() == Some(key)
    })
    .await
}

async fn until_gone(api: &TestApi, object: &Value) -> Result<()> {
    api.until(object, Value::is_null).await.map(drop)
}

#[tokio::test]
async fn a_copy_holds_two_keys_and_says_where_they_are_from() -> Result<()> {
    let api = api([profile("pier"), source("shared", "first"), store(SHARED)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    let copy = until_key(&api, "pier", "first").await?;
    let keys: Vec<_> = copy["data"].as_object().context("data")?.keys().collect();
    assert_eq!(keys, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    let metadata = &copy["metadata"];
    assert_eq!(
        metadata["labels"]["app.kubernetes.io/managed-by"],
        "bowline"
    );
    assert_eq!(metadata["labels"]["bowline.dev/pipelines"], "copy");
    assert_eq!(
        metadata["annotations"]["bowline.dev/copied-from"],
        "kubeflow/shared"
    );
    let source = api.get(&source("shared", "")).await?.context("a source")?;
    let of = |key: &str| source["metadata"][key].as_str().unwrap_or_default();
    let version = format!("{}/{}", of("uid"), of("resourceVersion"));
    assert_eq!(
        metadata["annotations"]["bowline.dev/copied-version"],
        *version
    );
    let status = until_status(&api, "pier", "copied").await?;
    assert_eq!(status, "copied from kubeflow/shared");
    Ok(())
}

#[tokio::test]
async fn a_new_profile_has_its_copy_while_another_one_waits_for_its_source() -> Result<()> {
    let spec =
        "{connection: shared, auth: {type: KeyPerProfile, secretTemplate: 'keys-{profile_name}'}}";
    let api = api([source("keys-quay", "first"), store(spec)]).await?;
    let running = Loop::start_with(&api.client, &settings());
    api.create(profile("pier")).await?;
    until_status(
        &api,
        "pier",
        "missing: Secret `kubeflow/keys-pier` is not there",
    )
    .await?;
    running.until_idle().await?;
    api.create(profile("quay")).await?;
    // Long before everything is looked at again.
    until_key(&api, "quay", "first").await?;
    assert!(api.get(&copy("pier")).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_changed_source_is_one_write_for_each_profile_and_a_restart_is_none() -> Result<()> {
    let names: Vec<String> = (0..30).map(|n| format!("pier-{n}")).collect();
    let api = api(names.iter().map(|name| profile(name))).await?;
    let shared = source("shared", "first");
    api.create(shared.clone()).await?;
    api.create(store("{connection: shared}")).await?;
    let (client, writes) = api.client_that_counts_writes();
    let running = Loop::start_with(&client, &settings());
    for name in &names {
        until_status(&api, name, "copied").await?;
    }
    running.until_idle().await?;
    // A ConfigMap of statuses is written a few times for all of them.
    let first = writes.swap(0, Ordering::Relaxed);
    assert!((31..=36).contains(&first), "{first} writes at first");
    api.patch(&shared, source("shared", "second")).await?;
    for name in &names {
        until_key(&api, name, "second").await?;
    }
    running.until_idle().await?;
    assert_eq!(writes.swap(0, Ordering::Relaxed), 30);
    // A label is nothing that is copied.
    let label = json!({"metadata": {"labels": {"team": "forecast"}}});
    api.patch(&shared, label).await?;
    drop(running);
    let again = Loop::start_with(&client, &settings());
    let made = api.create(profile("last")).await?;
    until_status(&api, "last", "copied").await?;
    again.until_idle().await?;
    assert_eq!(
        writes.load(Ordering::Relaxed),
        2,
        "a copy and its status, after {made:?}"
    );
    Ok(())
}

#[rstest]
#[case::the_profile_opts_out(namespace("pier"), json!({"metadata": {"labels": {"bowline.dev/pipelines": null}}}))]
#[case::it_is_no_profile_any_more(namespace("pier"), json!({"metadata": {"ownerReferences": null}}))]
#[case::it_is_no_longer_listed(store(""), store("{connection: shared, onlyListed: true}"))]
#[case::the_store_is_no_store_any_more(store(""), json!({"metadata": {"labels": {"bowline.dev/pipelines": null}}}))]
#[case::pods_get_an_identity(
    store(""),
    store("{connection: shared, auth: {type: Environment}, profiles: [{name: pier}]}")
)]
#[case::the_source_says_no(source("shared", ""), json!({"metadata": {"annotations": {"bowline.dev/pipelines-source": null}}}))]
#[tokio::test]
async fn a_copy_goes_when_its_reason_does(
    #[case] object: Value,
    #[case] patch: Value,
) -> Result<()> {
    let api = api([profile("pier"), source("shared", "first"), store(SHARED)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_key(&api, "pier", "first").await?;
    api.patch(&object, patch).await?;
    until_gone(&api, &copy("pier")).await
}

#[tokio::test]
async fn without_a_store_there_are_neither_copies_nor_statuses() -> Result<()> {
    let api = api([profile("pier"), source("shared", "first"), store(SHARED)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_status(&api, "pier", "copied").await?;
    api.delete(&store("")).await?;
    until_gone(&api, &copy("pier")).await?;
    until_gone(&api, &statuses()).await
}

#[tokio::test]
async fn a_secret_of_somebody_else_is_neither_overwritten_nor_deleted() -> Result<()> {
    let mut theirs = copy("pier");
    theirs["stringData"] = json!({"AWS_SECRET_ACCESS_KEY": "theirs"});
    let api = api([
        profile("pier"),
        theirs,
        source("shared", "first"),
        store(SHARED),
    ])
    .await?;
    let running = Loop::start_with(&api.client, &settings());
    until_status(
        &api,
        "pier",
        "refused: Secret `pier/pipelines-object-store` was not made by Bowline",
    )
    .await?;
    api.delete(&store("")).await?;
    until_gone(&api, &statuses()).await?;
    running.until_idle().await?;
    until_key(&api, "pier", "theirs").await?;
    Ok(())
}

#[tokio::test]
async fn a_secret_that_does_not_agree_is_not_even_read() -> Result<()> {
    let mut silent = source("shared", "first");
    silent["metadata"]["annotations"] = Value::Null;
    let api = api([profile("pier"), silent.clone(), store(SHARED)]).await?;
    let (client, reads) =
        api.client_that_counts_reads("/api/v1/namespaces/kubeflow/secrets/shared");
    let _loop = Loop::start_with(&client, &settings());
    let status = until_status(
        &api,
        "pier",
        "refused: Secret `kubeflow/shared` does not agree",
    )
    .await?;
    assert!(status.contains(
        "`kubectl annotate secret shared -n kubeflow bowline.dev/pipelines-source=true`"
    ));
    assert_eq!(reads.load(Ordering::Relaxed), 0);
    assert!(api.get(&copy("pier")).await?.is_none());
    api.patch(
        &silent,
        json!({"metadata": {"annotations": {"bowline.dev/pipelines-source": "true"}}}),
    )
    .await?;
    until_key(&api, "pier", "first").await?;
    Ok(())
}

#[rstest]
#[case::in_another_namespace("team-a", "store")]
#[case::without_the_label("kubeflow", "stores")]
#[tokio::test]
async fn a_store_counts_only_where_the_administrator_says(
    #[case] place: &str,
    #[case] label: &str,
) -> Result<()> {
    let mut elsewhere = store(SHARED);
    elsewhere["metadata"]["namespace"] = json!(place);
    elsewhere["metadata"]["name"] = json!("elsewhere");
    elsewhere["metadata"]["labels"] = json!({"bowline.dev/pipelines": label});
    let api = api([profile("pier"), source("shared", "first"), elsewhere]).await?;
    // What is done about this one comes later than what would be done about the other.
    api.create(profile("quay")).await?;
    let spec = "{connection: shared, onlyListed: true, profiles: [{name: quay}]}";
    api.create(store(spec)).await?;
    let running = Loop::start_with(&api.client, &settings());
    until_key(&api, "quay", "first").await?;
    running.until_idle().await?;
    assert!(api.get(&copy("pier")).await?.is_none());
    Ok(())
}

#[rstest]
#[case::it_is_unreadable(store(": {"), "refused: ConfigMap `store`: ")]
#[case::it_is_misspelt(
    store("{conection: shared}"),
    "refused: ConfigMap `store`: store.yaml:3:"
)]
#[tokio::test]
async fn a_store_that_is_no_good_changes_nothing_and_is_told(
    #[case] bad: Value,
    #[case] told: &str,
) -> Result<()> {
    let api = api([profile("pier"), source("shared", "first"), store(SHARED)]).await?;
    let running = Loop::start_with(&api.client, &settings());
    until_status(&api, "pier", "copied").await?;
    let before = api.get(&copy("pier")).await?;
    api.patch(&bad, bad.clone()).await?;
    until_status(&api, "_store", told).await?;
    api.patch(&source("shared", ""), source("shared", "second"))
        .await?;
    running.until_idle().await?;
    assert_eq!(api.get(&copy("pier")).await?, before);
    api.patch(&bad, store(SHARED)).await?;
    until_key(&api, "pier", "second").await?;
    api.until(&statuses(), |map| map["data"]["_store"].is_null())
        .await?;
    Ok(())
}

#[tokio::test]
async fn of_two_stores_none_is_believed() -> Result<()> {
    let mut other = store("{connection: other}");
    other["metadata"]["name"] = json!("other");
    let api = api([
        profile("pier"),
        source("other", "other"),
        store(SHARED),
        other.clone(),
    ])
    .await?;
    api.create(source("shared", "first")).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_status(
        &api,
        "_store",
        "refused: ConfigMaps `other` and `store` are both stores",
    )
    .await?;
    assert!(api.get(&copy("pier")).await?.is_none());
    api.delete(&other).await?;
    until_key(&api, "pier", "first").await?;
    Ok(())
}

#[tokio::test]
async fn what_somebody_changes_in_a_copy_is_put_back() -> Result<()> {
    let api = api([profile("pier"), source("shared", "first"), store(SHARED)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_key(&api, "pier", "first").await?;
    let spoilt = json!({"stringData": {"AWS_SECRET_ACCESS_KEY": "theirs", "more": "data"}});
    api.patch(&copy("pier"), spoilt).await?;
    let again = until_key(&api, "pier", "first").await?;
    assert!(again["data"]["more"].is_null());
    api.delete(&copy("pier")).await?;
    until_key(&api, "pier", "first").await?;
    Ok(())
}

#[tokio::test]
async fn a_source_that_goes_and_comes_back_is_told_where_the_profile_looks_and_without_values()
-> Result<()> {
    let mut canaries = Canaries::default();
    let value = canaries.plant("Secret shared, key AWS_SECRET_ACCESS_KEY");
    let api = api([profile("pier"), source("shared", &value), store(SHARED)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_status(&api, "pier", "copied").await?;
    api.delete(&source("shared", "")).await?;
    let gone = until_status(
        &api,
        "pier",
        "missing: Secret `kubeflow/shared` is not there; create it",
    )
    .await?;
    // What was copied is of use until somebody says no.
    until_key(&api, "pier", &value).await?;
    api.create(source("shared", &value)).await?;
    let back = until_status(&api, "pier", "copied").await?;
    let events: Api<Event> = Api::namespaced(api.client.clone(), "pier");
    let reasons = async || -> Result<Vec<Option<String>>> {
        let events = events.list(&ListParams::default()).await?;
        assert_eq!(canaries.leaks(&serde_json::to_string(&events)?), []);
        Ok(events.items.into_iter().map(|event| event.reason).collect())
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    let told = loop {
        let told = reasons().await?;
        if told.len() >= 2 || Instant::now() > deadline {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for reason in ["PipelinesSourceMissing", "PipelinesSourceBack"] {
        assert!(told.contains(&Some(reason.to_owned())), "{told:?}");
    }
    assert_eq!(canaries.leaks(&format!("{gone}{back}")), []);
    Ok(())
}

/// Argo in a namespace of its own, which is no profile's either.
const APART: &str = "{connection: shared, namespaces: {kubeflow: kubeflow, argo: wharf}, \
    auth: {type: KeyPerProfile}, profiles: [{name: pier}]}";

fn opted_in(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": {"bowline.dev/pipelines": "enabled"}},
    })
}

#[tokio::test]
async fn the_parts_that_profiles_share_have_the_backends_keys_and_follow_their_change() -> Result<()>
{
    let api = api([opted_in("wharf"), source("shared", "first"), store(APART)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_key(&api, "wharf", "first").await?;
    let status = until_status(&api, "kubeflow", "refused").await?;
    assert!(
        status.contains("`kubectl label namespace kubeflow bowline.dev/pipelines=enabled`"),
        "{status}"
    );
    api.patch(&namespace("kubeflow"), opted_in("kubeflow"))
        .await?;
    until_key(&api, "kubeflow", "first").await?;
    api.patch(&source("shared", ""), source("shared", "second"))
        .await?;
    for name in ["wharf", "kubeflow"] {
        until_key(&api, name, "second").await?;
        until_status(&api, name, "copied from kubeflow/shared").await?;
    }
    Ok(())
}

#[rstest]
#[case::its_namespace_opts_out(namespace("wharf"), json!({"metadata": {"labels": {"bowline.dev/pipelines": null}}}))]
#[case::argo_is_elsewhere(store(""), store("{connection: shared}"))]
#[case::the_source_says_no(source("shared", ""), json!({"metadata": {"annotations": {"bowline.dev/pipelines-source": null}}}))]
#[tokio::test]
async fn a_shared_part_loses_its_copy_with_the_reason_for_it(
    #[case] object: Value,
    #[case] patch: Value,
) -> Result<()> {
    let api = api([opted_in("wharf"), source("shared", "first"), store(APART)]).await?;
    let _loop = Loop::start_with(&api.client, &settings());
    until_key(&api, "wharf", "first").await?;
    api.patch(&object, patch).await?;
    until_gone(&api, &copy("wharf")).await
}

/// Whoever applied keys to a namespace that did not opt in had the right to.
#[tokio::test]
async fn what_somebody_applied_stays_until_the_operator_keeps_it() -> Result<()> {
    let mut applied = copy("kubeflow");
    applied["metadata"]["labels"] = json!({
        "app.kubernetes.io/managed-by": "bowline", "bowline.dev/pipelines-of": "kubeflow.kfp",
    });
    applied["stringData"] = json!({"AWS_SECRET_ACCESS_KEY": "applied"});
    let api = api([applied, source("shared", "first"), store(SHARED)]).await?;
    let running = Loop::start_with(&api.client, &settings());
    until_status(&api, "kubeflow", "refused").await?;
    running.until_idle().await?;
    until_key(&api, "kubeflow", "applied").await?;
    api.patch(&namespace("kubeflow"), opted_in("kubeflow"))
        .await?;
    let kept = until_key(&api, "kubeflow", "first").await?;
    assert_eq!(kept["metadata"]["labels"]["bowline.dev/pipelines"], "copy");
    let out = json!({"metadata": {"labels": {"bowline.dev/pipelines": null}}});
    api.patch(&namespace("kubeflow"), out).await?;
    until_gone(&api, &copy("kubeflow")).await
}

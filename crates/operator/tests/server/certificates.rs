//! The operator's own certificates: the Secret, several replicas, and who trusts what when.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bowline_operator::certificates::own::{Keeper, OwnError, Settings};
use bowline_operator::certificates::{Clock, system_clock};
use bowline_operator::listen::Limits;
use bowline_operator::{Metrics, Serving};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::Trust;
use crate::world::{Api, serve};

const SECRET: &str = "bowline-webhook-tls";
const SERVICE: &str = "bowline-webhook.default.svc";

struct Replica {
    keeper: Keeper,
    serving: Serving,
    address: SocketAddr,
}

fn replica(api: &Api, clock: Clock) -> Replica {
    let metrics = Arc::new(Metrics::default());
    let serving = Serving::new(Arc::clone(&metrics));
    let settings = Settings::new("default", "bowline");
    Replica {
        keeper: Keeper::new(&api.client, settings, serving.clone(), clock),
        address: serve(Limits::default(), &serving, Arc::new(()), &metrics),
        serving,
    }
}

fn secrets(api: &Api) -> kube::Api<Secret> {
    kube::Api::namespaced(api.client.clone(), "default")
}

async fn data(api: &Api, key: &str) -> String {
    let secret = secrets(api).get(SECRET).await.unwrap();
    String::from_utf8(secret.data.unwrap()[key].0.clone()).unwrap()
}

fn configurations(api: &Api, which: &str) -> kube::Api<DynamicObject> {
    let kind = format!("{which}WebhookConfiguration");
    let gvk = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", &kind);
    kube::Api::all_with(api.client.clone(), &ApiResource::from_gvk(&gvk))
}

async fn configure(api: &Api, which: &str) {
    let webhooks = json!([
        {"name": "a.bowline.dev", "clientConfig": {"service": {"name": "x", "namespace": "y"}}},
        {"name": "b.bowline.dev", "clientConfig": {"caBundle": "b2xk", "url": "https://x"}, "timeoutSeconds": 7},
    ]);
    let object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": format!("{which}WebhookConfiguration"),
        "metadata": {"name": "bowline"},
        "webhooks": webhooks,
    });
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    let configurations = configurations(api, which);
    configurations
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
}

async fn webhooks(api: &Api, which: &str) -> Value {
    let found = configurations(api, which).get("bowline").await.unwrap();
    found.data["webhooks"].clone()
}

/// Whom an API server trusts.
async fn trusted(api: &Api) -> String {
    let webhooks = webhooks(api, "Mutating").await;
    let bundle: ByteString =
        serde_json::from_value(webhooks[0]["clientConfig"]["caBundle"].clone()).unwrap();
    String::from_utf8(bundle.0).unwrap()
}

#[tokio::test]
async fn replicas_that_race_end_with_one_authority() {
    let api = Api::start().await;
    let mut replicas: Vec<_> = (0..4).map(|_| replica(&api, system_clock())).collect();
    let races = replicas.iter_mut().map(|replica| replica.keeper.settle());
    for outcome in futures::future::join_all(races).await {
        outcome.unwrap();
    }
    let trust = Trust::in_pem(&data(&api, "ca.crt").await);
    for replica in &replicas {
        trust.connect(replica.address, SERVICE).await.unwrap();
    }
}

#[tokio::test]
async fn the_secret_says_what_and_whose_it_is() {
    let api = Api::start().await;
    replica(&api, system_clock()).keeper.settle().await.unwrap();
    let secret = secrets(&api).get(SECRET).await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/tls"));
    let labels = secret.metadata.labels.unwrap();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "bowline");
    let keys: Vec<_> = secret.data.unwrap().into_keys().collect();
    assert_eq!(keys, ["ca.crt", "ca.key", "tls.crt", "tls.key"]);
}

#[tokio::test]
async fn nothing_is_written_once_all_is_well() {
    let api = Api::start().await;
    configure(&api, "Mutating").await;
    let mut replica = replica(&api, system_clock());
    replica.keeper.settle().await.unwrap();
    let versions = async || {
        let secret = secrets(&api).get(SECRET).await.unwrap();
        let configuration = configurations(&api, "Mutating").get("bowline").await;
        (
            secret.metadata.resource_version,
            configuration.unwrap().metadata.resource_version,
        )
    };
    let before = versions().await;
    replica.keeper.settle().await.unwrap();
    assert_eq!(versions().await, before);
}

#[tokio::test]
async fn configurations_get_the_authority_and_keep_the_rest() {
    let api = Api::start().await;
    let mut replica = replica(&api, system_clock());
    replica.keeper.settle().await.unwrap();
    configure(&api, "Mutating").await;
    configure(&api, "Validating").await;
    replica.keeper.settle().await.unwrap();
    let bundle = json!(ByteString(data(&api, "ca.crt").await.into_bytes()));
    for which in ["Mutating", "Validating"] {
        assert_eq!(
            webhooks(&api, which).await,
            json!([
                {"name": "a.bowline.dev", "clientConfig": {"service": {"name": "x", "namespace": "y"}, "caBundle": bundle}},
                {"name": "b.bowline.dev", "clientConfig": {"caBundle": bundle, "url": "https://x"}, "timeoutSeconds": 7},
            ])
        );
    }
}

async fn spoil(api: &Api, change: &Value) {
    let patch = Patch::Merge(change);
    let params = PatchParams::default();
    secrets(api).patch(SECRET, &params, &patch).await.unwrap();
}

#[rstest]
#[case::garbled(json!({"data": {"tls.crt": "Z2FyYmxlZA=="}}))]
#[case::key_gone(json!({"data": {"ca.key": null}}))]
#[tokio::test]
async fn content_that_is_no_good_is_replaced_by_the_last_good_one(#[case] change: Value) {
    let api = Api::start().await;
    let mut replica = replica(&api, system_clock());
    replica.keeper.settle().await.unwrap();
    let before = secrets(&api).get(SECRET).await.unwrap().data;
    spoil(&api, &change).await;
    replica.keeper.settle().await.unwrap();
    assert_eq!(secrets(&api).get(SECRET).await.unwrap().data, before);
}

#[tokio::test]
async fn a_replica_that_never_saw_good_content_makes_it_anew() {
    let api = Api::start().await;
    replica(&api, system_clock()).keeper.settle().await.unwrap();
    spoil(&api, &json!({"data": {"ca.crt": "Z2FyYmxlZA=="}})).await;
    let mut newcomer = replica(&api, system_clock());
    newcomer.keeper.settle().await.unwrap();
    let trust = Trust::in_pem(&data(&api, "ca.crt").await);
    trust.connect(newcomer.address, SERVICE).await.unwrap();
}

#[tokio::test]
async fn a_secret_of_somebody_else_is_left_alone() {
    let api = Api::start().await;
    let foreign = json!({"metadata": {"name": SECRET}, "stringData": {"password": "x"}});
    let foreign: Secret = serde_json::from_value(foreign).unwrap();
    let made = secrets(&api).create(&PostParams::default(), &foreign).await;
    let mut replica = replica(&api, system_clock());
    let error = replica.keeper.settle().await.unwrap_err();
    assert!(matches!(error, OwnError::Foreign { .. }), "{error}");
    let now = secrets(&api).get(SECRET).await.unwrap();
    assert_eq!(now, made.unwrap());
    assert_eq!(replica.serving.ends(), None);
}

#[tokio::test]
async fn a_namespace_that_is_missing_is_named() {
    let api = Api::start().await;
    let serving = Serving::new(Arc::new(Metrics::default()));
    let settings = Settings::new("nowhere", "bowline");
    let mut keeper = Keeper::new(&api.client, settings, serving, system_clock());
    let error = keeper.settle().await.unwrap_err().to_string();
    assert!(
        error.starts_with("namespace `nowhere` is missing"),
        "{error}"
    );
}

#[tokio::test]
async fn deleting_the_secret_makes_all_anew_for_every_replica() {
    let api = Api::start().await;
    let (mut first, mut second) = (replica(&api, system_clock()), replica(&api, system_clock()));
    first.keeper.settle().await.unwrap();
    second.keeper.settle().await.unwrap();
    let before = data(&api, "ca.crt").await;
    let params = DeleteParams::default();
    secrets(&api).delete(SECRET, &params).await.unwrap();
    first.keeper.settle().await.unwrap();
    second.keeper.settle().await.unwrap();
    let after = data(&api, "ca.crt").await;
    assert_ne!(after, before);
    let trust = Trust::in_pem(&after);
    trust.connect(second.address, SERVICE).await.unwrap();
}

/// Twelve years in steps of ten days, with one replica's clock an hour late: whatever is served,
/// whoever trusts the configuration trusts it, before and after each replica looks.
#[tokio::test]
async fn whatever_is_served_is_trusted_for_twelve_years() {
    let api = Api::start().await;
    configure(&api, "Mutating").await;
    let start = Timestamp::now();
    let now = Arc::new(Mutex::new(start));
    let clock = |skew: SignedDuration| -> Clock {
        let now = Arc::clone(&now);
        Arc::new(move || *now.lock().unwrap() + skew)
    };
    let hour = SignedDuration::from_hours(1);
    let mut replicas = [
        replica(&api, clock(SignedDuration::ZERO)),
        replica(&api, clock(-hour)),
    ];
    for replica in &mut replicas {
        replica.keeper.settle().await.unwrap();
    }
    let mut authorities = std::collections::BTreeSet::new();
    for step in 0..438 {
        let when = start + hour * 24 * 10 * step;
        *now.lock().unwrap() = when;
        for looking in 0..replicas.len() {
            replicas[looking].keeper.settle().await.unwrap();
            let bundle = trusted(&api).await;
            let trust = Trust::in_pem_at(&bundle, when);
            for replica in &replicas {
                let connected = trust.connect(replica.address, SERVICE).await;
                connected.unwrap_or_else(|error| panic!("step {step}: {error}"));
            }
            authorities.insert(bundle);
        }
    }
    // One, both, the other way round, the next one.
    assert_eq!(authorities.len(), 4);
}

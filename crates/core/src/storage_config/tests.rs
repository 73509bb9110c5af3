mod laws;

use std::collections::BTreeMap;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::sensitive::Sensitive;

const KEY: &str = "not-a-real-secret-key-at-all";

fn connection(annotations: &Value, data: &Value) -> Secret {
    let object = json!({
        "metadata": {"name": "models", "namespace": "team-a", "annotations": annotations},
        "stringData": data,
    });
    Secret::from_value(&object).expect("a good Secret")
}

fn keys() -> Value {
    json!({
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_S3_ENDPOINT": "https://s3.harbour.example", "AWS_S3_BUCKET": "models",
    })
}

fn entry(secret: Secret, has_bundle: bool) -> Value {
    let entry = Entry::of(secret, has_bundle).expect("an S3 connection");
    serde_json::from_slice(entry.json.expose()).expect("JSON")
}

#[rstest]
#[case::protocol(json!({"opendatahub.io/connection-type-protocol": "s3"}))]
#[case::reference(json!({"opendatahub.io/connection-type-ref": "s3"}))]
#[case::legacy(json!({"opendatahub.io/connection-type": "s3"}))]
#[case::alauda(json!({"cpaas.io/connection-type-protocol": "s3"}))]
#[case::keys_only(json!({}))]
fn the_entry_is_the_same_whatever_dialect_made_the_secret(#[case] annotations: Value) {
    let expected = json!({
        "type": "s3", "access_key_id": "AKIDEXAMPLE", "secret_access_key": KEY,
        "endpoint_url": "https://s3.harbour.example", "bucket": "models", "region": "us-east-1",
    });
    assert_eq!(entry(connection(&annotations, &keys()), false), expected);
}

#[test]
fn kserves_own_annotations_make_the_same_entry() {
    let annotations = json!({
        "serving.kserve.io/s3-endpoint": "s3.harbour.example", "serving.kserve.io/s3-usehttps": "1",
        "serving.kserve.io/s3-region": "eu-north-1",
    });
    let data = json!({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": KEY});
    let entry = entry(connection(&annotations, &data), false);
    assert_eq!(entry["endpoint_url"], "https://s3.harbour.example");
    assert_eq!(entry["region"], "eu-north-1");
}

#[rstest]
#[case::https("https://s3.harbour.example", true, json!("odh-kserve-custom-ca-bundle"))]
#[case::http("http://s3.harbour.example", true, Value::Null)]
#[case::no_bundle("https://s3.harbour.example", false, Value::Null)]
fn the_bundle_is_named_where_it_is_needed_and_there(
    #[case] endpoint: &str,
    #[case] has_bundle: bool,
    #[case] expected: Value,
) {
    let mut data = keys();
    data["AWS_S3_ENDPOINT"] = json!(endpoint);
    let secret = connection(
        &json!({"opendatahub.io/connection-type-protocol": "s3"}),
        &data,
    );
    assert_eq!(entry(secret, has_bundle)["cabundle_configmap"], expected);
}

#[test]
fn a_connection_that_is_not_verified_says_so() {
    let mut data = keys();
    data["AWS_S3_VERIFY_SSL"] = json!("false");
    let secret = connection(
        &json!({"opendatahub.io/connection-type-protocol": "s3"}),
        &data,
    );
    assert_eq!(entry(secret, false)["verify_ssl"], "0");
}

#[rstest]
#[case::virtual_hosting("AWS_S3_USE_PATH_STYLE", "false", Gap::VirtualHosting)]
#[case::session_token("AWS_SESSION_TOKEN", "temporary", Gap::SessionToken)]
#[case::bundle("AWS_CA_BUNDLE", "/etc/ca.crt", Gap::CaBundle)]
fn what_an_entry_cannot_say_is_told(#[case] key: &str, #[case] value: &str, #[case] gap: Gap) {
    let mut data = keys();
    data[key] = json!(value);
    let secret = connection(
        &json!({"opendatahub.io/connection-type-protocol": "s3"}),
        &data,
    );
    let entry = Entry::of(secret, false).expect("an S3 connection");
    assert_eq!(entry.gaps, [gap]);
}

#[test]
fn a_uri_connection_has_no_entry() {
    let secret = connection(
        &json!({"opendatahub.io/connection-type-protocol": "uri"}),
        &json!({"URI": "https://a.example"}),
    );
    assert!(Entry::of(secret, false).is_none());
}

#[test]
fn annotations_for_kserve_follow_the_connection_and_leave_a_persons_alone() {
    let mut secret = connection(
        &json!({
            "opendatahub.io/connection-type-protocol": "s3",
            "serving.kserve.io/s3-region": "eu-west-9",
        }),
        &keys(),
    );
    carry_out(&mut secret, false);
    assert_eq!(
        secret.annotations["serving.kserve.io/s3-endpoint"],
        "s3.harbour.example"
    );
    assert_eq!(
        secret.annotations["serving.kserve.io/s3-region"],
        "eu-west-9"
    );
    assert!(annotations(&secret, false).is_empty(), "once is enough");
    carry_out(&mut secret, true);
    assert!(
        secret
            .annotations
            .contains_key("serving.kserve.io/s3-cabundle-configmap")
    );
    let moved = Sensitive::from("http://other.example:9000");
    secret.data.insert("AWS_S3_ENDPOINT".to_owned(), moved);
    carry_out(&mut secret, true);
    assert_eq!(
        secret.annotations["serving.kserve.io/s3-endpoint"],
        "other.example:9000"
    );
    assert_eq!(secret.annotations["serving.kserve.io/s3-usehttps"], "0");
    assert!(
        !secret
            .annotations
            .contains_key("serving.kserve.io/s3-cabundle-configmap")
    );
}

#[rstest]
#[case::a_login("https://harbour:tide@s3.example.com")]
#[case::a_signature("https://s3.example.com?signature=tide")]
fn what_is_secret_in_an_endpoint_gets_into_no_annotation(#[case] endpoint: &str) {
    let mut data = keys();
    data["AWS_S3_ENDPOINT"] = json!(endpoint);
    let stated = json!({"opendatahub.io/connection-type-protocol": "s3"});
    let changes = annotations(&connection(&stated, &data), true);
    assert!(!format!("{changes:?}").contains("tide"), "{changes:?}");
}

/// Half an endpoint of ours beside half of a person's leads somewhere else.
#[test]
fn a_persons_endpoint_gets_no_protocol_from_us() {
    let annotations_of = json!({
        "opendatahub.io/connection-type-protocol": "s3",
        "serving.kserve.io/s3-endpoint": "minio:9000",
    });
    let changes = annotations(&connection(&annotations_of, &keys()), false);
    assert!(!changes.contains_key("serving.kserve.io/s3-usehttps"));
}

#[rstest]
#[case::keys_only(json!({}))]
#[case::kserves_own(json!({"serving.kserve.io/s3-region": "eu-west-9"}))]
fn a_secret_that_nobody_called_a_connection_of_ours_gets_no_annotation(
    #[case] annotations_of: Value,
) {
    let secret = connection(&annotations_of, &keys());
    assert!(annotations(&secret, true).is_empty());
}

fn carry_out(secret: &mut Secret, has_bundle: bool) {
    for (key, value) in annotations(secret, has_bundle) {
        match value {
            Some(value) => secret.annotations.insert(key, value),
            None => secret.annotations.remove(&key),
        };
    }
}

fn store(labels: &Value, annotations: &Value, data: &Value) -> Secret {
    let object = json!({
        "metadata": {"name": "storage-config", "labels": labels, "annotations": annotations},
        "stringData": data,
    });
    Secret::from_value(&object).expect("a good Secret")
}

fn wanted(entries: &[(&str, &str)]) -> BTreeMap<String, Sensitive> {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), Sensitive::from(*text));
    entries.iter().map(own).collect()
}

/// The Secret after a change, as the API server would keep it.
fn after(existing: Option<&Secret>, change: &Change) -> Option<Secret> {
    let update = match change {
        Change::None => return existing.cloned(),
        Change::Delete => return None,
        Change::Create(update) | Change::Update(update) => update,
    };
    let empty = store(&json!({}), &json!({}), &json!({}));
    let mut secret = existing.cloned().unwrap_or(empty);
    let (key, value) = names::MANAGED_BY;
    match update.is_ours {
        true => secret.labels.insert(key.to_owned(), value.to_owned()),
        false => secret.labels.remove(key),
    };
    match &update.entries {
        Some(text) => secret
            .annotations
            .insert(names::ENTRIES.to_owned(), text.clone()),
        None => secret.annotations.remove(names::ENTRIES),
    };
    secret.data.retain(|name, _| !update.remove.contains(name));
    secret.data.extend(update.set.clone());
    Some(secret)
}

fn ours() -> Value {
    json!({"app.kubernetes.io/managed-by": "bowline"})
}

fn texts(secret: Option<&Secret>) -> BTreeMap<String, String> {
    let text = |entry: &Sensitive| entry.expose_str().unwrap_or_default().to_owned();
    let data = secret.map(|secret| secret.data.clone()).unwrap_or_default();
    data.iter()
        .map(|(name, entry)| (name.clone(), text(entry)))
        .collect()
}

#[rstest]
#[case::foreign(json!({}), json!({}), Mode::Adopt)]
#[case::opted_out_by_label(json!({"opendatahub.io/managed": "false"}), json!({}), Mode::Adopt)]
#[case::opted_out_by_annotation(ours(), json!({"bowline.dev/managed": "false"}), Mode::Own)]
#[case::of_openshift_ai(json!({"opendatahub.io/managed": "true"}), json!({}), Mode::Own)]
fn what_is_not_ours_is_left_alone_and_told(
    #[case] labels: Value,
    #[case] annotations: Value,
    #[case] mode: Mode,
) {
    let existing = store(&labels, &annotations, &json!({"other": "{}"}));
    let merged = merge(Some(&existing), &wanted(&[("models", "{}")]), mode);
    assert!(matches!(merged.change, Change::None));
    assert!(matches!(merged.missing["models"], Missing::NotOurs(_)));
}

#[test]
fn what_openshift_ais_controller_made_is_taken_over_when_asked_to() {
    let labels = json!({"opendatahub.io/managed": "true"});
    let existing = store(
        &labels,
        &json!({}),
        &json!({"models": "old", "more": "kept"}),
    );
    let merged = merge(Some(&existing), &wanted(&[("models", "new")]), Mode::Adopt);
    let adopted = after(Some(&existing), &merged.change);
    let expected = [("models", "new"), ("more", "kept")];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(texts(adopted.as_ref()), expected.into());
    assert!(matches!(
        merge(adopted.as_ref(), &wanted(&[("models", "new")]), Mode::Own).change,
        Change::None
    ));
}

#[test]
fn an_adopted_secret_is_given_back_with_its_last_entry() {
    let labels = json!({"opendatahub.io/managed": "true"});
    let existing = store(&labels, &json!({}), &json!({"models": "old"}));
    let change = merge(Some(&existing), &wanted(&[("models", "new")]), Mode::Adopt).change;
    let adopted = after(Some(&existing), &change).expect("adopted");
    let change = merge(Some(&adopted), &wanted(&[]), Mode::Adopt).change;
    let given_back = after(Some(&adopted), &change).expect("still there");
    assert_eq!(owner(&given_back), Owner::OpenShiftAi);
}

#[test]
fn an_entry_that_somebody_else_wrote_is_never_touched() {
    let existing = store(
        &ours(),
        &json!({"bowline.dev/entries": "a"}),
        &json!({"a": "1", "b": "2"}),
    );
    let merged = merge(
        Some(&existing),
        &wanted(&[("a", "1"), ("b", "ours")]),
        Mode::Own,
    );
    assert!(matches!(merged.change, Change::None), "{:?}", merged.change);
    assert_eq!(merged.missing["b"], Missing::Occupied);
}

#[test]
fn the_last_entry_takes_the_secret_with_it_unless_somebody_else_has_one_in_it() {
    let marks = json!({"bowline.dev/entries": "a"});
    let alone = store(&ours(), &marks, &json!({"a": "1"}));
    assert!(matches!(
        merge(Some(&alone), &wanted(&[]), Mode::Own).change,
        Change::Delete
    ));
    let shared = store(&ours(), &marks, &json!({"a": "1", "b": "2"}));
    let merged = merge(Some(&shared), &wanted(&[]), Mode::Own);
    assert_eq!(
        texts(after(Some(&shared), &merged.change).as_ref()).len(),
        1
    );
}

#[test]
fn what_does_not_fit_is_named_and_what_was_there_stays() {
    let half = "x".repeat(600 * 1024);
    let existing = store(
        &ours(),
        &json!({"bowline.dev/entries": "a"}),
        &json!({"a": half}),
    );
    let merged = merge(
        Some(&existing),
        &wanted(&[("a", &half), ("b", &half)]),
        Mode::Own,
    );
    assert_eq!(merged.missing["b"], Missing::TooLarge);
    assert!(matches!(merged.change, Change::None));
}

#[test]
fn an_entry_that_shrinks_makes_room_for_one_that_grows() {
    let text = |kilobytes: usize| "x".repeat(kilobytes * 1024);
    let marks = json!({"bowline.dev/entries": "a,b"});
    let existing = store(&ours(), &marks, &json!({"a": text(500), "b": text(500)}));
    let wanted = wanted(&[("a", &text(700)), ("b", &text(100))]);
    let merged = merge(Some(&existing), &wanted, Mode::Own);
    assert!(merged.missing.is_empty(), "{:?}", merged.missing);
}

/// The list of names has a limit of its own, which small entries with long names reach first.
#[test]
fn the_list_of_names_keeps_to_the_limit_of_annotations() {
    let names: Vec<String> = (0..2000).map(|n| format!("{n:0253}")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let merged = merge(None, &wanted(&entries), Mode::Own);
    let made = after(None, &merged.change).expect("made");
    let pairs = made.annotations.iter();
    let size: usize = pairs.map(|(key, value)| key.len() + value.len()).sum();
    assert!(size <= 256 * 1024, "{size}");
    assert_eq!(made.data.len() + merged.missing.len(), 2000);
}

#[test]
fn nothing_is_done_where_it_is_switched_off() {
    let merged = merge(None, &wanted(&[("a", "1")]), Mode::Off);
    assert!(matches!(merged.change, Change::None) && merged.missing.is_empty());
}

fn entries() -> impl Strategy<Value = BTreeMap<String, Sensitive>> {
    proptest::collection::btree_map("[a-d]", "[a-z]{1,4}", 0..4).prop_map(|map| {
        let own = |(name, text): (String, String)| (name, Sensitive::from(text.as_str()));
        map.into_iter().map(own).collect()
    })
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once_and_taking_all_back_leaves_what_others_wrote(
        foreign in proptest::option::of(entries()),
        steps in proptest::collection::vec(entries(), 1..5),
    ) {
        let foreign = foreign.filter(|entries| !entries.is_empty());
        let mut secret = foreign.as_ref().map(|entries| {
            let mut secret = store(&ours(), &json!({}), &json!({}));
            secret.data = entries.clone();
            secret
        });
        let before = texts(secret.as_ref());
        for wanted in steps.iter().chain([&BTreeMap::new()]) {
            let merged = merge(secret.as_ref(), wanted, Mode::Own);
            secret = after(secret.as_ref(), &merged.change);
            let again = merge(secret.as_ref(), wanted, Mode::Own);
            prop_assert!(matches!(again.change, Change::None), "{:?}", again.change);
            let now = texts(secret.as_ref());
            for (name, entry) in wanted {
                let is_there = now.get(name).map(String::as_bytes) == Some(entry.expose());
                prop_assert!(is_there || merged.missing.contains_key(name));
            }
        }
        prop_assert_eq!(texts(secret.as_ref()), before);
    }
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::core::ObjectMeta;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Inventory, Key, WorkloadRef};
use crate::controllers::kinds::Kind;
use crate::seen::Versions as _;

const SECRETS: [&str; 3] = ["x", "y", "z"];

fn kind(name: &str) -> &'static Kind {
    Kind::named(name).expect("a kind that is watched")
}

fn meta(name: &str, annotations: &[(&str, &str)], labels: &[(&str, &str)]) -> ObjectMeta {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        owned.collect()
    };
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some("team-a".to_owned()),
        annotations: Some(map(annotations)),
        labels: Some(map(labels)),
        ..ObjectMeta::default()
    }
}

fn notebook(name: &str, secrets: &[&str]) -> ObjectMeta {
    let list: Vec<String> = secrets.iter().map(|it| format!("team-a/{it}")).collect();
    meta(
        name,
        &[("opendatahub.io/connections", &list.join(","))],
        &[],
    )
}

fn secret(name: &str, version: &str, is_labelled: bool) -> ObjectMeta {
    let labels: &[_] = if is_labelled {
        &[("opendatahub.io/managed", "true")]
    } else {
        &[]
    };
    ObjectMeta {
        resource_version: Some(version.to_owned()),
        ..meta(name, &[], labels)
    }
}

fn put(inventory: &Inventory, meta: &ObjectMeta) -> Vec<Key> {
    inventory.put_workload(kind("Notebook"), "v1", meta)
}

fn status(name: &str) -> Key {
    Key::Status(WorkloadRef {
        namespace: "team-a".to_owned(),
        kind: "Notebook",
        name: name.to_owned(),
    })
}

fn generation_of(kind: &Kind, annotations: &[(&str, &str)]) -> Option<i64> {
    let tied = [("opendatahub.io/connections", "team-a/x")];
    let meta = ObjectMeta {
        generation: Some(7),
        ..meta("tide", &[&tied, annotations].concat(), &[])
    };
    let inventory = Inventory::default();
    inventory.put_workload(Kind::named(kind.name)?, "v1", &meta);
    let reference = super::reference(Kind::named(kind.name)?.name, &meta)?;
    inventory.workload(&reference)?.running.generation
}

/// The API server counts every change of a Deployment's annotations as a generation, ours too.
#[test]
fn a_status_that_somebody_else_wrote_is_looked_at() {
    let inventory = Inventory::default();
    let mut object = notebook("nb", &["x"]);
    let write = |object: &mut ObjectMeta, text: &str| {
        let annotations = object.annotations.get_or_insert_default();
        annotations.insert("bowline.dev/connection-status".into(), text.into());
    };
    put(&inventory, &object);
    let Key::Status(reference) = status("nb") else {
        unreachable!("this is a status")
    };
    write(&mut object, "ours");
    inventory.learn_status(&reference, Some("ours"));
    assert_eq!(put(&inventory, &object), []);
    write(&mut object, "theirs");
    assert_eq!(put(&inventory, &object), [status("nb")]);
    assert_eq!(put(&inventory, &object), []);
}

#[test]
fn models_are_known_once_secrets_and_their_kinds_were_listed() {
    let inventory = Inventory::default();
    for kind in ["Secret", "Notebook", "InferenceService"] {
        inventory.mark_listed(kind);
        assert!(!inventory.knows_models(), "after {kind}");
    }
    inventory.mark_listed("LLMInferenceService");
    assert!(inventory.knows_models());
}

#[test]
fn a_deployment_has_new_pods_when_its_revision_says_so() {
    let revision = [("deployment.kubernetes.io/revision", "3")];
    assert_eq!(generation_of(kind("Deployment"), &revision), Some(3));
}

#[rstest::rstest]
#[case::a_deployment_that_no_controller_looks_after("Deployment", &[])]
#[case::a_deployment_with_a_revision_that_is_none("Deployment", &[("deployment.kubernetes.io/revision", "new")])]
#[case::another_kind("StatefulSet", &[("deployment.kubernetes.io/revision", "3")])]
fn the_generation_counts_for(#[case] name: &str, #[case] annotations: &[(&str, &str)]) {
    assert_eq!(generation_of(kind(name), annotations), Some(7));
}

#[test]
fn a_changed_secret_asks_for_its_users() {
    let inventory = Inventory::default();
    put(&inventory, &notebook("nb", &["x"]));
    put(&inventory, &notebook("other", &["y"]));
    assert_eq!(
        inventory.put_secret(&secret("x", "7", false)),
        [status("nb")]
    );
}

#[test]
fn a_foreign_secret_asks_for_nothing_and_is_not_held() {
    let inventory = Inventory::default();
    assert_eq!(inventory.put_secret(&secret("foreign", "7", false)), []);
    assert_eq!(inventory.sizes(), (0, 0));
}

#[test]
fn the_same_news_twice_ask_once() {
    let inventory = Inventory::default();
    put(&inventory, &notebook("nb", &["x"]));
    assert_eq!(put(&inventory, &notebook("nb", &["x"])), []);
    inventory.put_secret(&secret("x", "7", false));
    assert_eq!(inventory.put_secret(&secret("x", "7", false)), []);
}

#[test]
fn a_secret_that_loses_its_label_asks_for_the_entries_once_more() {
    let inventory = Inventory::default();
    inventory.put_secret(&secret("x", "1", true));
    let keys = inventory.put_secret(&secret("x", "2", false));
    assert!(
        keys.contains(&Key::Storage("team-a".to_owned())),
        "{keys:?}"
    );
    assert_eq!(inventory.for_storage("team-a"), BTreeSet::new());
}

#[test]
fn a_secret_that_nothing_is_told_of_any_more_is_not_current() {
    let inventory = Inventory::default();
    let is_current = |version| inventory.is_current("team-a", "x", version);
    inventory.put_secret(&secret("x", "1", true));
    assert!(is_current("1") && !is_current("2"));
    inventory.put_secret(&secret("x", "2", false));
    assert!(!is_current("2"), "neither labelled nor in use");
}

#[test]
fn a_secret_that_says_it_is_a_connection_is_current_without_a_user() {
    let inventory = Inventory::default();
    let stated = ObjectMeta {
        resource_version: Some("1".to_owned()),
        ..meta(
            "x",
            &[("opendatahub.io/connection-type-protocol", "s3")],
            &[],
        )
    };
    inventory.put_secret(&stated);
    assert!(inventory.is_current("team-a", "x", "1"));
    inventory.keep_secrets(&BTreeSet::new());
    assert!(!inventory.is_current("team-a", "x", "1"), "it is gone");
}

#[test]
fn what_a_read_has_told_makes_no_secret_current() {
    let inventory = Inventory::default();
    put(&inventory, &notebook("nb", &["x"]));
    inventory.followed("team-a", "x").learn("1");
    assert!(!inventory.is_current("team-a", "x", "1"));
}

/// What an inventory holds of the version of `x` after one read began, this happened, and the read
/// told of version 1.
fn learned_after(happens: impl FnOnce(&Inventory)) -> Option<String> {
    let inventory = Inventory::default();
    put(&inventory, &notebook("nb", &["x"]));
    let followed = inventory.followed("team-a", "x");
    happens(&inventory);
    followed.learn("1");
    inventory.followed("team-a", "x").version()
}

#[test]
fn what_a_read_has_told_counts_until_the_watch_tells() {
    assert_eq!(learned_after(|_| {}).as_deref(), Some("1"));
}

#[test]
fn what_the_watch_has_told_during_a_read_counts_more() {
    let version = learned_after(|inventory| {
        inventory.put_secret(&secret("x", "2", false));
    });
    assert_eq!(version.as_deref(), Some("2"));
}

#[rstest::rstest]
#[case::it_is_told_to_be_gone(|it: &Inventory| drop(it.remove_secret(&secret("x", "1", false))))]
#[case::it_is_not_listed(|it: &Inventory| drop(it.keep_secrets(&BTreeSet::new())))]
#[case::its_last_user_goes(|it: &Inventory| {
    it.remove_workload("Notebook", &notebook("nb", &[]));
})]
#[case::another_user_comes_after_the_last(|it: &Inventory| {
    it.remove_workload("Notebook", &notebook("nb", &[]));
    it.put_secret(&secret("x", "2", false));
    put(it, &notebook("other", &["x"]));
})]
fn what_a_read_tells_is_dropped_when_meanwhile(#[case] happens: fn(&Inventory)) {
    assert_eq!(learned_after(happens), None);
}

#[test]
fn nothing_is_known_of_a_secret_that_has_lost_its_label() {
    let inventory = Inventory::default();
    inventory.put_secret(&secret("x", "1", true));
    inventory.put_secret(&secret("x", "2", false));
    assert_eq!(inventory.followed("team-a", "x").version(), None);
}

#[test]
fn what_is_known_of_a_secret_goes_with_its_last_user() {
    let inventory = Inventory::default();
    put(&inventory, &notebook("nb", &["x"]));
    let known = Arc::downgrade(&inventory.followed("team-a", "x"));
    inventory.remove_workload("Notebook", &notebook("nb", &[]));
    assert!(known.upgrade().is_none());
}

#[test]
fn storage_config_itself_is_watched_but_no_connection() {
    let inventory = Inventory::default();
    let keys = inventory.put_secret(&secret("storage-config", "1", true));
    assert!(
        keys.contains(&Key::Storage("team-a".to_owned())),
        "{keys:?}"
    );
    assert_eq!(inventory.for_storage("team-a"), BTreeSet::new());
}

#[test]
fn a_model_asks_for_entries_and_a_notebook_does_not() {
    let inventory = Inventory::default();
    let reference = meta("llm", &[("opendatahub.io/connections", "x")], &[]);
    let keys = inventory.put_workload(kind("InferenceService"), "v1beta1", &reference);
    assert!(keys.contains(&Key::Storage("team-a".to_owned())));
    assert_eq!(inventory.for_storage("team-a"), ["x".to_owned()].into());
    put(&inventory, &notebook("nb", &["y"]));
    assert_eq!(inventory.for_storage("team-a"), ["x".to_owned()].into());
}

/// What a watch may tell.
#[derive(Debug, Clone)]
enum Told {
    Put(&'static str, Vec<&'static str>),
    Gone(&'static str),
    /// The watch was cut: everything is listed again.
    Listed,
}

fn told() -> impl Strategy<Value = Told> {
    let name = select(vec!["a", "b", "c"]);
    let secrets = proptest::collection::vec(select(SECRETS.to_vec()), 0..3);
    prop_oneof![
        4 => (name.clone(), secrets).prop_map(|(name, secrets)| Told::Put(name, secrets)),
        2 => name.prop_map(Told::Gone),
        1 => Just(Told::Listed),
    ]
}

fn users(inventory: &Inventory) -> Vec<Vec<WorkloadRef>> {
    SECRETS
        .map(|secret| inventory.users("team-a", secret))
        .into()
}

proptest! {
    #[test]
    fn repeated_lost_and_cut_news_end_in_what_a_plain_list_says(
        told in proptest::collection::vec(told(), 0..40),
        repeated in proptest::collection::vec(any::<Index>(), 0..5),
    ) {
        let inventory = Inventory::default();
        let mut truth: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (at, it) in told.iter().enumerate() {
            match it {
                Told::Put(name, secrets) => {
                    truth.insert(name, secrets.clone());
                }
                Told::Gone(name) => {
                    truth.remove(name);
                }
                Told::Listed => {}
            }
            let is_lost = repeated.iter().any(|index| index.index(told.len()) == at);
            match it {
                _ if is_lost => {}
                Told::Put(name, secrets) => {
                    put(&inventory, &notebook(name, secrets));
                    put(&inventory, &notebook(name, secrets));
                }
                Told::Gone(name) => {
                    inventory.remove_workload("Notebook", &notebook(name, &[]));
                }
                Told::Listed => list(&inventory, &truth),
            }
        }
        list(&inventory, &truth);
        let plain = Inventory::default();
        list(&plain, &truth);
        prop_assert_eq!(users(&inventory), users(&plain));
        prop_assert_eq!(inventory.sizes(), plain.sizes());
    }
}

fn list(inventory: &Inventory, truth: &BTreeMap<&str, Vec<&str>>) {
    let mut kept = BTreeSet::new();
    for (name, secrets) in truth {
        let meta = notebook(name, secrets);
        kept.extend(super::reference("Notebook", &meta));
        put(inventory, &meta);
    }
    inventory.keep_workloads("Notebook", &kept);
}

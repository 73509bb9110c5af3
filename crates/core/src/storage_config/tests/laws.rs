//! Laws of `merge` over Secrets as anybody may have left them, with values near the limits.

use std::collections::BTreeSet;

use proptest::collection::{btree_map, btree_set};

use super::*;

/// Few names, so that entries meet; lengths of which some do not fit together.
fn some_entries() -> impl Strategy<Value = BTreeMap<String, Sensitive>> {
    let length = prop_oneof![2 => Just(1), 1 => Just(300 * 1024), 1 => Just(600 * 1024)];
    btree_map("[a-f]", ("[a-z]", length), 0..5).prop_map(|drawn| {
        let text = |(letter, length): (String, usize)| Sensitive::new(letter.repeat(length));
        let pairs = drawn.into_iter();
        pairs.map(|(name, value)| (name, text(value))).collect()
    })
}

fn some_labels() -> impl Strategy<Value = Value> {
    let managed = prop_oneof![Just(None), Just(Some("true")), Just(Some("false"))];
    (any::<bool>(), managed).prop_map(|(is_ours, managed)| {
        let mut labels = if is_ours { ours() } else { json!({}) };
        if let Some(text) = managed {
            labels[names::MANAGED_LABEL] = json!(text);
        }
        labels
    })
}

prop_compose! {
    fn some_secret()(
        data in some_entries(),
        written in btree_set("[a-f]", 0..4),
        labels in some_labels(),
    ) -> Secret {
        let mut secret = store(&labels, &json!({}), &json!({}));
        let mut room = 1024 * 1024;
        for (name, entry) in data {
            if entry.len() <= room {
                room -= entry.len();
                secret.data.insert(name, entry);
            }
        }
        if !written.is_empty() {
            let text = written.into_iter().collect::<Vec<_>>().join(",");
            secret.annotations.insert(names::ENTRIES.to_owned(), text);
        }
        secret
    }
}

fn some_mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Off), Just(Mode::Own), Just(Mode::Adopt)]
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once(
        existing in proptest::option::of(some_secret()),
        wanted in some_entries(),
        mode in some_mode(),
    ) {
        let first = merge(existing.as_ref(), &wanted, mode);
        let secret = after(existing.as_ref(), &first.change);
        let second = merge(secret.as_ref(), &wanted, mode);
        prop_assert!(matches!(second.change, Change::None), "{:?}", second.change);
        prop_assert_eq!(second.missing, first.missing);
    }

    #[test]
    fn entries_of_others_survive(
        existing in some_secret(),
        steps in proptest::collection::vec(some_entries(), 0..3),
    ) {
        let mine: BTreeSet<String> =
            remembered(&existing).into_iter().map(str::to_owned).collect();
        let theirs = |secret: Option<&Secret>| {
            let mut data = texts(secret);
            data.retain(|name, _| existing.data.contains_key(name) && !mine.contains(name));
            data
        };
        let mut secret = Some(existing.clone());
        for wanted in steps.iter().chain([&BTreeMap::new()]) {
            let change = merge(secret.as_ref(), wanted, Mode::Own).change;
            secret = after(secret.as_ref(), &change);
            prop_assert!(theirs(secret.as_ref()) == theirs(Some(&existing)));
        }
    }

    #[test]
    fn every_connection_has_its_entry_or_is_missing(
        existing in proptest::option::of(some_secret()),
        wanted in some_entries(),
    ) {
        let merged = merge(existing.as_ref(), &wanted, Mode::Own);
        let secret = after(existing.as_ref(), &merged.change);
        let entry = |name: &str| Some(secret.as_ref()?.value(name)?.expose());
        for (name, wanted) in &wanted {
            let is_there = entry(name) == Some(wanted.expose());
            prop_assert!(is_there || merged.missing.contains_key(name), "{}", name);
        }
    }

    #[test]
    fn only_a_secret_that_we_made_is_deleted(
        existing in some_secret(),
        wanted in some_entries(),
        mode in some_mode(),
    ) {
        let is_adopted = existing.labels.contains_key(names::MANAGED_LABEL);
        if matches!(merge(Some(&existing), &wanted, mode).change, Change::Delete) {
            prop_assert!(owner(&existing) == Owner::Bowline && !is_adopted);
        }
    }

    #[test]
    fn the_limit_is_kept(
        existing in proptest::option::of(some_secret()),
        wanted in some_entries(),
    ) {
        let change = merge(existing.as_ref(), &wanted, Mode::Own).change;
        let secret = after(existing.as_ref(), &change);
        let size: usize = secret.iter().flat_map(|s| s.data.values()).map(Sensitive::len).sum();
        prop_assert!(size <= 1024 * 1024, "{}", size);
    }
}

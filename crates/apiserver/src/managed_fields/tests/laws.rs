//! What holds for all objects, where what is named is not empty: an empty map is owned as a value.

use super::*;
use proptest::prelude::*;

/// Anything that a manager may want; keys and entries are drawn from its own letters.
fn wanted(letters: &'static str) -> impl Strategy<Value = Value> {
    let word = proptest::string::string_regex(&format!("[{letters}]{{1,2}}"))
        .expect("a pattern")
        .boxed();
    let map = prop::collection::btree_map(word.clone(), "[xy]", 1..3);
    let part = (prop::option::of("[xy]"), prop::option::of(map.clone()));
    let parts = prop::collection::btree_map(word.clone(), part, 1..3);
    let tags = prop::collection::btree_set(word, 1..3);
    (
        prop::option::of(parts),
        prop::option::of(tags),
        prop::option::of(map),
    )
        .prop_map(|(parts, tags, labels)| {
            let mut spec = json!({});
            if let Some(parts) = parts {
                let part = |(name, (value, more)): (String, (Option<String>, Option<_>))| {
                    let mut part = json!({ "name": name });
                    if let Some(value) = value {
                        part["value"] = value.into();
                    }
                    if let Some(more) = more {
                        part["more"] = json!(more);
                    }
                    part
                };
                spec["parts"] = parts.into_iter().map(part).collect();
            }
            if let Some(tags) = tags {
                spec["tags"] = json!(tags);
            }
            if let Some(labels) = labels {
                spec["labels"] = json!(labels);
            }
            spec
        })
}

/// The same, with what cannot be divided among managers.
fn wanted_whole() -> impl Strategy<Value = Value> {
    let size = prop::option::of(0..3_i32);
    let command = prop::option::of(prop::collection::vec("[xy]", 1..3));
    (wanted("ab"), size, command).prop_map(|(mut spec, size, command)| {
        if let Some(size) = size {
            spec["size"] = size.into();
        }
        if let Some(command) = command {
            spec["command"] = json!(command);
        }
        spec
    })
}

/// The parts of an object that are values, and not what holds them.
fn values(object: &Value) -> FieldSet {
    fn only_ends(set: &FieldSet) -> FieldSet {
        let nodes = set.iter().map(|(step, node)| {
            let node = set::Node {
                is_member: node.is_member && node.below.is_empty(),
                below: only_ends(&node.below),
            };
            (step.into(), node)
        });
        FieldSet::new(nodes.collect())
    }
    only_ends(&extract(object, &schema()))
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(live in wanted_whole(), applied in wanted_whole()) {
        let once = State::new().update("other", &live).apply("one", &applied);
        prop_assert_eq!(&once.apply("one", &applied), &once);
    }

    #[test]
    fn applying_nothing_takes_back_what_was_applied(applied in wanted_whole()) {
        let state = State::new().apply("one", &applied).apply("one", &json!({}));
        prop_assert!(values(&state.object).is_empty(), "{}", state.object);
        prop_assert_eq!(state.managed.fold(), None);
    }

    #[test]
    fn applying_nothing_takes_away_exactly_what_nobody_else_owns(first in wanted_whole(), second in wanted_whole()) {
        let before = State::new().apply("one", &first).apply("two", &second);
        let of = |manager: &str| -> FieldSet {
            serde_json::from_value(before.owned_by(manager)).unwrap_or_default()
        };
        let after = before.apply("two", &json!({}));
        let lost = of("two").difference(&of("one"));
        let kept = values(&before.object).difference(&lost);
        prop_assert_eq!(values(&after.object).intersection(&kept), kept.clone(), "{} {}", before.object, after.object);
        prop_assert!(values(&after.object).intersection(&lost).is_empty(), "{} {}", before.object, after.object);
    }

    #[test]
    fn managers_of_different_parts_never_conflict(first in wanted("ab"), second in wanted("cd")) {
        let one = State::new().apply("one", &first);
        let both = one.try_apply("two", &second, false);
        prop_assert!(both.is_ok(), "{:?}", both);
        let both = both.expect("checked");
        // And neither loses anything to the other.
        prop_assert_eq!(both.owned_by("one"), one.owned_by("one"));
        let undone = both.apply("two", &json!({}));
        prop_assert_eq!(values(&undone.object), values(&one.object));
    }

    #[test]
    fn what_is_applied_is_there(live in wanted_whole(), applied in wanted_whole()) {
        let state = State::new().update("other", &live).apply("one", &applied);
        let wanted = json!({"spec": applied});
        prop_assert!(unchanged(&wanted, &state.object, &schema()) == extract(&wanted, &schema()), "{}", state.object);
    }

    #[test]
    fn every_value_has_an_owner(first in wanted_whole(), second in wanted_whole(), third in wanted_whole()) {
        let state = State::new().update("one", &first).apply("two", &second).update("three", &third);
        prop_assert!(values(&state.object).difference(&state.managed.all()).is_empty());
    }

    #[test]
    fn a_difference_is_empty_where_nothing_differs(spec in wanted_whole()) {
        let object = json!({ "spec": spec });
        prop_assert!(compare(&object, &object, &schema()).is_empty());
    }

    #[test]
    fn entries_come_back_from_their_text(first in wanted_whole(), second in wanted_whole()) {
        let managed = State::new().apply("one", &first).update("two", &second).managed;
        let Some(folded) = managed.fold() else { return Ok(()) };
        let read = Managed::read(&folded).expect("it was written here");
        prop_assert_eq!(read.clone().fold(), Some(folded.clone()));
        let shown = unfold(json!({"metadata": {"managedFields": folded}}));
        prop_assert_eq!(Managed::read(&shown["metadata"]["managedFields"]), Some(read));
    }

    #[test]
    fn sets_are_sets(first in wanted_whole(), second in wanted_whole()) {
        let set = |spec: &Value| extract(&json!({ "spec": spec }), &schema());
        let (one, other) = (set(&first), set(&second));
        let common = one.intersection(&other);
        prop_assert_eq!(one.difference(&other).union(&common), one.clone());
        prop_assert_eq!(one.union(&other), other.union(&one));
        prop_assert!(one.difference(&one.union(&other)).is_empty());
    }
}

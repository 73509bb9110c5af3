//! Server-side apply: an object, the entries that a client gives it, and two managers.
#![no_main]

use std::sync::LazyLock;

use bowline_apiserver::fuzzing::{Kind, Owned};
use bowline_fuzz::{custom, values};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let mut kinds = Kind::defined(custom()).expect("the definition is good");
    kinds.extend(["Pod", "Service"].into_iter().filter_map(Kind::built_in));
    kinds
});

/// An object as it is before it is stored; none where its kind refuses it.
fn conform(kind: &Kind, mut object: Value) -> Option<Value> {
    if !object.is_object() {
        return None;
    }
    kind.prune(&mut object);
    kind.default(&mut object);
    (kind.errors(&object).is_empty() && kind.faults(&object).is_empty()).then_some(object)
}

fuzz_target!(|input: &[u8]| {
    let Some([live, entries, first, second]) = values(input) else { return };
    for kind in KINDS.iter() {
        one(kind, &live, &entries, &first, &second);
    }
});

fn one(kind: &Kind, live: &Value, entries: &Value, first: &Value, second: &Value) {
    let Some(live) = conform(kind, live.clone()) else { return };
    let Some(state) = Owned::with(live, entries) else { return };
    comes_back(&state);
    let mut state = state;
    for (manager, applied) in [("one", first), ("two", second), ("one", second)] {
        if !applied.is_object() || !kind.faults(applied).is_empty() || has_empty(applied) {
            continue;
        }
        let polite = state.apply(kind, applied, manager, false);
        let Some(next) = state.apply(kind, applied, manager, true) else {
            panic!("what is forced meets no conflict");
        };
        if let Some(polite) = polite {
            assert_eq!(polite, next, "without a conflict force changes nothing");
        }
        comes_back(&next);
        let again = next.apply(kind, applied, manager, true);
        assert_eq!(again.as_ref().map(|again| &again.object), Some(&next.object));
        assert_eq!(again.and_then(|again| again.entries()), next.entries());
        state = next;
    }
    if let Some(object) = conform(kind, first.clone()) {
        comes_back(&state.update(kind, object, "three"));
    }
}

/// What is empty is owned as a value, and comes and goes with its last member.
fn has_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty() || members.values().any(has_empty),
        Value::Array(entries) => entries.is_empty() || entries.iter().any(has_empty),
        other => other.is_null(),
    }
}

/// Entries are stored as text, and must be read back.
fn comes_back(state: &Owned) {
    let Some(text) = state.entries() else { return };
    let again = Owned::with(state.object.clone(), &text);
    assert_eq!(again.and_then(|again| again.entries()), Some(text));
}

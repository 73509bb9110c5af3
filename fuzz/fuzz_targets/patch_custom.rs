//! The two patches that custom resources have, by a schema of their own with every way of owning.
#![no_main]

use std::sync::LazyLock;

use bowline_apiserver::fuzzing::Kind;
use bowline_apiserver::patch::{ListStrategy, MergeKeys, PatchKind, apply};
use bowline_fuzz::{custom, values};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KIND: LazyLock<Kind> = LazyLock::new(|| {
    let kinds = Kind::defined(custom()).expect("the definition is good");
    kinds.into_iter().next().expect("it has a version")
});

struct Whole;

impl MergeKeys for Whole {
    fn of(&self, _: &[&str]) -> Option<ListStrategy> {
        None
    }
}

fuzz_target!(|input: &[u8]| {
    let Some([target, body]) = values(input) else { return };
    for kind in [PatchKind::Json, PatchKind::Merge] {
        let Ok(mut object) = apply(kind, &target, &body, &Whole) else { continue };
        if kind == PatchKind::Merge {
            assert_eq!(apply(kind, &object, &body, &Whole).as_ref(), Ok(&object));
        }
        if !object.is_object() {
            continue;
        }
        settles(&mut object);
        let _ = KIND.all_errors(&object);
    }
});

/// Pruning and defaulting leave nothing to do for the next time.
fn settles(object: &mut Value) {
    KIND.prune(object);
    let once = object.clone();
    assert!(KIND.prune(object).is_empty() && *object == once);
    KIND.default(object);
    let once = object.clone();
    KIND.default(object);
    assert_eq!(*object, once);
}

//! Patches of all three types on a typed object, which is then judged by its kind.
#![no_main]

use std::sync::LazyLock;

use bowline_apiserver::fuzzing::Kind;
use bowline_apiserver::patch::{PatchKind, apply, built_in};
use bowline_fuzz::values;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let kinds = ["Pod", "Service", "Deployment", "Secret", "Node"];
    kinds.into_iter().filter_map(Kind::built_in).collect()
});

/// What a patch may add to what it is given.
const COPIES: usize = 3 << 20;

fuzz_target!(|input: &[u8]| {
    let Some([target, body]) = values(input) else { return };
    let keys = built_in("", "Pod").expect("Pods are built in");
    for kind in [PatchKind::Json, PatchKind::Merge, PatchKind::StrategicMerge] {
        let Ok(patched) = apply(kind, &target, &body, &keys) else { continue };
        let most = 2 * (target.to_string().len() + body.to_string().len()) + COPIES;
        assert!(patched.to_string().len() <= most, "a patch makes more of an object than it says");
        if kind == PatchKind::Merge {
            assert_eq!(apply(kind, &patched, &body, &keys).as_ref(), Ok(&patched));
        }
        for kind in KINDS.iter() {
            let mut object = patched.clone();
            if !object.is_object() {
                continue;
            }
            kind.prune(&mut object);
            kind.default(&mut object);
            let _ = kind.all_errors(&object);
        }
    }
    if target.is_object() {
        let same = apply(PatchKind::StrategicMerge, &target, &json!({}), &keys);
        assert!(same.is_err() || same.as_ref() == Ok(&target));
    }
});

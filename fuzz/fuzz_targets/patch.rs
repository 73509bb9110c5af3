//! Patch bodies of all types on an object of the same fuzzer's making.
#![no_main]

use bowline_apiserver::patch::{PatchKind, apply, built_in};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (Ok(target), Ok(body)) =
        (serde_json::from_slice::<Value>(input.0), serde_json::from_slice::<Value>(input.1))
    else {
        return;
    };
    for kind in [PatchKind::Json, PatchKind::Merge, PatchKind::StrategicMerge] {
        let _ = apply(kind, &target, &body, &built_in("", "Pod").expect("Pods are built in"));
    }
});

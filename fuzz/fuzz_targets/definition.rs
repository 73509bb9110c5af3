//! CustomResourceDefinitions: judged, and an object pruned, defaulted and judged by what they define.
#![no_main]

use bowline_apiserver::fuzzing::Kind;
use bowline_fuzz::values;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let Some([definition, object]) = values(input) else { return };
    if !definition.is_object() || !object.is_object() {
        return;
    }
    for kind in Kind::defined(definition).unwrap_or_default() {
        follows(&kind, object.clone());
    }
});

fn follows(kind: &Kind, mut object: Value) {
    kind.prune(&mut object);
    let once = object.clone();
    assert!(kind.prune(&mut object).is_empty(), "what is unknown is gone the first time");
    assert_eq!(object, once);
    kind.default(&mut object);
    let once = object.clone();
    kind.default(&mut object);
    assert_eq!(object, once);
    let _ = kind.all_errors(&object);
    let _ = kind.faults(&object);
}

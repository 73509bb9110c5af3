//! YAML and JSON manifests; what can be read must be written so that it reads back the same.
#![no_main]

use bowline_core::manifest::{parse, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(objects) = parse(bytes) else { return };
    let text = render(&objects);
    assert_eq!(parse(text.as_bytes()).as_ref(), Ok(&objects));
    for object in &objects {
        if let Ok(secret) = bowline_core::Secret::from_value(object) {
            let _ = bowline_core::validate::findings(&secret);
        }
    }
});

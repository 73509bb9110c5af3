//! Bodies of requests in JSON and YAML: objects, patches and options.
#![no_main]

use bowline_apiserver::fuzzing::{body, deletion, patch_body};
use bowline_fuzz::tells_no_secret;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const OBJECTS: [&str; 3] = ["", "application/json", "application/yaml; charset=utf-8"];
const PATCHES: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

fn check(read: Result<Value, String>) {
    match read {
        Ok(value) => {
            // It is stored as JSON, and must come back.
            let again = serde_json::from_str::<Value>(&value.to_string());
            assert_eq!(again.ok(), Some(value));
        }
        Err(text) if text.contains("field") => {}
        Err(text) => tells_no_secret(&text),
    }
}

fuzz_target!(|bytes: &[u8]| {
    for media_type in OBJECTS {
        check(body(media_type, bytes));
        // It tells of another kind by its name and version.
        let _ = deletion(media_type, bytes);
    }
    for media_type in PATCHES {
        check(patch_body(media_type, bytes));
    }
});

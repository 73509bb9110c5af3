//! What lists and watches are asked: paths, parameters, selectors, `continue` tokens.
#![no_main]

use bowline_apiserver::fuzzing::{continued, list};
use bowline_apiserver::selector::{FieldSelector, LabelSelector};
use bowline_fuzz::texts;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: &[u8]| {
    let Some([path, query, token]) = texts(input) else { return };
    let _ = list(path, query);
    if let Some(again) = continued(token) {
        assert_eq!(continued(&again), Some(again));
    }
    let object = json!({"metadata": {"name": "a", "labels": {"a": "1"}}, "type": "b"});
    if let Ok(selector) = query.parse::<LabelSelector>() {
        selector.matches(object["metadata"]["labels"].as_object());
    }
    if let Ok(selector) = FieldSelector::parse(query, &["type"]) {
        selector.matches(&object);
    }
});

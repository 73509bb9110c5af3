//! Label and field selectors from query strings.
#![no_main]

use bowline_apiserver::selector::{FieldSelector, LabelSelector};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(selector) = text.parse::<LabelSelector>() {
        selector.matches(None);
    }
    if let Ok(selector) = FieldSelector::parse(text, &["type"]) {
        selector.matches(&serde_json::json!({"metadata": {"name": "a"}}));
    }
});

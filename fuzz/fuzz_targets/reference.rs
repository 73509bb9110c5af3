//! The grammar of references, and the injected record, which a person may edit.
#![no_main]

use bowline_core::plan::record::Record;
use bowline_core::plan::reference::{parse_list, parse_single};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for bare_names in [false, true] {
        if let Ok(entries) = parse_list(text, bare_names) {
            assert!(entries.len() <= bowline_core::plan::reference::MAX_ENTRIES);
        }
    }
    let _ = parse_single(text);
    let _ = serde_json::from_str::<Record>(text);
});

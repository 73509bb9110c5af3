//! Exports of connections: what can be read is written so that it reads back the same.
#![no_main]
#![allow(dead_code, reason = "the module is taken as it stands in the command line")]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/cli/src/commands/export/document.rs"]
mod document;

use document::Document;

fuzz_target!(|text: &[u8]| {
    let Ok(read) = Document::read(text) else { return };
    let written = read.render();
    let again = Document::read(written.expose()).expect("what is written can be read");
    assert_eq!(again.render().expose(), written.expose());
    assert_eq!(again.withheld(), read.withheld());
});

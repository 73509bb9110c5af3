//! The table of outcomes and these tests belong together.

use std::path::Path;

use bowline_probe::OUTCOMES;

/// Produced by the machinery around probes.
const ELSEWHERE: [&str; 6] = [
    "busy",
    "not-told",
    "not-asked",
    "not-reached",
    "not-needed",
    "unproved",
];

fn read(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, text);
        } else if path.file_name().is_some_and(|name| name != "table.rs") {
            text.push_str(&std::fs::read_to_string(path).expect("a text"));
        }
    }
}

#[test]
fn every_outcome_is_expected_by_some_test() {
    let mut tests = String::new();
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite"),
        &mut tests,
    );
    let is_expected =
        |id: &str| tests.contains(&format!("\"{id}\"")) || tests.contains(&format!(" {id}"));
    let missing: Vec<&str> = OUTCOMES
        .iter()
        .map(|outcome| outcome.id)
        .filter(|id| !ELSEWHERE.contains(id) && !is_expected(id))
        .collect();
    assert!(missing.is_empty(), "no test expects {missing:?}");
}

/// `make update-reference` writes it anew.
#[test]
fn the_page_of_outcomes_is_what_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/probe-outcomes.md");
    let page = bowline_probe::outcome::page() + &crate::matrix::page();
    if std::env::var_os("UPDATE_REFERENCE").is_some_and(|value| value == "1") {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&file).expect("the page is there");
    assert!(
        written == page,
        "docs/reference/probe-outcomes.md is stale; run `make update-reference`"
    );
}

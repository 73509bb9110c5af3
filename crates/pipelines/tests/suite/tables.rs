//! Every case of every table.

use std::path::{Path, PathBuf};

use rstest::rstest;

use crate::case::Case;

/// The cases of one table.
pub(crate) fn cases(table: &str) -> Vec<Case> {
    let path = folder().join(format!("{table}.yaml"));
    let text = std::fs::read_to_string(&path).expect("the table is there");
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(&text, options)
        .unwrap_or_else(|error| panic!("{table}: {error}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// Every table.
pub(crate) const TABLES: [&str; 7] = [
    "worked-examples",
    "seed-page",
    "values",
    "releases",
    "stores",
    "failures",
    "documents",
];

#[rstest]
#[case::values("values")]
#[case::releases("releases")]
#[case::stores("stores")]
#[case::failures("failures")]
#[case::documents("documents")]
#[case::the_seed_page("seed-page")]
fn every_case_of_the_table_holds(#[case] table: &str) {
    let cases = cases(table);
    let broken: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let told = |mistake| format!("{}: {mistake}", case.name);
            case.mistakes().into_iter().map(told).collect::<Vec<_>>()
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn there_are_at_least_eighty_cases() {
    let count: usize = TABLES.iter().map(|table| cases(table).len()).sum();
    assert!(count >= 80, "{count}");
}

#[test]
fn every_table_in_the_folder_is_played() {
    let files = std::fs::read_dir(folder()).expect("the folder is there");
    let mut names: Vec<String> = files
        .filter_map(|file| file.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    let mut known = TABLES.map(str::to_owned);
    known.sort();
    assert_eq!(names, known);
}

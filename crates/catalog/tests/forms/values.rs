//! Values: what is given against what is stored, and what is said about it.

use std::collections::BTreeMap;

use bowline_catalog::types::ConnectionType;
use bowline_catalog::values::{Given, Input, Purpose, Stored, check, decode, encode};
use bowline_core::{Sensitive, Severity};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::{Form, load, named, play, same, short};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "type")]
    form: Form,
    #[serde(default)]
    given: BTreeMap<String, Value>,
    /// What is stored; absent when nothing is refused.
    #[serde(default)]
    stored: Option<BTreeMap<String, String>>,
    #[serde(default)]
    findings: Vec<String>,
}

fn input(given: &BTreeMap<String, Value>) -> Input {
    given
        .iter()
        .map(|(key, value)| (key.clone(), Given::from_value(value)))
        .collect()
}

pub(crate) fn texts(stored: &Stored) -> BTreeMap<String, String> {
    let text = |value: &Sensitive| String::from_utf8_lossy(value.expose()).into_owned();
    stored
        .iter()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

#[test]
fn new_connections_store_what_the_table_says() {
    let cases: Vec<Case> = load("values.yaml");
    play(
        &cases,
        |case| &case.name,
        |case| {
            let type_ = case.form.type_();
            let input = input(&case.given);
            let findings = check(Some(&type_), &input, Purpose::Create);
            let mut wanted = case.findings.clone();
            wanted.sort();
            same("findings", &short(&findings), &wanted)?;
            let stored = case.stored.as_ref();
            stored.map_or(Ok(()), |stored| {
                same("stored", &texts(&encode(&type_, &input)), stored)
            })
        },
    );
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    name: String,
    #[serde(rename = "type")]
    form: Form,
    stored: BTreeMap<String, String>,
    shown: BTreeMap<String, Value>,
}

#[test]
fn stored_texts_are_read_back_as_the_table_says() {
    let cases: Vec<Reading> = load("reading.yaml");
    play(
        &cases,
        |case| &case.name,
        |case| {
            let stored = case
                .stored
                .iter()
                .map(|(key, text)| (key.clone(), Sensitive::from(text.as_str())))
                .collect();
            let shown: BTreeMap<_, _> = decode(Some(&case.form.type_()), &stored)
                .iter()
                .map(|(key, given)| (key.clone(), given.expose()))
                .collect();
            same("shown", &shown, &case.shown)
        },
    );
}

fn of_kind(kind: &Value) -> ConnectionType {
    let field = json!({"type": "file", "name": "Key", "envVar": "KEY", "properties": kind});
    Form::Fields(vec![serde_json::from_value(field).expect("a field")]).type_()
}

fn rules_of(type_: &ConnectionType, input: &Input) -> Vec<String> {
    short(&check(Some(type_), input, Purpose::Create))
}

#[rstest]
#[case::exactly_one_mebibyte(1024 * 1024, &[])]
#[case::one_byte_more(1024 * 1024 + 1, &["file-size KEY"])]
fn a_file_may_have_one_mebibyte(#[case] size: usize, #[case] expected: &[&str]) {
    let input = Input::from([("KEY".to_owned(), Given::file(vec![b'x'; size]))]);
    assert_eq!(rules_of(&of_kind(&json!({})), &input), expected);
}

#[test]
fn values_that_are_too_large_together_are_told_by_the_largest() {
    let fields = json!([
        {"type": "file", "name": "One", "envVar": "ONE"},
        {"type": "file", "name": "Two", "envVar": "TWO"},
    ]);
    let type_ = Form::Fields(serde_json::from_value(fields).expect("fields")).type_();
    let file = |size| Given::file(vec![b'x'; size]);
    let input = Input::from([
        ("ONE".to_owned(), file(400 * 1024)),
        ("TWO".to_owned(), file(700 * 1024)),
    ]);
    assert_eq!(rules_of(&type_, &input), ["too-large TWO"]);
}

#[rstest]
#[case::not_utf8(&[0xff, 0xfe, 0x00, 0x80])]
#[case::a_line_end(b"-----BEGIN-----\r\n\n")]
#[case::umlauts("größer".as_bytes())]
fn a_file_is_stored_byte_for_byte(#[case] bytes: &[u8]) {
    let type_ = of_kind(&json!({}));
    let input = Input::from([("KEY".to_owned(), Given::file(bytes))]);
    let stored = encode(&type_, &input);
    let Some(Given::File { content, .. }) = decode(Some(&type_), &stored).remove("KEY") else {
        panic!("a file is read back as a file");
    };
    assert_eq!((stored["KEY"].expose(), content.expose()), (bytes, bytes));
}

#[test]
fn an_unknown_key_names_the_field_that_was_meant() {
    let input = Input::from([
        ("AWS_BUCKET".to_owned(), Given::text("reefs")),
        ("aws-s3-bucket".to_owned(), Given::text("reefs")),
    ]);
    let findings = check(Some(&named("s3")), &input, Purpose::Create);
    let help = findings
        .iter()
        .find(|finding| finding.field == "aws-s3-bucket")
        .map(|finding| finding.help.as_str());
    assert_eq!(help, Some("did you mean `AWS_S3_BUCKET`?"));
}

#[test]
fn no_finding_quotes_a_value() {
    let canary = "Canary/0a1b2c3d4e5f6071+8293a4b5c6d7e8f9";
    for name in [
        "s3",
        "uri-v1",
        "oci-v1",
        "gcs",
        "azure",
        "git",
        "huggingface",
        "postgres",
    ] {
        let type_ = named(name);
        for given in [
            json!(canary),
            json!([canary]),
            json!({"content": canary, "fileName": "key.exe"}),
            json!({"oops": canary}),
            json!([[canary]]),
        ] {
            let input = type_
                .data_fields()
                .map(|field| (field.env_var.clone(), Given::from_value(&given)))
                .collect();
            let findings = check(Some(&type_), &input, Purpose::Create);
            assert!(
                !format!("{findings:?} {input:?}").contains(canary),
                "{name}"
            );
        }
    }
}

#[test]
fn what_was_missing_all_the_time_does_not_stand_in_the_way_of_an_edit() {
    let stored = Stored::from([(
        "AWS_S3_ENDPOINT".to_owned(),
        Sensitive::from("https://reef.example.com"),
    )]);
    let findings = check(Some(&named("s3")), &Input::new(), Purpose::Edit(&stored));
    let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Warning; 2]);
}

//! The table of rules itself, and the order of findings.

use super::*;

#[test]
fn identifiers_are_unique_and_in_kebab_case() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(ids.iter().all(|id| id.chars().all(is_plain)), "{ids:?}");
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn findings_come_worst_first_and_then_by_field() {
    let given = s3()
        .unset("AWS_S3_BUCKET")
        .unset("AWS_ACCESS_KEY_ID")
        .set("AWS_CA_BUNDLE", "ca.crt")
        .label(names::MANAGED_LABEL, "false");
    let order: Vec<_> = given
        .findings()
        .into_iter()
        .map(|f| (f.severity, f.field))
        .collect();
    let expected = [
        (Severity::Error, "AWS_ACCESS_KEY_ID"),
        (Severity::Error, "AWS_S3_BUCKET"),
        (Severity::Warning, "AWS_CA_BUNDLE"),
        (Severity::Note, names::MANAGED_LABEL),
    ];
    assert_eq!(
        order,
        expected.map(|(severity, field)| (severity, field.to_owned()))
    );
}

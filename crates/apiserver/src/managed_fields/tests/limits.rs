//! What is told about objects with long names and very many parts.

use super::*;

/// An entry with a name of a hundred kilobytes and these members.
fn named_at_length(members: impl Iterator<Item = (String, Value)>) -> Value {
    let mut part: Map<String, Value> = members.collect();
    part.insert("name".to_owned(), "x".repeat(100_000).into());
    json!({"spec": {"parts": [part]}})
}

#[test]
fn faults_below_a_long_name_do_not_add_up() {
    let object = named_at_length((0..1000).map(|n| (format!("a{n}"), json!(1))));
    let found = faults(&object, &schema());
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|fault| fault.len() < 1024));
}

#[test]
fn conflicts_below_a_long_name_do_not_add_up() {
    let more = |value: &str| -> Value {
        let more: Map<String, Value> = (0..1000).map(|n| (format!("a{n}"), json!(value))).collect();
        let part = named_at_length([("more".to_owned(), more.into())].into_iter());
        part["spec"].clone()
    };
    let state = State::new().apply("one", &more("1"));
    let conflicts = state
        .try_apply("two", &more("2"), false)
        .expect_err("they want the same");
    let text = conflicts.to_string();
    assert!(
        text.starts_with("Apply failed with 1000 conflicts: "),
        "{text:.100}"
    );
    assert_eq!((text.lines().count(), conflicts.causes().len()), (101, 100));
    assert!(text.len() < 100 * 1024, "{}", text.len());
}

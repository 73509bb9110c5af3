use rstest::rstest;

use super::*;

fn secret() -> Secret {
    Secret::from_value(&json!({
        "metadata": {"name": "tides", "namespace": "team-a", "annotations": {names::DISPLAY_NAME: "Tides"}},
        "data": {"B": "gIGC/w=="}, "stringData": {"A": "open", "C": "canary"},
    }))
    .expect("a Secret")
}

#[test]
fn everything_comes_back() {
    let item = Item::of(&secret(), Some("s3".to_owned()), |_, _| true, |_, _| true);
    let text = Document::new(vec![item]).render();
    let back = Document::read(text.expose())
        .expect("an export")
        .items
        .remove(0);
    assert_eq!(
        (back.name.as_str(), back.namespace.as_str()),
        ("tides", "team-a")
    );
    assert_eq!(
        (back.type_.as_deref(), back.display_name.as_deref()),
        (Some("s3"), Some("Tides"))
    );
    let same = |key: &str| back.values[key].expose() == secret().data[key].expose();
    assert!(["A", "B", "C"].into_iter().all(same));
}

#[test]
fn what_is_withheld_is_named_and_not_written() {
    let item = Item::of(&secret(), None, |key, _| key == "A", |_, _| true);
    let text = Document::new(vec![item]).render();
    let text = text.expose_str().expect("text");
    assert!(text.contains("open") && !text.contains("canary"), "{text}");
    let back = Document::read(text.as_bytes())
        .expect("an export")
        .items
        .remove(0);
    assert_eq!(back.withheld, ["B", "C"]);
}

#[rstest]
#[case("canary: [", "document 1")]
#[case("kind: Secret", "it is no `ConnectionExport`")]
#[case(
    "{kind: ConnectionExport, version: 2, connections: []}",
    "its version is not 1"
)]
#[case(
    "{kind: ConnectionExport, version: 1, connections: canary}",
    "`connections` is not a list"
)]
#[case(
    "{kind: ConnectionExport, version: 1, connections: [{values: {}}]}",
    "connection 1: it has no name"
)]
#[case(
    "{kind: ConnectionExport, version: 1, connections: [{name: a, values: {K: 1}}]}",
    "connection 1: `values.K` is not a string"
)]
#[case(
    "{kind: ConnectionExport, version: 1, connections: [{name: a, binaryValues: {K: canary!}}]}",
    "`binaryValues.K` is not base64"
)]
fn another_file_is_refused_without_quoting_it(#[case] text: &str, #[case] expected: &str) {
    let error = Document::read(text.as_bytes()).err().expect("must fail");
    assert!(
        error.contains(expected) && !error.contains("canary"),
        "{error}"
    );
}

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, json};

use super::*;

fn one(text: &str) -> Value {
    let mut objects = parse(text.as_bytes()).expect("a good manifest");
    assert_eq!(objects.len(), 1, "{objects:?}");
    objects.remove(0)
}

fn at(document: usize, line: u64, column: u64, problem: Problem) -> ManifestError {
    ManifestError::At {
        document,
        line,
        column,
        problem,
    }
}

#[rstest]
#[case("a: 1\n", json!({"a": 1}))]
#[case("\u{feff}a: 1\n", json!({"a": 1}))]
#[case("# only a remark\n---\n---\na: 1\n---\n", json!({"a": 1}))]
#[case(r#"{"a": 1, "b": [true, null, 1.5, -3, 18446744073709551615]}"#,
    json!({"a": 1, "b": [true, null, 1.5, -3, 18446744073709551615u64]}))]
#[case(r#"{"a": "\ud83d\ude00 \/"}"#, json!({"a": "😀 /"}))]
#[case("{a: 1, b: [x, y z]}", json!({"a": 1, "b": ["x", "y z"]}))]
#[case("a: &x {b: 1}\nc: *x\n", json!({"a": {"b": 1}, "c": {"b": 1}}))]
#[case("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", json!({"a": {"b": 1}, "c": {"b": 1, "d": 2}}))]
#[case("a: |\n  one\n  two\n", json!({"a": "one\ntwo\n"}))]
#[case("a: yes\nb: \"true\"\n", json!({"a": true, "b": "true"}))]
#[case("mode: 0644\n", json!({"mode": 420}))]
#[case("1: one\ntrue: two\n", json!({"1": "one", "true": "two"}))]
#[case("when: 2024-05-01\n", json!({"when": "2024-05-01"}))]
fn a_document_is_read_as_kubectl_reads_it(#[case] text: &str, #[case] expected: Value) {
    assert_eq!(one(text), expected);
}

#[test]
fn key_order_is_kept() {
    let object = one("z: 1\na: 2\nm: 3\n");
    let keys: Vec<_> = object.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["z", "a", "m"]);
}

#[test]
fn all_documents_are_read_in_order() {
    let objects = parse(b"a: 1\n---\na: 2\n...\n---\na: 3\n").expect("a good manifest");
    assert_eq!(objects, [json!({"a": 1}), json!({"a": 2}), json!({"a": 3})]);
}

#[test]
fn json_documents_may_follow_each_other() {
    let objects = parse(b"{\"a\": 1}\n{\"a\": 2}").expect("a good manifest");
    assert_eq!(objects, [json!({"a": 1}), json!({"a": 2})]);
}

#[test]
fn a_list_is_opened_in_place() {
    let text =
        "a: 1\n---\nkind: List\nitems:\n- a: 2\n- kind: List\n  items: [{a: 3}]\n---\na: 4\n";
    let objects = parse(text.as_bytes()).expect("a good manifest");
    assert_eq!(
        objects,
        [
            json!({"a": 1}),
            json!({"a": 2}),
            json!({"a": 3}),
            json!({"a": 4})
        ]
    );
}

#[rstest]
#[case("")]
#[case("\n\n")]
#[case("# nothing\n")]
#[case("kind: List\nitems: []\n")]
#[case("kind: List\n")]
#[case("null\n")]
fn an_empty_manifest_has_no_objects(#[case] text: &str) {
    assert_eq!(parse(text.as_bytes()), Ok(Vec::new()));
}

#[rstest]
#[case("a: 1\na: 2\n", at(1, 2, 1, Problem::DuplicateKey))]
#[case("a: 1\n---\nb:\n  c: 1\n  c: 2\n", at(2, 5, 3, Problem::DuplicateKey))]
#[case("{\"a\": 1,\n \"a\": 2}", at(1, 2, 4, Problem::DuplicateKey))]
#[case(
    "{\"a\": 1}\n{\"b\": {\"c\": 1, \"c\": 2}}",
    at(2, 2, 18, Problem::DuplicateKey)
)]
#[case("{a: 1, a: 2}", at(1, 1, 8, Problem::DuplicateKey))]
#[case("---\na: [1\n", at(1, 2, 4, Problem::Syntax))]
#[case("a: 1\n---\nb: c: d\n", at(2, 3, 5, Problem::Syntax))]
#[case("a: .inf\n", at(1, 1, 4, Problem::Number))]
#[case("a: *nobody\n", at(1, 1, 4, Problem::Alias))]
fn an_error_has_its_place(#[case] text: &str, #[case] expected: ManifestError) {
    assert_eq!(parse(text.as_bytes()), Err(expected));
}

#[rstest]
#[case("- a\n", 1)]
#[case("word\n", 1)]
#[case("a: 1\n---\n7\n", 2)]
#[case("[{\"a\": 1}]", 1)]
#[case("kind: List\nitems: [{a: 1}, 2]\n", 2)]
#[case("kind: List\nitems: 3\n", 1)]
fn only_objects_are_taken(#[case] text: &str, #[case] object: usize) {
    assert_eq!(
        parse(text.as_bytes()),
        Err(ManifestError::NotAnObject { object })
    );
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_offset() {
    assert_eq!(parse(b"a: \xff"), Err(ManifestError::NotUtf8 { offset: 3 }));
}

fn limit(text: &str) {
    match parse(text.as_bytes()) {
        Err(ManifestError::At { problem, .. } | ManifestError::Whole(problem)) => {
            assert_eq!(problem, Problem::Limit);
        }
        other => panic!(
            "must exceed a limit: {:?}",
            other.map(|objects| objects.len())
        ),
    }
}

#[test]
fn nested_aliases_do_not_explode() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    limit(&text);
}

#[test]
fn a_wide_anchor_is_not_repeated_without_end() {
    let aliases = vec!["*wide"; 90].join(", ");
    limit(&format!(
        "a: &wide [{}]\nb: [{aliases}]\n",
        vec!["x"; 2000].join(", ")
    ));
}

#[rstest]
#[case::block((0..2000).map(|n| format!("{}a:\n", " ".repeat(n))).collect())]
#[case::flow(format!("a: {}", "[".repeat(100_000)))]
#[case::json("{\"a\":".repeat(100_000))]
#[case::sequence("- ".repeat(10_000))]
fn deep_nesting_is_refused(#[case] text: String) {
    limit(&text);
}

#[test]
fn nesting_as_deep_as_a_schema_is_read() {
    let text = (0..60)
        .map(|n| format!("{}a:\n", "  ".repeat(n)))
        .collect::<String>();
    assert!(parse(text.as_bytes()).is_ok());
}

#[test]
fn an_error_never_shows_the_document() {
    let secret = "hunter2hunter2";
    for text in [
        format!("data:\n  a: {secret}\n  a: {secret}\n"),
        format!("data: {secret}: {secret}\n"),
        format!("data: [{secret}\n"),
        format!("{secret}: *{secret}\n"),
        format!("{{\"{secret}\": 1, \"{secret}\": 2}}"),
        format!("data: \"{secret}\n"),
        format!("data: !!binary {secret}\n"),
        format!("data: !!int {secret}\n"),
        secret.to_owned(),
    ] {
        let error = parse(text.as_bytes()).map(|_| ()).expect_err(&text);
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}

#[rstest]
#[case("true")]
#[case("yes")]
#[case("n")]
#[case("null")]
#[case("~")]
#[case("")]
#[case("0644")]
#[case("1e3")]
#[case("1_000")]
#[case("0x1f")]
#[case("12:30:45")]
#[case(".inf")]
#[case("- a")]
#[case("a: b")]
#[case("# a")]
#[case("*a")]
#[case("---")]
#[case("<<")]
fn text_that_looks_like_something_else_stays_text(#[case] text: &str) {
    let object = json!({"key": text, "list": [text]});
    assert_eq!(one(&render(std::slice::from_ref(&object))), object);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "[ -~]{0,30}",
        "[ \t\na#:'\"|>-]{0,12}",
        "(.|\n|\r){0,12}",
        "[a-z ]{70,120}",
        "(true|no|null|~|1|0x1|1e3|-|[?]|\\.5|0o7|=|<<)"
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            object_of(inner)
        ]
    })
}

fn object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    hash_map(text(), inner, 0..5).prop_map(|map| Value::Object(Map::from_iter(map)))
}

proptest! {
    #[test]
    fn what_is_written_reads_back(objects in vec(object_of(value()), 0..4)) {
        let text = render(&objects);
        prop_assert_eq!(parse(text.as_bytes()), Ok(objects), "{}", text);
    }

    #[test]
    fn reading_never_panics(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn reading_odd_yaml_never_panics(text in "[-a:{}\\[\\]&*!|>'\"#%@,? \n\t<~]{0,60}") {
        let _ = parse(text.as_bytes());
    }
}

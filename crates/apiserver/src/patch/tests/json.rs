//! JSON patch: what the crate does not decide for us.

use super::*;
use rstest::rstest;

fn patch(target: &Value, body: &Value) -> Result<Value, PatchError> {
    apply(PatchKind::Json, target, body, &NoKeys)
}

#[rstest]
#[case::add(r#"[{"op":"add","path":"/b","value":2}]"#, r#"{"a":[1],"b":2}"#)]
#[case::append(r#"[{"op":"add","path":"/a/-","value":2}]"#, r#"{"a":[1,2]}"#)]
#[case::remove(r#"[{"op":"remove","path":"/a/0"}]"#, r#"{"a":[]}"#)]
#[case::replace(r#"[{"op":"replace","path":"/a","value":{}}]"#, r#"{"a":{}}"#)]
#[case::move_(r#"[{"op":"move","from":"/a","path":"/c"}]"#, r#"{"c":[1]}"#)]
#[case::copy(r#"[{"op":"copy","from":"/a","path":"/c"}]"#, r#"{"a":[1],"c":[1]}"#)]
#[case::test_that_holds(r#"[{"op":"test","path":"/a/0","value":1}]"#, r#"{"a":[1]}"#)]
#[case::test_that_nothing_is_there(
    r#"[{"op":"test","path":"/b","value":null},{"op":"add","path":"/b","value":[2]}]"#,
    r#"{"a":[1],"b":[2]}"#
)]
#[case::one_after_the_other(
    r#"[{"op":"remove","path":"/a"},{"op":"add","path":"/a","value":0}]"#,
    r#"{"a":0}"#
)]
#[case::an_escaped_name(
    r#"[{"op":"add","path":"/x~1y~0z","value":0}]"#,
    r#"{"a":[1],"x/y~z":0}"#
)]
fn every_operation_works(#[case] body: &str, #[case] result: &str) {
    assert_eq!(patch(&json!({ "a": [1] }), &value(body)), Ok(value(result)));
}

fn missing(index: usize, path: &str) -> PatchError {
    PatchError::MissingPath {
        index,
        path: path.to_owned(),
    }
}

#[rstest]
#[case::no_list(r#"{"op":"add"}"#, PatchError::NotAList)]
#[case::unknown_operation(
    r#"[{"op":"merge","path":"/a","value":1}]"#,
    PatchError::NotAnOperation { index: 0 }
)]
#[case::path_without_slash(
    r#"[{"op":"remove","path":"/a"},{"op":"remove","path":"a"}]"#,
    PatchError::NotAnOperation { index: 1 }
)]
#[case::no_value(r#"[{"op":"add","path":"/b"}]"#, PatchError::NotAnOperation { index: 0 })]
#[case::test_that_fails(
    r#"[{"op":"test","path":"/a/0","value":2}]"#,
    PatchError::TestFailed { index: 0, path: "/a/0".to_owned() }
)]
#[case::test_of_nothing(r#"[{"op":"test","path":"/b","value":2}]"#, missing(0, "/b"))]
#[case::remove_of_nothing(r#"[{"op":"remove","path":"/b"}]"#, missing(0, "/b"))]
#[case::replace_under_nothing(r#"[{"op":"replace","path":"/b/c","value":1}]"#, missing(0, "/b/c"))]
#[case::add_under_nothing(r#"[{"op":"add","path":"/b/c","value":1}]"#, missing(0, "/b/c"))]
#[case::add_beyond_the_end(r#"[{"op":"add","path":"/a/5","value":1}]"#, missing(0, "/a/5"))]
#[case::copy_of_nothing(r#"[{"op":"copy","from":"/b","path":"/c"}]"#, missing(0, "/b"))]
#[case::into_itself(
    r#"[{"op":"move","from":"/a","path":"/a/0"}]"#,
    PatchError::MoveIntoItself { index: 0, path: "/a".to_owned() }
)]
fn what_cannot_be_done_says_which_operation_and_why(
    #[case] body: &str,
    #[case] expected: PatchError,
) {
    assert_eq!(patch(&json!({ "a": [1] }), &value(body)), Err(expected));
}

#[test]
fn no_error_quotes_a_value() {
    let bodies = [
        r#"[{"op":"canary","path":"/a","value":"canary"}]"#,
        r#"[{"op":"test","path":"/a","value":"canary"}]"#,
        r#"[{"op":"replace","path":"/b/c","value":"canary"}]"#,
        r#"["canary"]"#,
    ];
    for body in bodies {
        let error = patch(&json!({ "a": "canary too" }), &value(body)).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
}

#[test]
fn ten_thousand_operations_are_accepted_and_no_more() {
    let body = |count| {
        Value::Array(vec![
            json!({ "op": "test", "path": "", "value": {} });
            count
        ])
    };
    assert!(patch(&json!({}), &body(10_000)).is_ok());
    let expected = PatchError::TooManyOperations {
        found: 10_001,
        limit: 10_000,
    };
    assert_eq!(patch(&json!({}), &body(10_001)), Err(expected));
}

#[test]
fn copies_that_double_each_time_are_stopped() {
    let copy = json!({ "op": "copy", "from": "/a", "path": "/a/-" });
    let error = patch(&json!({ "a": ["x"] }), &Value::Array(vec![copy; 100])).unwrap_err();
    assert!(matches!(
        error,
        PatchError::TooLarge { .. } | PatchError::TooDeep { .. }
    ));
}

#[test]
fn copies_of_one_large_value_are_stopped() {
    let large = "x".repeat(1 << 20);
    let copy = |n| json!({ "op": "copy", "from": "/a", "path": format!("/{n}") });
    let error = patch(&json!({ "a": large }), &(0..10).map(copy).collect()).unwrap_err();
    assert_eq!(error, PatchError::TooLarge { limit: 3 << 20 });
}

#[rstest]
#[case::add(|path: &str| json!({ "op": "add", "path": path, "value": { "b": {} } }))]
#[case::copy(|path: &str| json!({ "op": "copy", "from": "/c", "path": path }))]
#[case::move_(|path: &str| json!({ "op": "move", "from": "/c", "path": path }))]
fn no_operation_makes_an_object_too_deep(#[case] operation: fn(&str) -> Value) {
    let mut target = nested(DEPTH - 1);
    target["c"] = json!({ "b": {} });
    let body = json!([operation(&"/a".repeat(DEPTH - 1))]);
    assert_eq!(
        patch(&target, &body),
        Err(PatchError::TooDeep { limit: DEPTH })
    );
}

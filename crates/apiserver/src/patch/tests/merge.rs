//! Merge patch.

use super::*;
use rstest::rstest;

fn merge(target: &Value, patch: &Value) -> Result<Value, PatchError> {
    apply(PatchKind::Merge, target, patch, &NoKeys)
}

/// The examples of RFC 7386, appendix A.
#[rstest]
#[case(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#)]
#[case(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#)]
#[case(r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#)]
#[case(r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#)]
#[case(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#)]
#[case(r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#)]
#[case(
    r#"{"a":{"b":"c"}}"#,
    r#"{"a":{"b":"d","c":null}}"#,
    r#"{"a":{"b":"d"}}"#
)]
#[case(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#)]
#[case(r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#)]
#[case(r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#)]
#[case(r#"{"a":"foo"}"#, r#"null"#, r#"null"#)]
#[case(r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#)]
#[case(r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#)]
#[case(r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#)]
#[case(r#"{}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#)]
fn a_merge_patch_does_what_the_rfc_shows(
    #[case] target: &str,
    #[case] patch: &str,
    #[case] result: &str,
) {
    assert_eq!(
        merge(&value(target), &value(patch)).unwrap().to_string(),
        result
    );
}

#[test]
fn members_that_stay_keep_their_order() {
    let target = value(r#"{"z":1,"y":2,"x":3,"w":4}"#);
    let patched = merge(&target, &value(r#"{"z":null,"x":5}"#)).unwrap();
    assert_eq!(patched.to_string(), r#"{"y":2,"x":5,"w":4}"#);
}

#[rstest]
#[case::target(nested(DEPTH + 1), json!({}))]
#[case::patch(json!({}), nested(DEPTH + 1))]
fn what_is_nested_too_deep_is_refused(#[case] target: Value, #[case] patch: Value) {
    assert_eq!(
        merge(&target, &patch),
        Err(PatchError::TooDeep { limit: DEPTH })
    );
}

#[test]
fn the_deepest_that_is_accepted_is_merged() {
    assert_eq!(merge(&json!({}), &nested(DEPTH)), Ok(nested(DEPTH)));
}

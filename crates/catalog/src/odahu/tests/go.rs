//! What Go's own decoders say of the same bytes; `go.json` was written by a program of Go 1.26 with
//! ODAHU's types.

use serde_json::Value;

use super::super::base64;
use super::*;

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("go.json")).unwrap();
    let cases = all[name].as_array().unwrap().clone();
    assert!(cases.len() > 40, "{name}");
    cases
}

fn bytes(case: &Value) -> Vec<u8> {
    let hex = case["hex"].as_str().unwrap();
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn bodies_are_read_as_go_reads_them() {
    for case in cases("json") {
        let body = bytes(&case);
        let shown = String::from_utf8_lossy(&body);
        let read = decode(&body);
        match case["error"].as_str() {
            Some(error) => assert_eq!(read.err().as_deref(), Some(error), "{shown}"),
            None => {
                let draft = read.unwrap_or_else(|error| panic!("{shown}: {error}"));
                assert_eq!(draft.id, case["id"], "{shown}");
                assert_eq!(draft.text(Member::Uri), case["uri"], "{shown}");
                assert_eq!(draft.vital.unwrap_or(false), case["vital"], "{shown}");
            }
        }
    }
}

#[test]
fn base64_is_read_as_go_reads_it() {
    for case in cases("base64") {
        let text = case["text"].as_str().unwrap();
        match (base64::decode(text), case["error"].as_str()) {
            (Ok(value), None) => assert_eq!(value.expose(), bytes(&case), "{text:?}"),
            (Err(error), Some(expected)) => assert_eq!(error.to_string(), expected, "{text:?}"),
            (Ok(_), Some(expected)) => panic!("{text:?} is taken; Go says {expected}"),
            (Err(error), None) => panic!("{text:?}: {error}"),
        }
    }
}

#[test]
fn nesting_is_bounded_and_no_stack_overflows() {
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let inside = |count| decode(format!("{{\"x\":{}}}", deep(count)).as_bytes());
    assert!(inside(9_999).is_ok());
    assert_eq!(inside(10_000).err().as_deref(), Some("exceeded max depth"));
    let open = "[".repeat(3_000_000);
    assert_eq!(
        decode(open.as_bytes()).err().as_deref(),
        Some("exceeded max depth")
    );
}

proptest::proptest! {
    #[test]
    fn no_body_makes_the_reader_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = decode(&body);
    }

    #[test]
    fn nothing_like_json_makes_the_reader_panic(body in "[\\[\\]{}\":,\\\\a-f0-9 utrnl.eE+-]{0,80}") {
        let _ = decode(body.as_bytes());
        let _ = decode(format!("{{\"spec\":{{\"uri\":\"{body}").as_bytes());
    }

    #[test]
    fn what_serde_takes_is_taken_alike(id in ".{0,20}", uri in ".{0,20}") {
        let body = serde_json::json!({"id": id, "spec": {"uri": uri}}).to_string();
        let draft = decode(body.as_bytes()).unwrap();
        assert_eq!((draft.id.as_str(), draft.text(Member::Uri)), (id.as_str(), uri.as_str()));
    }
}

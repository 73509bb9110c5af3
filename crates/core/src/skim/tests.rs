use proptest::prelude::*;
use rstest::rstest;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::from_str;
use crate::footprint::Skeleton;

/// Values whose strings and names are full of what delimits others.
fn values() -> impl Strategy<Value = Value> {
    let text = || r#"[a"\\\[\]{}:,é\n]{0,20}"#;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    (values(), any::<bool>()).prop_map(|(value, is_pretty)| {
        if is_pretty {
            format!("{value:#} \n")
        } else {
            value.to_string()
        }
    })
}

proptest! {
    #[test]
    fn a_value_is_read_as_serde_json_reads_it(text in texts()) {
        let expected: Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(from_str::<Value>(&text).expect("JSON"), expected);
    }

    #[test]
    fn what_stands_beside_a_leap_is_read(before in texts(), after in values()) {
        let workload = json!({"metadata": {"name": after}, "spec": {"template": after}});
        let text = format!(r#"{{"x": {before}, {}"#, &workload.to_string()[1..]);
        let expected: Skeleton = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(from_str::<Skeleton>(&text).expect("JSON"), expected);
    }

    #[test]
    fn an_object_or_list_without_its_end_is_refused(text in texts(), cut in any::<prop::sample::Index>()) {
        let text = format!("[{}]", text.trim_end());
        let cut = cut.index(text.len());
        let Some(part) = text.get(..cut) else { return Ok(()) };
        prop_assert!(from_str::<IgnoredAny>(part).is_err());
        prop_assert!(from_str::<Value>(part).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in r#"[\[\]{}"\\:,a1 é]{0,200}"#) {
        let _ = from_str::<IgnoredAny>(&text);
        let ours = from_str::<Value>(&text).ok();
        prop_assert_eq!(ours, serde_json::from_str::<Value>(&text).ok());
    }
}

#[rstest]
#[case::nothing("")]
#[case::two_values("{} {}")]
#[case::comma_at_the_end(r#"{"a": 1,}"#)]
#[case::comma_at_the_start("[,1]")]
#[case::no_colon(r#"{"a" 1}"#)]
#[case::number_as_name("{1: 1}")]
#[case::other_bracket("[1}")]
#[case::open_string("\"a")]
#[case::open_escape("\"a\\")]
#[case::control_character("\"a\u{1}\"")]
#[case::unknown_escape(r#""\x""#)]
#[case::word("nil")]
fn malformed_text_is_refused(#[case] text: &str) {
    assert!(from_str::<Value>(text).is_err());
}

#[rstest]
#[case::lists("[", "]")]
#[case::objects("{\"a\":", "}")]
fn deep_nesting_is_leapt_over_and_not_read(#[case] open: &str, #[case] close: &str) {
    let text = format!("{}1{}", open.repeat(500_000), close.repeat(500_000));
    assert!(from_str::<IgnoredAny>(&text).is_ok());
    assert!(from_str::<Value>(&text).is_err());
}

/// A string whose escape stands at every place of a block of bytes, with a block without any escape
/// behind it.
#[rstest]
#[case::quote(r#"\""#)]
#[case::backslash(r#"\\", "b": ""#)]
fn an_escape_counts_wherever_it_stands(#[case] escape: &str) {
    for padding in 0..200 {
        let (before, behind) = ("x".repeat(padding), "]}{[".repeat(40));
        let text =
            format!(r#"{{"skipped": {{"a": "{before}{escape}{behind}"}}, "spec": {{"b": 1}}}}"#);
        let expected: Skeleton = serde_json::from_str(&text).expect("JSON");
        let read = from_str::<Skeleton>(&text);
        assert_eq!(read.expect("JSON"), expected, "{padding} bytes before it");
    }
}

//! Paths of custom columns.

use super::*;
use proptest::prelude::*;

fn found(path: &str) -> Value {
    let object = json!({
        "spec": { "a": 1, "with.dot": 2, "list": ["x", "y", "z"], "with space": 3 },
        "conditions": [
            { "type": "Ready", "status": "True", "count": 1, "seen": { "ok": true } },
            { "type": "Stopped", "status": "False", "count": 2 },
        ],
    });
    let path: JsonPath = path.parse().unwrap();
    path.find(&object).into_iter().cloned().collect()
}

#[rstest]
#[case::member(".spec.a", json!([1]))]
#[case::missing_member(".spec.b.c", json!([]))]
#[case::member_of_a_text(".spec.list[0].x", json!([]))]
#[case::escaped_dot(r".spec.with\.dot", json!([2]))]
#[case::quoted_member(".spec['with.dot']", json!([2]))]
#[case::double_quoted_member(".spec[\"with space\"]", json!([3]))]
#[case::quoted_first(".['spec'].a", json!([1]))]
#[case::element(".spec.list[1]", json!(["y"]))]
#[case::element_from_the_end(".spec.list[-1]", json!(["z"]))]
#[case::element_beyond_the_end(".spec.list[3]", json!([]))]
#[case::element_before_the_start(".spec.list[-4]", json!([]))]
#[case::smallest_index(".spec.list[-9223372036854775808]", json!([]))]
#[case::slice(".spec.list[0:2]", json!(["x", "y"]))]
#[case::slice_to_the_end(".spec.list[1:]", json!(["y", "z"]))]
#[case::slice_from_the_end(".spec.list[-2:]", json!(["y", "z"]))]
#[case::slice_but_for_the_last(".spec.list[:-1]", json!(["x", "y"]))]
#[case::slice_by_steps(".spec.list[::2]", json!(["x", "z"]))]
#[case::slice_of_nothing(".spec.list[2:1]", json!([]))]
#[case::slice_beyond_the_end(".spec.list[1:9]", json!(["y", "z"]))]
#[case::slice_before_the_start(".spec.list[-9:1]", json!(["x"]))]
#[case::slice_of_an_object(".spec[0:1]", json!([]))]
#[case::slice_of_slices(".conditions[:].type", json!(["Ready", "Stopped"]))]
#[case::union(".spec.list[0,2]", json!(["x", "z"]))]
#[case::union_of_slices(".spec.list[1:, 0]", json!(["y", "z", "x"]))]
#[case::union_of_members(".conditions[*]['type','count']", json!(["Ready", "Stopped", 1, 2]))]
#[case::union_with_a_missing_one(".spec['a', 'b']", json!([1]))]
#[case::union_of_paths(".conditions[*]['type', 'seen.ok']", json!(["Ready", "Stopped", true]))]
#[case::descent("..type", json!(["Ready", "Stopped"]))]
#[case::descent_from_a_member(".conditions..ok", json!([true]))]
#[case::descent_and_an_element(".spec..[0]", json!(["x"]))]
#[case::descent_and_on("..seen.ok", json!([true]))]
#[case::every_element(".spec.list[*]", json!(["x", "y", "z"]))]
#[case::every_member(".conditions[0].seen.*", json!([true]))]
#[case::filter(".conditions[?(@.type=='Ready')].status", json!(["True"]))]
#[case::filter_with_blanks(".conditions[?( @.type == \"Ready\" )].status", json!(["True"]))]
#[case::filter_unequal(".conditions[?(@.type!='Ready')].status", json!(["False"]))]
#[case::filter_by_number(".conditions[?(@.count>1)].type", json!(["Stopped"]))]
#[case::filter_up_to(".conditions[?(@.count<=1)].type", json!(["Ready"]))]
#[case::filter_by_boolean(".conditions[?(@.seen.ok==true)].type", json!(["Ready"]))]
#[case::filter_by_presence(".conditions[?(@.seen)].type", json!(["Ready"]))]
#[case::filter_without_match(".conditions[?(@.type=='x')].status", json!([]))]
#[case::filter_of_an_object(".spec[?(@.type=='x')]", json!([]))]
fn a_path_finds(#[case] path: &str, #[case] expected: Value) {
    assert_eq!(found(path), expected);
}

#[rstest]
#[case::no_dot("spec", "start with `.`")]
#[case::empty("", "start with `.`")]
#[case::two_dots_at_the_end(".spec..", "no name")]
#[case::three_dots("...spec", "twice")]
#[case::two_descents("..spec..a", "twice")]
#[case::dot_at_the_end(".spec.", "no name")]
#[case::bracket_left_open(".spec[0", "`]` is missing")]
#[case::quote_left_open(".spec['a]", "`']` is missing")]
#[case::no_element(".spec[x]", "`[x]` is not an element")]
#[case::a_slice_of_words(".spec[a:b]", "`[a:b]` is not an element")]
#[case::a_slice_of_four(".spec[0:1:1:1]", "`[0:1:1:1]` is not an element")]
#[case::a_slice_backwards(".spec[::-1]", "goes forward")]
#[case::a_slice_that_stays(".spec[::0]", "goes forward")]
#[case::a_union_that_ends_early(".spec[0,]", "is not an element")]
#[case::a_union_left_open(".spec['a','b'", "`]` is missing")]
#[case::bracket_not_opened(".spec]", "`]` is not a step")]
#[case::filter_without_at(".a[?(x=='y')]", "start with `@`")]
#[case::filter_without_end(".a[?(@.x=='y')", "end with `)]`")]
#[case::filter_with_a_bare_word(".a[?(@.x==y)]", "`y` is neither quoted nor a number")]
#[case::filter_in_a_filter(".a[?(@.x[?(@.y)])]", "is not an element")]
#[case::filter_with_an_unknown_sign(".a[?(@.x=~'y')]", "compares by")]
fn a_path_that_is_none_is_refused(#[case] path: &str, #[case] why: &str) {
    let error = path.parse::<JsonPath>().unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

proptest! {
    #[test]
    fn no_path_panics(path in r#"\.([a-c.,:\[\]'"*?@()=<0-9\\é -]){0,24}"#) {
        if let Ok(path) = path.parse::<JsonPath>() {
            path.find(&json!({ "a": [{ "b": 1 }, { "c": "x" }] }));
        }
    }
}

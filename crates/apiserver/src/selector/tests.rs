//! Selectors as tables: text, object, verdict.

use super::*;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

fn chooses(selector: &str, labels: &str) -> bool {
    let labels: serde_json::Value = serde_json::from_str(labels).unwrap();
    selector
        .parse::<LabelSelector>()
        .unwrap()
        .matches(labels.as_object())
}

const LABELS: &str = r#"{"app":"web","tier":"front","size":"10","empty":"","in":"x"}"#;

#[rstest]
#[case::nothing_asked("", true)]
#[case::blanks(" \t\n", true)]
#[case::equal("app=web", true)]
#[case::equal_twice("app==web", true)]
#[case::not_that_value("app=db", false)]
#[case::blanks_around(" app = web ", true)]
#[case::absent_is_not_equal("other=web", false)]
#[case::unequal("app!=db", true)]
#[case::unequal_fails("app!=web", false)]
#[case::absent_is_unequal("other!=web", true)]
#[case::exists("app", true)]
#[case::exists_fails("other", false)]
#[case::absent("!other", true)]
#[case::absent_fails("!app", false)]
#[case::absent_with_blank("! other", true)]
#[case::empty_value("empty=", true)]
#[case::empty_value_then_more("empty=,app=web", true)]
#[case::absent_is_not_empty("other=", false)]
#[case::in_set("tier in (front, back)", true)]
#[case::in_set_fails("tier in (back)", false)]
#[case::in_set_without_blanks("tier in(front)", true)]
#[case::absent_is_in_no_set("other in (a)", false)]
#[case::in_set_with_the_empty_value("empty in (a,)", true)]
#[case::in_set_of_the_empty_value("empty in (,)", true)]
#[case::not_in_set("tier notin (back)", true)]
#[case::not_in_set_fails("tier notin (front,back)", false)]
#[case::absent_is_not_in_set("other notin (a)", true)]
#[case::greater("size>9", true)]
#[case::greater_fails("size>10", false)]
#[case::less("size<11", true)]
#[case::less_fails("size<10", false)]
#[case::not_a_number("app>1", false)]
#[case::all_hold("app=web,tier=front,!x", true)]
#[case::one_fails("app=web,tier=back", false)]
#[case::the_same_key_twice("app!=a,app!=b", true)]
#[case::a_key_named_in("in=x", true)]
#[case::a_value_named_in("app=in", false)]
#[case::a_key_with_prefix("!example.com/app", true)]
fn labels_are_chosen(#[case] selector: &str, #[case] expected: bool) {
    assert_eq!(chooses(selector, LABELS), expected);
}

#[test]
fn an_object_without_labels_is_chosen_by_what_asks_for_none() {
    assert!(
        "!app,tier!=x"
            .parse::<LabelSelector>()
            .unwrap()
            .matches(None)
    );
    assert!(!"app".parse::<LabelSelector>().unwrap().matches(None));
}

#[rstest]
#[case::starts_with_a_comma(",app", "found ',', expected: !, identifier, or 'end of string'")]
#[case::ends_with_a_comma("app,", "found '', expected: identifier after ','")]
#[case::nothing_between("a,,b", "found ',', expected: identifier after ','")]
#[case::two_words(
    "a b",
    "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
)]
#[case::no_key("!", "unable to parse requirement: found '', expected: identifier")]
#[case::no_key_but_a_sign("!=a", "found '!=', expected: !, identifier, or 'end of string'")]
#[case::absent_and_equal("!a=b", "found '=', expected: ',' or 'end of string'")]
#[case::value_missing("a==(", "unable to parse requirement: found '(', expected: identifier")]
#[case::two_values("a=b c", "found 'c', expected: ',' or 'end of string'")]
#[case::set_not_opened("a in b", "unable to parse requirement: found 'b' expected: '('")]
#[case::set_not_closed(
    "a in (b",
    "unable to parse requirement: found '', expected: ',' or ')'"
)]
#[case::set_opened_only(
    "a in (",
    "unable to parse requirement: found '', expected: ',', ')' or identifier"
)]
#[case::set_with_a_sign(
    "a in (b,=)",
    "unable to parse requirement: found '=', expected: ',', or identifier"
)]
#[case::set_is_empty(
    "a in ()",
    "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
)]
#[case::no_number(
    "a>b",
    "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer"
)]
fn what_is_not_a_label_selector_is_told(#[case] selector: &str, #[case] expected: &str) {
    assert_eq!(
        selector.parse::<LabelSelector>().unwrap_err().to_string(),
        expected
    );
}

#[rstest]
#[case::key(
    "a$b",
    "unable to parse requirement: <nil>: Invalid value: \"a$b\": name part must consist"
)]
#[case::key_prefix(
    "A_/b=c",
    "unable to parse requirement: <nil>: Invalid value: \"A_/b\": prefix part "
)]
#[case::value(
    "a=b$",
    "unable to parse requirement: values[0][a]: Invalid value: \"b$\": a valid label must be"
)]
#[case::value_in_set(
    "a in (b,-)",
    "unable to parse requirement: values[1][a]: Invalid value: \"-\": a valid label"
)]
fn keys_and_values_must_be_those_of_labels(#[case] selector: &str, #[case] start: &str) {
    let error = selector.parse::<LabelSelector>().unwrap_err().to_string();
    assert!(error.starts_with(start), "{error}");
}

fn chosen(selector: &str) -> bool {
    let object = json!({
        "metadata": { "name": "one", "namespace": "team-a" },
        "type": "Opaque",
        "spec": { "unschedulable": true, "list": [] },
        "status": { "phase": "a,b=c\\d" },
    });
    let supported = [
        "type",
        "spec.unschedulable",
        "spec.list",
        "spec.nodeName",
        "status.phase",
    ];
    FieldSelector::parse(selector, &supported)
        .unwrap()
        .matches(&object)
}

#[rstest]
#[case::nothing_asked("", true)]
#[case::only_commas(",,", true)]
#[case::equal("metadata.name=one", true)]
#[case::equal_twice("metadata.name==one", true)]
#[case::not_that_value("metadata.name=two", false)]
#[case::unequal("metadata.name!=two", true)]
#[case::unequal_fails("metadata.name!=one", false)]
#[case::all_hold("metadata.name=one,metadata.namespace=team-a,type=Opaque", true)]
#[case::one_fails("metadata.name=one,type=x", false)]
#[case::a_boolean("spec.unschedulable=true", true)]
#[case::absent_is_empty("spec.nodeName=", true)]
#[case::absent_is_unequal("spec.nodeName!=a", true)]
#[case::a_list_is_no_value("spec.list=", false)]
#[case::escaped("status.phase=a\\,b\\=c\\\\d", true)]
fn fields_are_chosen(#[case] selector: &str, #[case] expected: bool) {
    assert_eq!(chosen(selector), expected);
}

#[rstest]
#[case::absent("bool=false", true)]
#[case::absent_is_not_the_other("bool=true", false)]
#[case::absent_is_not_empty("bool=", false)]
#[case::null("null=0", true)]
#[case::elsewhere("source=master", true)]
#[case::elsewhere_and_absent("done=0", true)]
fn declared_fields_are_chosen(#[case] selector: &str, #[case] expected: bool) {
    let object = json!({"source": {"component": "master"}, "null": null, "done": 5});
    let supported = [
        "bool=false",
        "null=0",
        "source:source.component",
        "done:status.done=0",
    ];
    let selector = FieldSelector::parse(selector, &supported).unwrap();
    assert_eq!(selector.matches(&object), expected);
}

#[test]
fn the_members_that_decide_are_those_on_the_paths() {
    let supported = ["done:status.done=0", "spec.on=false"];
    let selector = FieldSelector::parse("done=1,spec.on=true,metadata.name=a", &supported).unwrap();
    assert_eq!(selector.members().collect::<Vec<_>>(), ["status", "spec"]);
}

#[rstest]
#[case::no_operator(
    "metadata.name",
    "invalid selector: 'metadata.name'; can't understand 'metadata.name'"
)]
#[case::one_of_two("type=a,b", "invalid selector: 'type=a,b'; can't understand 'b'")]
#[case::unknown_field("spec.x=1", "field label not supported: spec.x")]
#[case::bad_escape("type=a\\b", "invalid field selector: invalid escape sequence: \\b")]
#[case::escape_at_the_end("type=a\\", "invalid field selector: invalid escape sequence: \\")]
#[case::two_operators("type=a=b", "invalid field selector: unescaped character in value: 61")]
fn what_is_not_a_field_selector_is_told(#[case] selector: &str, #[case] expected: &str) {
    assert_eq!(
        FieldSelector::parse(selector, &["type"])
            .unwrap_err()
            .to_string(),
        expected
    );
}

#[test]
fn a_kind_with_nothing_but_metadata_says_so() {
    let error = FieldSelector::parse("spec.x=1", &[] as &[&str])
        .unwrap_err()
        .to_string();
    let expected =
        r#""spec.x" is not a known field selector: only "metadata.name", "metadata.namespace""#;
    assert_eq!(error, expected);
}

#[rstest]
#[case::required("type=a,metadata.name=one", Some("one"))]
#[case::excluded("metadata.name!=one", None)]
#[case::not_mentioned("type=a", None)]
fn a_required_value_is_found(#[case] selector: &str, #[case] expected: Option<&str>) {
    let selector = FieldSelector::parse(selector, &["type"]).unwrap();
    assert_eq!(selector.required("metadata.name"), expected);
}

proptest! {
    #[test]
    fn no_text_makes_a_label_selector_panic(text in "[ -~\\PC]{0,40}") {
        let _ = text.parse::<LabelSelector>();
    }

    #[test]
    fn no_words_make_a_label_selector_panic(
        words in proptest::collection::vec(
            prop_oneof!["a", "in", "notin", "=", "!", "\\(", "\\)", ",", "<", " ", "é"], 0..12,
        ),
    ) {
        let _ = words.concat().parse::<LabelSelector>();
    }

    #[test]
    fn no_text_makes_a_field_selector_panic(text in "[ -~\\PC]{0,40}|([a.=!,\\\\é]){0,12}") {
        if let Ok(selector) = FieldSelector::parse(&text, &["a"]) {
            selector.matches(&json!({ "a": { "a": 1 } }));
        }
    }

    #[test]
    fn a_selector_of_the_labels_themselves_chooses_them(
        labels in proptest::collection::btree_map("[a-z]{1,3}", "[a-z0-9]{0,3}", 0..4),
    ) {
        let terms: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let object = json!(labels);
        let selector = terms.join(",").parse::<LabelSelector>().unwrap();
        prop_assert!(selector.matches(object.as_object()));
    }
}

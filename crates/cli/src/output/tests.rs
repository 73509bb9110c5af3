use rstest::rstest;
use serde_json::json;

use super::*;

fn sample() -> Value {
    json!({
        "items": [
            {"name": "tides", "protocol": "s3", "labels": {"a.b/c": "x"}},
            {"name": "charts", "protocol": "git", "labels": {}},
        ],
        "count": 2,
    })
}

/// The answers are those of `kubectl -o jsonpath`.
#[rstest]
#[case("{.items[*].name}", "tides charts")]
#[case("{.items[0].name}", "tides")]
#[case("{.items[-1].name}", "charts")]
#[case("{$.count} connections", "2 connections")]
#[case("{['count']}", "2")]
#[case(".count", "2")]
#[case("{.items[0].labels.a\\.b/c}", "x")]
#[case("{.items[?(@.protocol==\"git\")].name}", "charts")]
#[case(
    "{range .items[*]}{.name}{\"\\t\"}{@.protocol}{\"\\n\"}{end}",
    "tides\ts3\ncharts\tgit\n"
)]
#[case("{range .items[*]}{'}'}{end}", "}}")]
#[case("{.items[0].labels}", "{\"a.b/c\":\"x\"}")]
#[case("{.nothing.here}", "")]
#[case("just text", "just text")]
fn a_template_picks(#[case] template: &str, #[case] expected: &str) {
    let output: Output = format!("jsonpath={template}").parse().expect("a template");
    let shown = Shown {
        value: sample(),
        names: Vec::new(),
        text: &|_| String::new(),
    };
    assert_eq!(output.render(&shown), expected);
}

#[rstest]
#[case("jsonpath={.a", "`{` without `}`")]
#[case("jsonpath={range .a}", "`{range}` without `{end}`")]
#[case("jsonpath={end}", "`{end}` without `{range}`")]
#[case("jsonpath={a}", "must start with `.`")]
#[case("jsonpath={\"a}", "`{` without `}`")]
#[case("table", "known are `text`")]
fn a_mistake_is_named(#[case] text: &str, #[case] expected: &str) {
    let error = text.parse::<Output>().expect_err("must fail").to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case("text", "narrow\n")]
#[case("wide", "with everything\n")]
#[case("name", "tides\n")]
#[case("json", "{\n  \"name\": \"tides\"\n}\n")]
#[case("yaml", "name: tides\n")]
fn every_form_is_rendered(#[case] form: &str, #[case] expected: &str) {
    let shown = Shown {
        value: json!({"name": "tides"}),
        names: vec!["tides".to_owned()],
        text: &|width| match width {
            Width::Normal => "narrow\n".to_owned(),
            Width::Wide => "with everything\n".to_owned(),
        },
    };
    let output: Output = form.parse().expect("a form");
    assert_eq!(output.render(&shown), expected);
}

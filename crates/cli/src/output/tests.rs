use std::io::Write as _;
use std::process::Command;

use rstest::rstest;
use serde_json::json;

use super::*;

fn sample() -> Value {
    json!({
        "apiVersion": "example.org/v1", "kind": "Chart", "metadata": {"name": "harbour"},
        "rows": [
            {"name": "tides", "protocol": "s3", "labels": {"a.b/c": "x"}},
            {"name": "charts", "protocol": "git", "labels": {"a.b/c": "y"}},
            {"name": "reefs", "protocol": "uri"},
        ],
        "count": 2,
    })
}

/// Templates, and what `kubectl -o jsonpath` picks out of the sample with them.
const TEMPLATES: [(&str, &str); 33] = [
    ("{.rows[*].name}", "tides charts reefs"),
    ("{.rows[0].name}", "tides"),
    ("{.rows[-1].name}", "reefs"),
    ("{$.count} connections", "2 connections"),
    ("{['count']}", "2"),
    ("{.rows[0].labels.a\\.b/c}", "x"),
    ("{.rows[0].labels['a\\.b/c']}", "x"),
    ("{.rows[?(@.protocol==\"git\")].name}", "charts"),
    (
        "{range .rows[*]}{.name}{\"\\t\"}{@.protocol}{\"\\n\"}{end}",
        "tides\ts3\ncharts\tgit\nreefs\turi\n",
    ),
    ("{range .rows[*]}{'}'}{end}", "}}}"),
    ("{.rows[0].labels}", "{\"a.b/c\":\"x\"}"),
    ("{.nothing.here}", ""),
    ("just text", "just text"),
    ("{.rows[0:2].name}", "tides charts"),
    ("{.rows[1:].name}", "charts reefs"),
    ("{.rows[:1].name}", "tides"),
    ("{.rows[:].name}", "tides charts reefs"),
    ("{.rows[-2:].name}", "charts reefs"),
    ("{.rows[:-1].name}", "tides charts"),
    ("{.rows[::2].name}", "tides reefs"),
    ("{.rows[0:3:2].name}", "tides reefs"),
    ("{.rows[1:1].name}", ""),
    ("{.rows[0,2].name}", "tides reefs"),
    ("{.rows[2,0].name}", "reefs tides"),
    ("{.rows[-1:,0].name}", "reefs tides"),
    (
        "{.rows[*]['name','protocol']}",
        "tides charts reefs s3 git uri",
    ),
    ("{.rows[0]['name', 'labels']}", "tides {\"a.b/c\":\"x\"}"),
    ("{['metadata.name','count']}", "harbour 2"),
    (
        "{.rows[?(@.protocol=='git')]['name','labels.a\\.b/c']}",
        "charts y",
    ),
    ("{range .rows[1:]}{.name}{','}{end}", "charts,reefs,"),
    ("{.rows..name}", "tides charts reefs"),
    ("{..protocol}", "s3 git uri"),
    ("{.rows[0]..a\\.b/c}", "x"),
];

fn filled(template: &str) -> String {
    let output: Output = format!("jsonpath={template}").parse().expect("a template");
    let shown = Shown {
        value: &|| Ok(sample()),
        names: Vec::new(),
        text: &|_| String::new(),
    };
    output.render(&shown).expect("text")
}

#[test]
fn a_template_picks_what_the_table_says() {
    for (template, expected) in TEMPLATES {
        assert_eq!(filled(template), expected, "{template}");
    }
}

#[test]
fn a_template_picks_what_kubectl_picks() {
    let program = std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sample.json");
    std::fs::write(&file, sample().to_string()).expect("a file");
    for (template, expected) in TEMPLATES {
        // Local, so that no cluster is asked.
        let output = Command::new(&program)
            .args(["annotate", "--local", "seen=yes", "-o"])
            .arg(format!("jsonpath={template}"))
            .arg("-f")
            .arg(&file)
            .output();
        let output = match output {
            Err(error) => {
                // Past the capture of the test harness, which would hide it from everybody.
                let mut stderr = std::io::stderr();
                let _ = writeln!(stderr, "SKIPPED: there is no kubectl: {error}");
                return;
            }
            Ok(output) => output,
        };
        let picked = String::from_utf8_lossy(&output.stdout);
        assert_eq!(picked, expected, "{template}");
    }
}

/// Where `kubectl` fails, or takes a path for text, what is there is picked.
#[rstest]
#[case::a_slice_beyond_the_end("{.rows[1:9].name}", "charts reefs")]
#[case::an_element_beyond_the_end("{.rows[9].name}", "")]
#[case::a_slice_of_nothing("{.rows[2:1].name}", "")]
#[case::a_name_with_dots_in_quotes("{.rows[0].labels['a.b/c']}", "x")]
#[case::a_bare_path(".count", "2")]
fn a_template_is_taken_kindly(#[case] template: &str, #[case] expected: &str) {
    assert_eq!(filled(template), expected);
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
        value: &|| Ok(json!({"name": "tides"})),
        names: vec!["tides".to_owned()],
        text: &|width| match width {
            Width::Normal => "narrow\n".to_owned(),
            Width::Wide => "with everything\n".to_owned(),
        },
    };
    let output: Output = form.parse().expect("a form");
    assert_eq!(output.render(&shown).expect("text"), expected);
}

//! The rules of saving a type.

use bowline_catalog::types::reserved::is_reserved;
use bowline_catalog::types::rules::{check, cleaned};
use bowline_catalog::types::{ConnectionType, builtin, examples};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::{load, play, same, short, with_fields};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Members that differ from a type without mistakes.
    #[serde(default)]
    given: serde_json::Map<String, Value>,
    #[serde(default)]
    findings: Vec<String>,
}

fn type_of(given: &serde_json::Map<String, Value>) -> Result<ConnectionType, String> {
    let mut input = json!({
        "name": "ct-sample",
        "displayName": "Sample",
        "categories": ["Database"],
        "fields": [{"type": "short-text", "name": "Text", "envVar": "TEXT"}],
    });
    input
        .as_object_mut()
        .expect("an object")
        .extend(given.clone());
    let input: bowline_catalog::types::TypeInput =
        serde_json::from_value(input).map_err(|error| error.to_string())?;
    Ok(ConnectionType {
        name: input.name.unwrap_or_default(),
        display_name: input.display_name,
        description: input.description,
        categories: input.categories,
        ..with_fields(input.fields)
    })
}

#[test]
fn a_type_is_judged_as_the_table_says() {
    let cases: Vec<Case> = load("rules.yaml");
    play(
        &cases,
        |case| &case.name,
        |case| {
            let findings = check(&type_of(&case.given)?, &[]);
            let mut wanted = case.findings.clone();
            wanted.sort();
            same("findings", &short(&findings), &wanted)
        },
    );
}

#[test]
fn the_types_that_come_along_break_no_rule() {
    for type_ in builtin::all("opendatahub")
        .into_iter()
        .chain(examples::all("opendatahub"))
    {
        assert_eq!(short(&check(&type_, &[])), [""; 0], "{}", type_.name);
        assert_eq!(cleaned(&type_), type_, "{}", type_.name);
    }
}

#[rstest]
#[case::path("PATH", true)]
#[case::preload("LD_PRELOAD", true)]
#[case::any_of_the_loader("LD_AUDIT", true)]
#[case::python("PYTHONPATH", true)]
#[case::proxy("HTTPS_PROXY", true)]
#[case::proxy_in_small_letters("https_proxy", true)]
#[case::no_proxy("no_proxy", true)]
#[case::credentials_from_elsewhere("AWS_CONTAINER_CREDENTIALS_FULL_URI", true)]
#[case::metadata_from_elsewhere("AWS_EC2_METADATA_SERVICE_ENDPOINT", true)]
#[case::the_api_server("KUBERNETES_SERVICE_HOST", true)]
#[case::arguments_of_a_notebook("NOTEBOOK_ARGS", true)]
#[case::a_program_that_git_starts("GIT_SSH_COMMAND", true)]
#[case::packages("PIP_INDEX_URL", true)]
#[case::certificates("SSL_CERT_FILE", true)]
#[case::node("NODE_OPTIONS", true)]
#[case::java("JAVA_TOOL_OPTIONS", true)]
#[case::small_letters_are_another_name("path", false)]
#[case::a_name_with_path_in_it("MODEL_PATH", false)]
#[case::keys_of_aws("AWS_ACCESS_KEY_ID", false)]
#[case::keys_of_git("GIT_TOKEN", false)]
#[case::python_alone("PYTHON", false)]
fn names_that_change_other_peoples_containers_are_reserved(
    #[case] name: &str,
    #[case] expected: bool,
) {
    assert_eq!(is_reserved(name), expected);
}

#[test]
fn a_display_name_that_another_type_has_is_doubtful() {
    let others = builtin::all("opendatahub");
    let type_ = ConnectionType {
        display_name: " uri - V1 ".to_owned(),
        ..with_fields(Vec::new())
    };
    assert_eq!(
        short(&check(&type_, &others)),
        ["display-name-taken displayName?"]
    );
}

#[test]
fn fields_of_more_than_a_mebibyte_are_too_large() {
    let fields = json!([{"type": "text", "name": "Text", "envVar": "TEXT", "description": "x".repeat(1024 * 1024)}]);
    let type_ = with_fields(serde_json::from_value(fields).expect("fields"));
    assert_eq!(short(&check(&type_, &[])), ["too-large fields"]);
}

#[test]
fn saving_cleans_what_people_leave_behind() {
    let fields = json!([
        {"type": "dropdown", "name": "Size", "envVar": " SIZE ", "properties": {
            "items": [{"label": " Small ", "value": " small "}, {"label": "", "value": " "}]}},
        {"type": "file", "name": "Key", "envVar": "KEY", "properties": {"extensions": [" .JSON", "", ". pem"]}},
        {"type": "hidden", "name": "Secret", "envVar": "SECRET", "properties": {"defaultValue": "x", "defaultReadOnly": true}},
    ]);
    let cleaned = cleaned(&with_fields(
        serde_json::from_value(fields).expect("fields"),
    ));
    insta::assert_json_snapshot!(cleaned.fields);
}

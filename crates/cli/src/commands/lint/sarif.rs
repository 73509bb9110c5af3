//! Findings for code-scanning services: SARIF 2.1.0.
//!
//! Format: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::fmt::Write as _;

use bowline_core::Severity;
use bowline_core::validate::Rule;
use serde_json::{Value, json};

use super::report::{Entry, Report};
use super::rules;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One SARIF log with one run.
pub fn render(report: &Report) -> String {
    let rules: Vec<&Rule> = rules::all().collect();
    let results: Vec<Value> = report
        .entries
        .iter()
        .map(|entry| result(entry, &rules))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "bowline",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            // Columns are never given, but the unit must be named for readers that ask.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": sentence(rule.summary)},
        "help": {"text": format!("{} Each result ends with what to do about it.", sentence(rule.summary))},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(entry: &Entry, rules: &[&Rule]) -> Value {
    let finding = &entry.finding;
    // Braces stand for placeholders in SARIF, and are doubled to mean themselves.
    let text = format!("{} Help: {}", sentence(&finding.message), finding.help)
        .replace('{', "{{")
        .replace('}', "}}");
    let object = &entry.object;
    let mut location = json!({
        "logicalLocations": [{
            "name": object.name,
            "fullyQualifiedName":
                format!("{}/{}/{}#{}", object.namespace, object.kind, object.name, finding.field),
            "kind": "object",
        }],
    });
    // What came through a pipe has no address that a reader of the log could open.
    if let Some(place) = entry.place.as_ref().filter(|place| place.file != "stdin") {
        location["physicalLocation"] = json!({"artifactLocation": {"uri": uri(&place.file)}});
        if let Some(line) = place.line {
            location["physicalLocation"]["region"] = json!({"startLine": line});
        }
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": [location],
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A lower-case fragment as a sentence, which is what readers of SARIF expect.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let stop = if text.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{stop}", chars.as_str())
}

/// A path as a URI reference: relative ones stay relative to where the command ran.
fn uri(file: &str) -> String {
    let mut uri = String::new();
    if file.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in file.strip_prefix("./").unwrap_or(file).bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            other => drop(write!(uri, "%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("deploy/a.yaml", "deploy/a.yaml")]
    #[case("./a.yaml", "a.yaml")]
    #[case("my file#1.yaml", "my%20file%231.yaml")]
    #[case("/srv/ü.yaml", "file:///srv/%C3%BC.yaml")]
    fn a_path_becomes_a_uri(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(uri(file), expected);
    }
}

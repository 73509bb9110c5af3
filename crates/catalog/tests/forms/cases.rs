//! Tables in YAML: how they are read, and how what differs is shown.

use std::path::Path;

use bowline_catalog::types::{ConnectionType, Entry, TypeDialect, builtin, examples};
use bowline_core::{Finding, Secret, Severity};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The cases of a file.
pub(crate) fn load<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms/cases");
    let text = std::fs::read_to_string(folder.join(file)).expect("the case file is there");
    serde_saphyr::from_str(&text).expect("the case file is well-formed")
}

/// A type by name, or by its fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Form {
    /// A pre-installed type or an example.
    Named(String),
    /// A type with these fields.
    Fields(Vec<Entry>),
}

impl Form {
    pub(crate) fn type_(&self) -> ConnectionType {
        match self {
            Self::Named(name) => named(name),
            Self::Fields(fields) => with_fields(fields.clone()),
        }
    }
}

pub(crate) fn named(name: &str) -> ConnectionType {
    let mut all = builtin::all("opendatahub")
        .into_iter()
        .chain(examples::all("opendatahub"));
    all.find(|type_| type_.name == name)
        .expect("the type comes along")
}

pub(crate) fn with_fields(fields: Vec<Entry>) -> ConnectionType {
    ConnectionType {
        name: "ct-sample".to_owned(),
        namespace: "opendatahub".to_owned(),
        dialect: TypeDialect::OpenDataHub,
        display_name: "Sample".to_owned(),
        description: String::new(),
        categories: vec!["Database".to_owned()],
        fields,
        is_enabled: true,
        stated_protocol: None,
        creator: Some("ada".to_owned()),
        is_preinstalled: false,
        created: None,
        resource_version: None,
    }
}

/// A Secret of a case: metadata and values as people write them.
pub(crate) fn secret(given: &Value) -> Secret {
    let object = json!({
        "kind": "Secret",
        "metadata": {
            "name": given.get("name").cloned().unwrap_or_else(|| json!("tides")),
            "namespace": "team-a",
            "labels": given.get("labels").cloned().unwrap_or_else(|| json!({})),
            "annotations": given.get("annotations").cloned().unwrap_or_else(|| json!({})),
        },
        "type": given.get("type").cloned().unwrap_or_else(|| json!("Opaque")),
        "stringData": given.get("data").cloned().unwrap_or_else(|| json!({})),
    });
    Secret::from_value(&object).expect("the case's Secret is one")
}

/// Errors and warnings as `rule field`, with a question mark behind what does not refuse.
pub(crate) fn short(findings: &[Finding]) -> Vec<String> {
    let short = |finding: &Finding| {
        let doubt = if finding.severity == Severity::Error {
            ""
        } else {
            "?"
        };
        format!("{} {}{doubt}", finding.rule, finding.field)
    };
    let mut all: Vec<String> = findings.iter().map(short).collect();
    all.sort();
    all
}

/// Nothing of what is secret may reach the output of a failing test either.
pub(crate) fn masked(text: &str) -> String {
    text.replace("Canary/", "masked/")
}

/// Plays all cases of a table, and says all that fail.
pub(crate) fn play<T>(
    cases: &[T],
    name: impl Fn(&T) -> &str,
    run: impl Fn(&T) -> Result<(), String>,
) {
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            run(case)
                .err()
                .map(|why| format!("{}:\n    {}", name(case), masked(&why)))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Compares, and says both when they differ.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: &T,
    wanted: &T,
) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}: found {found:?}, wanted {wanted:?}"))
}

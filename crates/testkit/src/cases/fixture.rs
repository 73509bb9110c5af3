//! Secrets from named fixtures, with a canary for every value that is not a location.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::NAMESPACE;
use crate::canary::Canaries;

/// What stands for a canary in a value.
const CANARY: &str = "$canary";

/// Fixtures by name.
pub(super) type Fixtures = BTreeMap<String, Fixture>;

/// A Secret that cases start from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fixture {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(rename = "type", default = "opaque")]
    type_: String,
    data: BTreeMap<String, String>,
}

fn opaque() -> String {
    "Opaque".to_owned()
}

/// A fixture by name, as it is or with changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum SecretSpec {
    /// The fixture as it is.
    Plain(String),
    /// The fixture with changes.
    Changed(Changed),
}

/// A fixture with changes: members set, members (null) taken away.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Changed {
    fixture: String,
    #[serde(default)]
    data: BTreeMap<String, Option<String>>,
    #[serde(default)]
    annotations: BTreeMap<String, Option<String>>,
    #[serde(default)]
    labels: BTreeMap<String, Option<String>>,
    #[serde(rename = "type")]
    type_: Option<String>,
}

impl SecretSpec {
    /// The name of the fixture.
    pub(super) fn fixture(&self) -> &str {
        match self {
            Self::Plain(fixture) | Self::Changed(Changed { fixture, .. }) => fixture,
        }
    }

    /// The Secret as an object, with fresh canaries.
    pub(super) fn object(&self, name: &str, fixtures: &Fixtures, canaries: &mut Canaries) -> Value {
        let mut secret = fixtures[self.fixture()].clone();
        if let Self::Changed(changed) = self {
            merge(&mut secret.data, &changed.data);
            merge(&mut secret.annotations, &changed.annotations);
            merge(&mut secret.labels, &changed.labels);
            secret.type_ = changed.type_.clone().unwrap_or(secret.type_);
        }
        let data: BTreeMap<&String, String> = secret
            .data
            .iter()
            .map(|(key, value)| (key, STANDARD.encode(plant(value, name, key, canaries))))
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "annotations": secret.annotations,
                "labels": secret.labels,
            },
            "type": secret.type_,
            "data": data,
        })
    }
}

fn merge(members: &mut BTreeMap<String, String>, changes: &BTreeMap<String, Option<String>>) {
    for (key, change) in changes {
        match change {
            Some(value) => members.insert(key.clone(), value.clone()),
            None => members.remove(key),
        };
    }
}

fn plant(value: &str, name: &str, key: &str, canaries: &mut Canaries) -> String {
    if !value.contains(CANARY) {
        return value.to_owned();
    }
    value.replace(
        CANARY,
        &canaries.plant(format!("Secret `{name}`, key `{key}`")),
    )
}

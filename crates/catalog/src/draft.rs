//! A new connection: from a type and values to the Secret to create, written so that OpenShift AI,
//! Alauda AI and KServe recognise it at once. Creating it is left to `connections`.

use std::collections::BTreeMap;

use bowline_core::secret::{DOCKER_CONFIG_JSON, OPAQUE};
use bowline_core::{
    Connection, Finding, Recognition, Secret, Severity, names, storage_config, validate,
};
use serde::Deserialize;

use crate::compatibility::S3_KEYS;
use crate::types::ConnectionType;
use crate::values::check::LOGIN;
use crate::values::{Input, Purpose, Stored, check, encode};
use crate::{keys, naming};

/// What a person gives to create a connection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewConnection {
    /// Resource name; made from the display name when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// What people call it; the resource name when empty.
    #[serde(default)]
    pub display_name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Resource name of the connection type.
    #[serde(rename = "type", default)]
    pub type_name: String,
    /// Whether it must not be deleted.
    #[serde(default)]
    pub is_vital: bool,
    /// The values, by the key of the field.
    #[serde(default)]
    pub values: Input,
}

/// A Secret that may be created.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The Secret.
    pub secret: Secret,
    /// What is doubtful about it, which does not stand in the way.
    pub findings: Vec<Finding>,
}

/// Where a draft belongs and what cannot be computed.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The project.
    pub namespace: &'a str,
    /// Who creates it, where that is known.
    pub creator: Option<&'a str>,
    /// A few characters for a name that nothing is left of; see [`naming::random`].
    pub random: &'a str,
}

/// The resource name that a new connection gets.
pub fn name_of(new: &NewConnection, random: &str) -> String {
    match new.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => naming::from_display_name(&new.display_name, "", random),
    }
}

/// Makes the Secret of a new connection.
///
/// # Errors
/// With everything that is wrong with what was given, names and values alike.
pub fn draft(
    new: &NewConnection,
    type_: &ConnectionType,
    circumstances: Circumstances<'_>,
) -> Result<Draft, Vec<Finding>> {
    let name = name_of(new, circumstances.random);
    let mut findings = check_name(new, &name);
    if !type_.is_enabled {
        let message = format!("connection type `{}` is disabled", type_.name);
        findings.push(error(
            "type-disabled",
            "type",
            message,
            "choose another, or ask an administrator to enable it",
        ));
    }
    findings.extend(check(Some(type_), &new.values, Purpose::Create));
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return Err(findings);
    }
    let data = encode(type_, &new.values);
    let mut secret = Secret {
        namespace: circumstances.namespace.to_owned(),
        type_: secret_type(&data).to_owned(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        mistyped: Vec::new(),
        data,
        name,
    };
    let marks = marks(Some(type_), &secret.data);
    secret.labels = marks.labels;
    secret.annotations = marks.annotations;
    describe(&mut secret, new);
    let creator = circumstances
        .creator
        .map(|creator| (keys::CREATOR.to_owned(), creator.to_owned()));
    secret.annotations.extend(creator);
    for (key, value) in storage_config::annotations(&secret, false) {
        secret.annotations.extend(value.map(|value| (key, value)));
    }
    findings.extend(advice(&secret));
    Ok(Draft { secret, findings })
}

fn check_name(new: &NewConnection, name: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if name.is_empty() {
        let message = "the connection has no name".to_owned();
        findings.push(error(
            "display-name",
            "displayName",
            message,
            "give it a name that people recognise",
        ));
    } else if !naming::is_valid(name) {
        let message = format!("`{}` is not a resource name", naming::excerpt(name));
        findings.push(error("resource-name", "name", message, naming::RULE));
    }
    if new.type_name.is_empty() {
        let message = "no connection type is named".to_owned();
        findings.push(error("type", "type", message, "name one, such as `s3`"));
    }
    findings
}

fn describe(secret: &mut Secret, new: &NewConnection) {
    let display_name = match new.display_name.trim() {
        "" => secret.name.clone(),
        name => name.to_owned(),
    };
    let annotations = &mut secret.annotations;
    annotations.insert(names::DISPLAY_NAME.to_owned(), display_name.clone());
    annotations.insert(names::ALAUDA_DISPLAY_NAME.to_owned(), display_name);
    let description = new.description.trim();
    if !description.is_empty() {
        annotations.insert(names::DESCRIPTION.to_owned(), description.to_owned());
    }
    if new.is_vital {
        annotations.insert(names::VITAL.to_owned(), "true".to_owned());
    }
}

/// The kubelet takes a registry login from a Secret of its own type only.
pub(crate) fn secret_type(data: &Stored) -> &'static str {
    if has(data, LOGIN) {
        DOCKER_CONFIG_JSON
    } else {
        OPAQUE
    }
}

/// Whether a key has a value.
pub(crate) fn has(data: &Stored, key: &str) -> bool {
    data.get(key).is_some_and(|value| !value.is_empty())
}

/// The labels and annotations that follow from type and keys.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// By these marks the readers of both dialects list a connection, and know its protocol. Without a
/// type only those that follow from the keys.
pub(crate) fn marks(type_: Option<&ConnectionType>, data: &Stored) -> Marks {
    let mut marks = Marks::default();
    let mut label = |key: &str| marks.labels.insert(key.to_owned(), "true".to_owned());
    let mut annotate = |key: &str, value: &str| {
        marks.annotations.insert(key.to_owned(), value.to_owned());
    };
    if S3_KEYS.iter().all(|key| has(data, key)) {
        label(names::MANAGED_LABEL);
        annotate(names::LEGACY_TYPE, "s3");
    }
    if let Some(type_) = type_ {
        label(names::DASHBOARD_LABEL);
        label(names::ALAUDA_DASHBOARD_LABEL);
        annotate(names::TYPE_REF, &type_.name);
        annotate(names::ALAUDA_TYPE_REF, &type_.name);
        if let Some(protocol) = type_.protocol() {
            annotate(names::PROTOCOL, protocol.as_str());
            annotate(names::ALAUDA_PROTOCOL, protocol.as_str());
        }
        annotate(keys::TYPE_REVISION, &type_.revision());
    }
    marks
}

/// What core says about the Secret as it will be; nothing is refused for it.
pub(crate) fn advice(secret: &Secret) -> Vec<Finding> {
    match Connection::from_secret(secret.clone()) {
        Recognition::Connection(connection) => validate(&connection),
        Recognition::Candidate(_) | Recognition::Other(_) => Vec::new(),
    }
}

pub(crate) fn error(rule: &'static str, field: &str, message: String, help: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        rule,
        field: field.to_owned(),
        message,
        help: help.to_owned(),
    }
}

//! A change of a stored connection: the merge patch that carries only what changes, so that whatever
//! others put on the Secret survives. Reading the Secret, and applying the patch on the condition
//! that nobody was faster, is left to `connections`.

mod follow;
mod place;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::secret::DOCKER_CONFIG_JSON;
use bowline_core::{
    Connection, Finding, Protocol, Recognition, Secret, Sensitive, Severity, names,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::draft::{advice, error, has};
use crate::keys;
use crate::types::ConnectionType;
use crate::values::check::{LOGIN, after};
use crate::values::{Input, Purpose, check, encode};

/// What a person wants changed; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// Another display name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Another description; empty removes it.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it must not be deleted from now on.
    #[serde(default)]
    pub is_vital: Option<bool>,
    /// Another connection type.
    #[serde(rename = "type", default)]
    pub type_name: Option<String>,
    /// Values to change, by key; `null` removes one, and what is not named stays.
    #[serde(default)]
    pub values: Input,
    /// The version that the editor saw; a change by somebody else since then is a conflict.
    #[serde(default)]
    pub resource_version: Option<String>,
}

impl Change {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
            && self.display_name.is_none()
            && self.description.is_none()
            && self.is_vital.is_none()
            && self.type_name.is_none()
    }
}

/// A stored connection with what its type says.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The Secret as it is stored.
    pub secret: &'a Secret,
    /// The type that it refers to or that is guessed; none when that was deleted.
    pub type_: Option<&'a ConnectionType>,
    /// The other type that the change asks for.
    pub other_type: Option<&'a ConnectionType>,
    /// Who changes it, where that is known.
    pub editor: Option<&'a str>,
}

/// New texts by key, and `None` for those to remove.
pub type Changes<T> = BTreeMap<String, Option<T>>;

/// What to write.
#[derive(Debug, Clone, Default)]
pub struct Edited {
    /// Labels.
    pub labels: Changes<String>,
    /// Annotations.
    pub annotations: Changes<String>,
    /// Values.
    pub data: Changes<Sensitive>,
    /// What is doubtful about the connection as it will be.
    pub findings: Vec<Finding>,
}

impl Edited {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty() && self.data.is_empty()
    }

    /// The merge patch, on the condition that the stored object still has this version. It holds
    /// the new values in clear.
    pub fn expose_merge_patch(&self, resource_version: Option<&str>) -> Value {
        let mut metadata = Map::new();
        if let Some(version) = resource_version {
            metadata.insert("resourceVersion".to_owned(), json!(version));
        }
        for (key, changes) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !changes.is_empty() {
                metadata.insert(key.to_owned(), json!(changes));
            }
        }
        let mut patch = Map::new();
        patch.insert("metadata".to_owned(), Value::Object(metadata));
        if !self.data.is_empty() {
            let encoded = |value: &Option<Sensitive>| {
                value.as_ref().map(|value| STANDARD.encode(value.expose()))
            };
            let data = self
                .data
                .iter()
                .map(|(key, value)| (key, json!(encoded(value))));
            let data: Map<_, _> = data.map(|(key, value)| (key.clone(), value)).collect();
            patch.insert("data".to_owned(), Value::Object(data));
        }
        Value::Object(patch)
    }
}

/// The name of the type that a Secret refers to, or that fits it where it refers to none: the
/// pre-installed type of its protocol.
pub fn type_name(secret: &Secret) -> Option<String> {
    let stated = [names::TYPE_REF, names::ALAUDA_TYPE_REF]
        .into_iter()
        .find_map(|key| secret.annotation(key));
    stated.map(str::to_owned).or_else(|| {
        let Recognition::Connection(connection) = Connection::from_secret(secret.clone()) else {
            return None;
        };
        let name = match connection.protocol? {
            Protocol::S3 => "s3",
            Protocol::Uri => "uri-v1",
            Protocol::Oci => "oci-v1",
            Protocol::Gcs => "gcs",
            Protocol::Azure => "azure",
            Protocol::Git => "git",
        };
        Some(name.to_owned())
    })
}

/// Whether a key holds a secret, by its type's field, by a protocol, or by its name.
pub fn is_secret(type_: Option<&ConnectionType>, key: &str) -> bool {
    place::is_secret(type_.into_iter(), key)
}

/// Decides what to write.
///
/// # Errors
/// With everything that is wrong with what is wanted.
pub fn edit(subject: Subject<'_>, change: &Change) -> Result<Edited, Vec<Finding>> {
    let Subject {
        secret,
        type_,
        other_type,
        ..
    } = subject;
    let wanted_type = other_type.or(type_);
    let mut findings = check(wanted_type, &change.values, Purpose::Edit(&secret.data));
    if let Some(other) = other_type {
        let disabled = check_type_change(other, &mut findings);
        findings.extend(disabled);
    }
    if change
        .display_name
        .as_deref()
        .is_some_and(|name| name.trim().is_empty())
    {
        let message = "the display name is empty".to_owned();
        findings.push(error(
            "display-name",
            "displayName",
            message,
            "give it a name that people recognise",
        ));
    }
    let mut wanted = after(wanted_type, &change.values, Purpose::Edit(&secret.data));
    if let Some(other) = other_type {
        // What was typed and removed on purpose does not come back as a default.
        for (key, default) in encode(other, &Input::new()) {
            if !change.values.contains_key(&key) {
                wanted.entry(key).or_insert(default);
            }
        }
    }
    findings.extend(check_secret_type(secret, &wanted));
    findings.extend(place::check(subject, change, &wanted));
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return Err(findings);
    }
    let mut edited = Edited {
        data: differences(&secret.data, &wanted),
        ..Edited::default()
    };
    describe(secret, change, &mut edited);
    follow::marks(subject, &wanted, &mut edited);
    if !edited.data.is_empty() {
        follow::kserve(secret, &wanted, &mut edited);
        // A result with a digest is seen to be stale; another would look as if it were about the new
        // values.
        let has_digest = secret.annotations.contains_key(names::TESTED);
        for key in keys::TEST_RESULT
            .iter()
            .filter(|key| !has_digest && secret.annotations.contains_key(**key))
        {
            edited.annotations.insert((*key).to_owned(), None);
        }
    }
    if !edited.is_empty() {
        set(secret, keys::EDITOR, subject.editor, &mut edited);
        findings.extend(advice(&follow::applied(secret, &edited)));
    }
    edited.findings = findings;
    Ok(edited)
}

/// With another type nothing that is missing is old: the form is a new one.
fn check_type_change(other: &ConnectionType, findings: &mut [Finding]) -> Option<Finding> {
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.rule == "required")
    {
        finding.severity = Severity::Error;
    }
    (!other.is_enabled).then(|| {
        let message = format!("connection type `{}` is disabled", other.name);
        error(
            "type-disabled",
            "type",
            message,
            "choose another, or ask an administrator to enable it",
        )
    })
}

fn check_secret_type(secret: &Secret, wanted: &crate::values::Stored) -> Option<Finding> {
    let is_login = secret.type_ == DOCKER_CONFIG_JSON;
    let had = has(&secret.data, LOGIN);
    let problem = match (is_login, has(wanted, LOGIN)) {
        (true, false) => "cannot be removed: the Secret is a registry login to Kubernetes",
        (false, true) if !had => {
            "cannot be added: the Secret is not a registry login to Kubernetes"
        }
        _ => return None,
    };
    let message = format!("`{LOGIN}` {problem}, and the type of a Secret never changes");
    let help = "delete the connection and create it again under the same name; what uses it finds it by its name";
    Some(error("secret-type", LOGIN, message, help))
}

fn differences(
    stored: &crate::values::Stored,
    wanted: &crate::values::Stored,
) -> Changes<Sensitive> {
    let mut changes = Changes::new();
    for key in stored.keys().filter(|key| !wanted.contains_key(*key)) {
        changes.insert(key.clone(), None);
    }
    for (key, value) in wanted {
        if stored
            .get(key)
            .is_none_or(|stored| stored.expose() != value.expose())
        {
            changes.insert(key.clone(), Some(value.clone()));
        }
    }
    changes
}

fn describe(secret: &Secret, change: &Change, edited: &mut Edited) {
    if let Some(name) = change.display_name.as_deref().map(str::trim) {
        let is_there = |key: &&str| secret.annotation(key).is_some();
        let spellings = [names::DISPLAY_NAME, names::ALAUDA_DISPLAY_NAME];
        let mut present: Vec<_> = spellings.into_iter().filter(is_there).collect();
        // Without an annotation the resource name is shown, and need not be written down.
        if present.is_empty() && name != secret.name {
            present.push(names::DISPLAY_NAME);
        }
        for key in present {
            set(secret, key, Some(name), edited);
        }
    }
    if let Some(description) = change.description.as_deref().map(str::trim) {
        let is_there = secret.annotations.contains_key(names::DESCRIPTION);
        match description {
            "" if is_there => {
                edited
                    .annotations
                    .insert(names::DESCRIPTION.to_owned(), None);
            }
            "" => {}
            text => set(secret, names::DESCRIPTION, Some(text), edited),
        }
    }
    match change.is_vital {
        Some(true) => set(secret, names::VITAL, Some("true"), edited),
        Some(false) if secret.annotations.contains_key(names::VITAL) => {
            edited.annotations.insert(names::VITAL.to_owned(), None);
        }
        Some(false) | None => {}
    }
}

/// Sets an annotation where it is another one.
fn set(secret: &Secret, key: &str, value: Option<&str>, edited: &mut Edited) {
    let is_other = |value: &&str| secret.annotations.get(key).map(String::as_str) != Some(value);
    if let Some(value) = value.filter(is_other) {
        edited
            .annotations
            .insert(key.to_owned(), Some(value.to_owned()));
    }
}

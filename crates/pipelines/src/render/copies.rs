//! Copies of Secrets: what Kyverno, or a controller, will make of their sources, rendered as far as
//! the sources are known.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::{Finding, Secret, Sensitive, Severity};
use serde_json::{Map, Value, json};

use super::object::{object, with};
use super::{NATIVE_ACCESS_KEY, NATIVE_COPY, NATIVE_SECRET_KEY, NATIVE_SESSION_TOKEN};
use crate::model::{Deployment, SecretRef};

/// The sources that are known, and what was found out about the others.
pub(super) struct Copies<'a> {
    /// By namespace and name; `None` when nobody said which Secrets there are.
    sources: Option<BTreeMap<(&'a str, &'a str), &'a Secret>>,
    typed: Option<Secret>,
    said: BTreeSet<(String, String, String)>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Copies<'a> {
    pub(super) fn new(deployment: &Deployment, secrets: Option<&'a [Secret]>) -> Self {
        let by_name = |secret: &'a Secret| ((&*secret.namespace, &*secret.name), secret);
        Self {
            sources: secrets.map(|secrets| secrets.iter().map(by_name).collect()),
            typed: typed(deployment),
            said: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    /// The Secret that holds keys which the input has as text.
    pub(super) fn typed(&self) -> Option<Value> {
        self.typed.as_ref().map(|secret| {
            let data = secret.data.iter().map(|(key, value)| (key.as_str(), value));
            manifest(&secret.namespace, &secret.name, &secret.type_, data)
        })
    }

    /// A copy of all data, as Kyverno makes it; `None` when the source is not known.
    pub(super) fn clone(
        &mut self,
        source: &SecretRef,
        namespace: &str,
        name: &str,
    ) -> Option<Value> {
        let secret = self.source(source)?;
        let data = secret.data.iter().map(|(key, value)| (key.as_str(), value));
        Some(manifest(namespace, name, &secret.type_, data))
    }

    /// A copy of the keys alone, under names that are the same everywhere.
    pub(super) fn native(&mut self, source: &SecretRef, namespace: &str) -> Option<Value> {
        let secret = self.source(source)?;
        let keys = [
            (NATIVE_ACCESS_KEY, Some(&source.access_key_key)),
            (NATIVE_SECRET_KEY, Some(&source.secret_key_key)),
            (NATIVE_SESSION_TOKEN, source.session_token_key.as_ref()),
        ];
        let data = keys
            .into_iter()
            .filter_map(|(name, key)| Some((name, secret.value(key?)?)));
        Some(manifest(
            namespace,
            NATIVE_COPY,
            bowline_core::secret::OPAQUE,
            data,
        ))
    }

    /// The source, when it is known; what is wrong with it is said once.
    fn source(&mut self, source: &SecretRef) -> Option<Secret> {
        let is_typed = |secret: &&Secret| {
            (&secret.namespace, &secret.name) == (&source.namespace, &source.name)
        };
        if let Some(secret) = self.typed.as_ref().filter(is_typed) {
            return Some(secret.clone());
        }
        let sources = self.sources.as_ref()?;
        // A manifest that names no namespace is meant for wherever it is looked for.
        let found = [&*source.namespace, ""]
            .into_iter()
            .find_map(|namespace| sources.get(&(namespace, &*source.name)).copied());
        let Some(secret) = found else {
            let message = format!(
                "Secret `{}/{}` is not among the sources, so no copy of it is made",
                source.namespace, source.name
            );
            let help = match sources.keys().find(|(_, name)| *name == source.name) {
                Some((namespace, name)) => format!(
                    "`{namespace}/{name}` is there: correct the namespace of one of the two"
                ),
                None => "create it, or correct its name".to_owned(),
            };
            self.say("source-missing", source, "", message, &help);
            return None;
        };
        for key in [&source.access_key_key, &source.secret_key_key] {
            if secret.value(key).is_none_or(Sensitive::is_empty) {
                let message = format!(
                    "Secret `{}/{}` has no value under `{key}`",
                    source.namespace, source.name
                );
                self.say(
                    "source-key-missing",
                    source,
                    key,
                    message,
                    "add it, or correct the name of the key",
                );
            }
        }
        Some(secret.clone())
    }

    fn say(
        &mut self,
        rule: &'static str,
        source: &SecretRef,
        key: &str,
        message: String,
        help: &str,
    ) {
        let about = (
            source.namespace.clone(),
            source.name.clone(),
            key.to_owned(),
        );
        if !self.said.insert(about) {
            return;
        }
        self.findings.push(Finding {
            severity: Severity::Error,
            rule,
            field: format!("{}/{}", source.namespace, source.name),
            message,
            help: help.to_owned(),
        });
    }
}

fn typed(deployment: &Deployment) -> Option<Secret> {
    let keys = deployment.typed_keys.as_ref()?;
    let source = deployment.backend.keys()?;
    let data = [
        (source.access_key_key.clone(), keys.access_key.clone()),
        (source.secret_key_key.clone(), keys.secret_key.clone()),
    ];
    Some(Secret {
        namespace: source.namespace.clone(),
        name: source.name.clone(),
        type_: bowline_core::secret::OPAQUE.to_owned(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        mistyped: Vec::new(),
        data: data.into(),
    })
}

fn manifest<'a>(
    namespace: &str,
    name: &str,
    type_: &str,
    data: impl Iterator<Item = (&'a str, &'a Sensitive)>,
) -> Value {
    let encode = |(key, value): (&str, &Sensitive)| {
        (key.to_owned(), Value::from(STANDARD.encode(value.expose())))
    };
    let data: Map<_, _> = data.map(encode).collect();
    let secret = object("v1", "Secret", namespace, name);
    with(
        with(secret, "type", json!(type_)),
        "data",
        Value::Object(data),
    )
}

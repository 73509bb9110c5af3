//! Which Secrets Kubeflow Pipelines is set up with: its server's, those of `providers` in
//! `kfp-launcher`, and those of a store's document. Only names are read; what follows from the rest is
//! left to the crate `pipelines`.

use bowline_core::manifest;
use serde_json::Value;

use super::path::FieldPath;
use super::pod::name;
use super::{Found, How};
use crate::kinds::{LAUNCHER, STORE_LABEL};

/// The key of a store's document in its ConfigMap.
pub(crate) const STORE_KEY: &str = "store.yaml";
/// The key of the stores and their keys in `kfp-launcher`.
pub(crate) const PROVIDERS: &str = "providers";
/// What stands for the name of a profile, which is its namespace.
const PROFILE: &str = "{profile_name}";

/// What a pipeline server keeps its files and its database with.
pub(super) fn server(object: &Value, found: &mut Vec<Found>) {
    const FIELDS: [&[&str]; 4] = [
        &[
            "objectStorage",
            "externalStorage",
            "s3CredentialsSecret",
            "secretName",
        ],
        &[
            "objectStorage",
            "minio",
            "s3CredentialsSecret",
            "secretName",
        ],
        &["database", "externalDB", "passwordSecret", "name"],
        &["database", "mariaDB", "passwordSecret", "name"],
    ];
    for field in FIELDS {
        let at = FieldPath::keys(&[&["spec"], field].concat());
        name(object, at, How::Pipelines, found);
    }
}

/// The Secrets that `providers` names, in any letter case, as Go reads it.
pub(super) fn launcher(object: &Value, found: &mut Vec<Found>) {
    if text(object, "/metadata/name") != LAUNCHER {
        return;
    }
    let at = FieldPath::keys(&["data", PROVIDERS]);
    for document in documents(object, &at) {
        secret_names(&document, &mut |secret| add(secret, &at, found));
    }
}

fn secret_names(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(text) if key.eq_ignore_ascii_case("secretName") => found(text),
                    _ => secret_names(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secret_names(item, found)),
        _ => {}
    }
}

/// The Secrets that a store's document names in the ConfigMap's own namespace.
pub(super) fn store(object: &Value, found: &mut Vec<Found>) {
    let (key, value) = STORE_LABEL;
    let label = FieldPath::keys(&["metadata", "labels", key]);
    if label.get(object).and_then(Value::as_str) != Some(value) {
        return;
    }
    let own = text(object, "/metadata/namespace");
    let at = FieldPath::keys(&["data", STORE_KEY]);
    for document in documents(object, &at) {
        if text(&document, "/kind") != "PipelineStore" {
            continue;
        }
        let home = Some(text(&document, "/metadata/namespace")).filter(|home| !home.is_empty());
        let home = home.unwrap_or("kubeflow");
        let template = text(&document, "/spec/auth/secretTemplate");
        let template_home = text(&document, "/spec/auth/secretNamespace");
        let mut named = vec![
            (home, text(&document, "/spec/connection").to_owned()),
            (home, text(&document, "/spec/ca/secretName").to_owned()),
        ];
        let profiles = document.pointer("/spec/profiles").and_then(Value::as_array);
        for profile in profiles.into_iter().flatten() {
            let who = text(profile, "/name");
            let or = |text: &'static str, other| match self::text(profile, text) {
                "" => other,
                own => own,
            };
            let secret = text(profile, "/secret/name").to_owned();
            named.push((or("/secret/namespace", who), secret));
            let home = match template_home {
                "" => home,
                other => other,
            };
            named.push((home, template.replace(PROFILE, who)));
        }
        for (_, secret) in named.iter().filter(|(home, _)| *home == own) {
            add(secret, &at, found);
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// The YAML documents in a text; none where it is none.
fn documents(object: &Value, at: &FieldPath) -> Vec<Value> {
    let text = at.get(object).and_then(Value::as_str).unwrap_or_default();
    manifest::parse(text.as_bytes()).unwrap_or_default()
}

/// Each Secret once, however often a text names it.
fn add(secret: &str, at: &FieldPath, found: &mut Vec<Found>) {
    if !secret.is_empty() && found.iter().all(|other| other.secret != secret) {
        found.push(Found {
            secret: secret.to_owned(),
            at: at.clone(),
            how: How::Pipelines,
        });
    }
}

//! Connections as Secret manifests; which annotations a dialect has is left to one module each.

pub(super) mod alauda;
pub(super) mod kserve;
pub(super) mod opendatahub;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::{Protocol, Secret, Sensitive, manifest, names};
use serde_json::{Map, Value, json};

use super::lost::Losses;
use super::neutral::{is_of_odahu, neutral_told};
use super::{Format, Read, ReadError, Written};
use crate::compatibility::Missing;

/// Labels and annotations that say what a conversion carries over in its own way.
const UNDERSTOOD: [&str; 12] = [
    names::PROTOCOL,
    names::TYPE_REF,
    names::LEGACY_TYPE,
    names::ALAUDA_PROTOCOL,
    names::ALAUDA_TYPE_REF,
    names::DASHBOARD_LABEL,
    names::MANAGED_LABEL,
    names::ALAUDA_DASHBOARD_LABEL,
    names::DISPLAY_NAME,
    names::DESCRIPTION,
    names::ALAUDA_DISPLAY_NAME,
    names::LAST_APPLIED,
];

/// Reads the Secrets among the objects of a manifest.
pub(super) fn read(input: &[u8]) -> Result<Read, ReadError> {
    let mut losses = Losses::default();
    let mut secrets = Vec::new();
    for object in manifest::parse(input)? {
        if object.get("kind").and_then(Value::as_str) != Some("Secret") {
            continue;
        }
        let secret = Secret::from_value(&object)?;
        tell_metadata(&secret, &mut losses);
        secrets.push(neutral_told(&secret, &mut losses));
    }
    if secrets.is_empty() {
        return Err(ReadError::Content("it holds no Secret".to_owned()));
    }
    Ok(Read {
        secrets,
        findings: losses.0,
    })
}

/// Metadata of others does not come along: it says how one cluster keeps the Secret.
fn tell_metadata(secret: &Secret, losses: &mut Losses) {
    let keys = secret.labels.keys().chain(secret.annotations.keys());
    for key in keys {
        let is_ours = UNDERSTOOD.contains(&key.as_str())
            || key.starts_with(names::KSERVE_S3_PREFIX)
            || is_of_odahu(key);
        if !is_ours {
            let why = "labels and annotations of others are not carried over";
            losses.unused(secret, key, why);
        }
    }
    if secret
        .annotation(names::KSERVE_S3_CA_BUNDLE_CONFIGMAP)
        .is_some()
    {
        let why = "the ConfigMap with the CA bundle is named by one cluster only";
        losses.ignored(&secret.name, names::KSERVE_S3_CA_BUNDLE_CONFIGMAP, why);
    }
}

/// A platform lists a connection to S3 without a place, and serves no model from it.
fn tell_incomplete(secret: &Secret, protocol: Option<Protocol>, losses: &mut Losses) {
    let places = [
        ("AWS_S3_ENDPOINT", Missing::Endpoint),
        ("AWS_S3_BUCKET", Missing::Bucket),
    ];
    for (key, missing) in places {
        let is_there = secret.value(key).is_some_and(|value| !value.is_empty());
        if protocol == Some(Protocol::S3) && !is_there {
            losses.incomplete(secret, key, missing.message());
        }
    }
}

/// The dialect of a manifest, told by the annotations in its text.
pub(super) fn dialect(text: &str) -> Format {
    if text.contains("opendatahub.io/") {
        Format::OpenDataHub
    } else if text.contains("cpaas.io/") {
        Format::Alauda
    } else {
        Format::KServe
    }
}

/// What a dialect adds to a Secret.
#[derive(Default)]
struct Dressing {
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
}

/// The manifests of Secrets, dressed one by one.
fn write(secrets: &[Secret], mut dress: impl FnMut(&Secret, &mut Losses) -> Dressing) -> Written {
    let mut losses = Losses::default();
    let objects: Vec<Value> = secrets
        .iter()
        .map(|secret| {
            let dressing = dress(secret, &mut losses);
            object(secret, dressing)
        })
        .collect();
    Written {
        text: Sensitive::new(manifest::render(&objects)),
        findings: losses.0,
    }
}

fn object(secret: &Secret, dressing: Dressing) -> Value {
    let mut metadata = Map::from_iter([("name".to_owned(), json!(secret.name))]);
    if !secret.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(secret.namespace));
    }
    let of_odahu = secret
        .annotations
        .iter()
        .filter(|(key, _)| is_of_odahu(key))
        .map(|(key, text)| (key.clone(), json!(text)));
    let mut annotations = dressing.annotations;
    annotations.extend(of_odahu);
    for (key, map) in [("labels", dressing.labels), ("annotations", annotations)] {
        if !map.is_empty() {
            metadata.insert(key.to_owned(), Value::Object(map));
        }
    }
    let mut object = Map::from_iter([
        ("apiVersion".to_owned(), json!("v1")),
        ("kind".to_owned(), json!("Secret")),
        ("metadata".to_owned(), Value::Object(metadata)),
        ("type".to_owned(), json!(secret.type_)),
    ]);
    let (texts, bytes) = split(&secret.data);
    for (key, map) in [("stringData", texts), ("data", bytes)] {
        if !map.is_empty() {
            object.insert(key.to_owned(), Value::Object(map));
        }
    }
    Value::Object(object)
}

/// Texts as they are, and everything that is no text in base64.
pub(super) fn split(
    data: &BTreeMap<String, Sensitive>,
) -> (Map<String, Value>, Map<String, Value>) {
    let (mut texts, mut bytes) = (Map::new(), Map::new());
    for (key, value) in data {
        match value.expose_str() {
            Some(text) => texts.insert(key.clone(), json!(text)),
            None => bytes.insert(key.clone(), json!(STANDARD.encode(value.expose()))),
        };
    }
    (texts, bytes)
}

/// Whether all four keys are there without which no model is served from S3.
fn is_servable_s3(secret: &Secret) -> bool {
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_S3_ENDPOINT",
        "AWS_S3_BUCKET",
    ]
    .into_iter()
    .all(|key| secret.line(key).is_some())
}

fn texts<const N: usize>(pairs: [(&str, Option<&str>); N]) -> Map<String, Value> {
    pairs
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), json!(text?))))
        .collect()
}

/// The annotations by which KServe finds an S3 service; the endpoint stands there without scheme.
fn kserve_annotations(secret: &Secret) -> Map<String, Value> {
    let endpoint = secret.line("AWS_S3_ENDPOINT").map(str::trim);
    let (scheme, host) = match endpoint.and_then(|text| text.split_once("://")) {
        Some((scheme, host)) => (Some(scheme), Some(host)),
        None => (None, endpoint),
    };
    let switch = |key: &str, on: &'static str, off: &'static str| {
        let text = secret.line(key)?.trim().to_ascii_lowercase();
        match text.as_str() {
            "true" | "1" => Some(on),
            "false" | "0" => Some(off),
            _ => None,
        }
    };
    texts([
        (
            names::KSERVE_S3_ENDPOINT,
            host.map(|host| host.trim_end_matches('/')),
        ),
        (
            names::KSERVE_S3_USE_HTTPS,
            scheme.map(|scheme| if scheme == "http" { "0" } else { "1" }),
        ),
        (names::KSERVE_S3_REGION, secret.line("AWS_DEFAULT_REGION")),
        (
            names::KSERVE_S3_VERIFY_SSL,
            switch("AWS_S3_VERIFY_SSL", "1", "0"),
        ),
        (
            names::KSERVE_S3_VIRTUAL_BUCKET,
            switch("AWS_S3_USE_PATH_STYLE", "false", "true"),
        ),
        (
            names::KSERVE_S3_ANONYMOUS,
            switch("awsAnonymousCredential", "true", "false"),
        ),
    ])
}

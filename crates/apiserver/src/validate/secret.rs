//! Rules about Secrets and ConfigMaps: keys, sizes, what a type requires, what may not change.
//! Values are never shown. Merging `stringData` is done before, by the kind's preparation.

use super::{FINDINGS_LIMIT, FieldError, base64, names};
use crate::object;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::HashMap;

const SIZE_LIMIT: usize = 1024 * 1024;

/// Everything wrong with a Secret, `old` being its state before.
pub(crate) fn check_secret(secret: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let data = secret.get("data").and_then(Value::as_object);
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in data.into_iter().flatten() {
        check_key("data", key, &mut errors);
        size += value.as_str().map_or(0, decoded_len);
    }
    if size > SIZE_LIMIT {
        errors.push(FieldError::too_long("data", SIZE_LIMIT));
    }
    check_type(secret, data.unwrap_or(&Map::new()), &mut errors);
    if let Some(old) = old {
        if object::text(old, "/type") != object::text(secret, "/type") {
            let kind = object::text(secret, "/type").unwrap_or_default();
            errors.push(FieldError::invalid("type", kind, "field is immutable"));
        }
        check_immutable(secret, old, &["data"], &mut errors);
    }
    errors
}

/// Everything wrong with a ConfigMap, `old` being its state before.
pub(crate) fn check_config_map(map: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let members = |member: &str| map.get(member).and_then(Value::as_object);
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in members("data").into_iter().flatten() {
        check_key("data", key, &mut errors);
        size += value.as_str().map_or(0, str::len);
        if members("binaryData").is_some_and(|binary| binary.contains_key(key)) {
            errors.push(FieldError::invalid(
                format!("data[{key}]"),
                key.as_str(),
                "duplicate of key present in binaryData",
            ));
        }
    }
    for (key, value) in members("binaryData").into_iter().flatten() {
        check_key("binaryData", key, &mut errors);
        size += value.as_str().map_or(0, decoded_len);
    }
    if size > SIZE_LIMIT {
        errors.push(FieldError::too_long("[]", SIZE_LIMIT));
    }
    if let Some(old) = old {
        check_immutable(map, old, &["data", "binaryData"], &mut errors);
    }
    errors
}

fn check_key(member: &str, key: &str, errors: &mut Vec<FieldError>) {
    if errors.len() >= FINDINGS_LIMIT {
        return;
    }
    let field = format!("{member}[{key}]");
    errors.extend(
        names::config_key(key)
            .into_iter()
            .map(|why| FieldError::invalid(field.as_str(), key, why)),
    );
}

/// What the types that Kubernetes knows require of the data.
fn check_type(secret: &Value, data: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let mut require = |key: &str| {
        if !data.contains_key(key) {
            errors.push(FieldError::required(format!("data[{key}]"), ""));
        }
    };
    match object::text(secret, "/type").unwrap_or_default() {
        "kubernetes.io/tls" => ["tls.crt", "tls.key"].into_iter().for_each(require),
        "kubernetes.io/ssh-auth" => require("ssh-privatekey"),
        "kubernetes.io/basic-auth"
            if !data.contains_key("username") && !data.contains_key("password") =>
        {
            ["username", "password"].into_iter().for_each(require);
        }
        "kubernetes.io/dockerconfigjson" => check_docker(data, ".dockerconfigjson", errors),
        "kubernetes.io/dockercfg" => check_docker(data, ".dockercfg", errors),
        "kubernetes.io/service-account-token"
            if object::text(
                secret,
                "/metadata/annotations/kubernetes.io~1service-account.name",
            )
            .is_none() =>
        {
            errors.push(FieldError::required(
                "metadata.annotations[kubernetes.io/service-account.name]",
                "",
            ));
        }
        _ => {}
    }
}

fn check_docker(data: &Map<String, Value>, key: &str, errors: &mut Vec<FieldError>) {
    let field = format!("data[{key}]");
    let Some(value) = data.get(key).and_then(Value::as_str) else {
        errors.push(FieldError::required(field, ""));
        return;
    };
    let is_json_object = base64::decode(value)
        .is_some_and(|bytes| serde_json::from_slice::<HashMap<String, IgnoredAny>>(&bytes).is_ok());
    if !is_json_object {
        errors.push(FieldError::invalid_secret(field, "must be a JSON object"));
    }
}

fn check_immutable(object: &Value, old: &Value, members: &[&str], errors: &mut Vec<FieldError>) {
    if old.get("immutable") != Some(&Value::Bool(true)) {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if object.get("immutable") != Some(&Value::Bool(true)) {
        errors.push(FieldError::forbidden("immutable", why));
    }
    for member in members {
        if object.get(member) != old.get(member) {
            errors.push(FieldError::forbidden(*member, why));
        }
    }
}

fn decoded_len(encoded: &str) -> usize {
    let padding = encoded.bytes().rev().take_while(|c| *c == b'=').count();
    (encoded.len() / 4 * 3).saturating_sub(padding)
}

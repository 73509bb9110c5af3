//! Rules about the volumes of a pod, each from one source, and about where containers mount them.

use super::environment::{check_field, check_resource};
use super::{FieldErrors, check_name, invalid, required_text};
use crate::object;
use crate::schema::list;
use crate::validate::FieldError;
use crate::validate::values::{self, Row, Rule};
use serde_json::Value;
use std::collections::HashSet;

const HOST_PATHS: &[Row] = &[(
    "type",
    Rule::OneOf(&[
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ]),
)];
const DEFAULT_MODE: &[Row] = &[("defaultMode", Rule::FileMode)];
const MODE: &[Row] = &[("mode", Rule::FileMode)];
const PROPAGATION: &[Row] = &[(
    "mountPropagation",
    Rule::OneOf(&["Bidirectional", "HostToContainer", "None"]),
)];
/// What files can tell of their pod.
const FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];
/// Every source, in the order in which Kubernetes looks at them.
const SOURCES: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];
const SHORTEST_TOKEN: i64 = 10 * 60;

/// Everything wrong with the volumes of a pod.
pub(super) fn check(spec: &Value, field: &str, errors: &mut FieldErrors) {
    let mut seen = HashSet::new();
    for (index, volume) in list(spec, "volumes").enumerate() {
        let field = format!("{field}.volumes[{index}]");
        let mut sources = SOURCES.iter().filter(|name| volume.get(**name).is_some());
        if let Some(name) = sources.next() {
            check_source(name, &volume[*name], &format!("{field}.{name}"), errors);
        }
        errors.extend(sources.map(|name| {
            let why = "may not specify more than 1 volume type";
            FieldError::forbidden(format!("{field}.{name}"), why)
        }));
        check_name(volume, &field, &mut seen, errors);
    }
}

fn check_source(name: &str, source: &Value, field: &str, errors: &mut FieldErrors) {
    let mut required = |member: &str| {
        let field = format!("{field}.{member}");
        required_text(source, member, &field, errors)
    };
    match name {
        "secret" => {
            required("secretName");
            check_files(source, field, errors);
        }
        "configMap" => {
            required("name");
            check_files(source, field, errors);
        }
        "persistentVolumeClaim" => drop(required("claimName")),
        "csi" => drop(required("driver")),
        "gitRepo" => drop(required("repository")),
        "nfs" => {
            required("server");
            let path = required("path").unwrap_or_default();
            if !path.starts_with('/') {
                let why = "must be an absolute path";
                errors.push(FieldError::invalid(format!("{field}.path"), path, why));
            }
        }
        "hostPath" => {
            if let Some(path) = required("path") {
                errors.extend(steps_back(&format!("{field}.path"), path));
            }
            values::check(source, field, HOST_PATHS, errors);
        }
        "downwardAPI" => {
            values::check(source, field, DEFAULT_MODE, errors);
            check_downward(source, field, errors);
        }
        "projected" => check_projected(source, field, errors),
        _ => {}
    }
}

fn check_files(source: &Value, field: &str, errors: &mut FieldErrors) {
    values::check(source, field, DEFAULT_MODE, errors);
    check_items(source, field, errors);
}

/// Which keys become which files.
fn check_items(source: &Value, field: &str, errors: &mut FieldErrors) {
    for (index, item) in list(source, "items").enumerate() {
        let field = format!("{field}.items[{index}]");
        required_text(item, "key", &format!("{field}.key"), errors);
        let path = format!("{field}.path");
        if let Some(text) = required_text(item, "path", &path, errors) {
            errors.extend(outside(&path, text));
        }
        values::check(item, &field, MODE, errors);
    }
}

/// Files about the pod itself; Kubernetes tells of all of them at the volume.
fn check_downward(source: &Value, field: &str, errors: &mut FieldErrors) {
    for item in list(source, "items") {
        let path = format!("{field}.path");
        if let Some(text) = required_text(item, "path", &path, errors) {
            errors.extend(outside(&path, text));
        }
        match (item.get("fieldRef"), item.get("resourceFieldRef")) {
            (Some(_), Some(_)) => {
                let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(field, "resource", why));
            }
            (Some(selector), None) => {
                check_field(selector, FIELDS, &format!("{field}.fieldRef"), errors);
            }
            (None, Some(selector)) => {
                check_resource(selector, true, &format!("{field}.resourceFieldRef"), errors);
            }
            (None, None) => {
                let why = "one of fieldRef and resourceFieldRef is required";
                errors.push(FieldError::required(field, why));
            }
        }
        values::check(item, field, MODE, errors);
    }
}

/// Several sources in one folder, where each file can stand once.
fn check_projected(volume: &Value, field: &str, errors: &mut FieldErrors) {
    values::check(volume, field, DEFAULT_MODE, errors);
    let mut paths = HashSet::new();
    for (index, source) in list(volume, "sources").enumerate() {
        let at = format!("{field}.sources[{index}]");
        for kind in ["secret", "configMap"] {
            let Some(part) = source.get(kind) else {
                continue;
            };
            let at = format!("{at}.{kind}");
            let name = required_text(part, "name", &format!("{at}.name"), errors);
            check_items(part, &at, errors);
            for item in list(part, "items") {
                let path = object::text(item, "/path").unwrap_or_default();
                if !path.is_empty() && !paths.insert(path) {
                    let why = "conflicting duplicate paths";
                    let name = name.unwrap_or_default();
                    errors.push(FieldError::invalid(field, name, why));
                }
            }
        }
        if let Some(part) = source.get("downwardAPI") {
            check_downward(part, &format!("{at}.downwardAPI"), errors);
        }
        if let Some(token) = source.get("serviceAccountToken") {
            check_token(token, &format!("{at}.serviceAccountToken"), errors);
        }
        if source.as_object().is_some_and(|kinds| kinds.len() > 1) {
            let why = "may not specify more than 1 volume type per source";
            errors.push(FieldError::forbidden(at, why));
        }
    }
}

fn check_token(token: &Value, field: &str, errors: &mut FieldErrors) {
    let seconds = token.get("expirationSeconds").and_then(Value::as_i64);
    if let Some(seconds) = seconds.filter(|seconds| *seconds < SHORTEST_TOKEN) {
        let field = format!("{field}.expirationSeconds");
        let why = "may not specify a duration less than 10 minutes";
        errors.push(FieldError::invalid(field, seconds, why));
    }
    let path = format!("{field}.path");
    if let Some(text) = required_text(token, "path", &path, errors) {
        errors.extend(outside(&path, text));
    }
}

/// What a container mounts is a volume of its pod, each place is used once, and a part of a volume
/// stays in it.
pub(super) fn check_mounts(
    container: &Value,
    field: &str,
    volumes: &HashSet<&str>,
    errors: &mut FieldErrors,
) {
    let mut places = HashSet::new();
    for (index, mount) in list(container, "volumeMounts").enumerate() {
        // Kubernetes tells of parts without saying which mount they are of.
        let all = format!("{field}.volumeMounts");
        let field = format!("{all}[{index}]");
        let text = |member: &str| object::text(mount, member).unwrap_or_default();
        let name = required_text(mount, "name", &format!("{field}.name"), errors);
        let place = required_text(mount, "mountPath", &format!("{field}.mountPath"), errors);
        let name = name.unwrap_or_default();
        if !volumes.contains(name) {
            errors.push(FieldError::not_found(format!("{field}.name"), name));
        }
        if let Some(place) = place.filter(|place| !places.insert(*place)) {
            let field = format!("{field}.mountPath");
            errors.push(FieldError::invalid(field, place, "must be unique"));
        }
        let (part, expression) = (text("/subPath"), text("/subPathExpr"));
        if !part.is_empty() {
            errors.extend(not_below(&format!("{all}.subPath"), part));
        }
        if !part.is_empty() && !expression.is_empty() {
            let why = "subPathExpr and subPath are mutually exclusive";
            let field = format!("{field}.subPathExpr");
            errors.push(FieldError::invalid(field, expression, why));
        }
        errors.extend(not_below(&format!("{all}.subPathExpr"), expression));
        values::check(mount, &all, PROPAGATION, errors);
    }
}

/// What leads out of a folder.
fn not_below(field: &str, path: &str) -> Vec<FieldError> {
    let found = path
        .starts_with('/')
        .then(|| "must be a relative path".to_owned());
    let mut errors = invalid(field, path, found);
    errors.extend(steps_back(field, path));
    errors
}

/// What leads out of a folder, or to what the kubelet itself keeps there.
fn outside(field: &str, path: &str) -> Vec<FieldError> {
    let mut errors = not_below(field, path);
    if path.starts_with("..") && !path.starts_with("../") {
        errors.push(FieldError::invalid(field, path, "must not start with '..'"));
    }
    errors
}

fn steps_back(field: &str, path: &str) -> Option<FieldError> {
    let why = "must not contain '..'";
    let is_back = path.split('/').any(|part| part == "..");
    is_back.then(|| FieldError::invalid(field, path, why))
}

//! Which Secrets a pod specification uses, and where: variables, volumes and pull secrets. Where
//! pod specifications sit is left to `places`.

use serde_json::Value;

use super::path::FieldPath;
use super::{Found, How};

/// Fields of a pod specification that hold containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// Sorts of volume that hand a Secret to their driver, and the field that names it.
const DRIVERS: [(&str, &[&str]); 8] = [
    ("csi", &["nodePublishSecretRef", "name"]),
    ("azureFile", &["secretName"]),
    ("cephfs", &["secretRef", "name"]),
    ("flexVolume", &["secretRef", "name"]),
    ("iscsi", &["secretRef", "name"]),
    ("rbd", &["secretRef", "name"]),
    ("scaleIO", &["secretRef", "name"]),
    ("storageos", &["secretRef", "name"]),
];

/// Collects what the pod specification at a path uses.
pub(super) fn collect(object: &Value, at: &FieldPath, found: &mut Vec<Found>) {
    for list in CONTAINERS {
        each(object, &at.key(list), |item| container(object, item, found));
    }
    each(object, &at.key("volumes"), |item| {
        volume(object, item, found)
    });
    pull_secrets(object, at, found);
}

/// Collects the `imagePullSecrets` of whatever sits at a path.
pub(super) fn pull_secrets(object: &Value, at: &FieldPath, found: &mut Vec<Found>) {
    each(object, &at.key("imagePullSecrets"), |item| {
        name(object, item.key("name"), How::PullSecret, found);
    });
}

/// Collects what the variables of the container at a path come from.
pub(super) fn container(object: &Value, at: &FieldPath, found: &mut Vec<Found>) {
    each(object, &at.key("envFrom"), |item| {
        name(
            object,
            item.key("secretRef").key("name"),
            How::EnvFrom,
            found,
        );
    });
    each(object, &at.key("env"), |item| {
        let source = item.key("valueFrom").key("secretKeyRef");
        name(object, source.key("name"), How::Env, found);
    });
}

fn volume(object: &Value, at: &FieldPath, found: &mut Vec<Found>) {
    let mut add = |path| name(object, path, How::Volume, found);
    add(at.key("secret").key("secretName"));
    each(object, &at.key("projected").key("sources"), |source| {
        add(source.key("secret").key("name"));
    });
    for (driver, field) in DRIVERS {
        let start = at.key(driver);
        add(field.iter().fold(start, |path, key| path.key(key)));
    }
}

/// Calls `visit` with the path of each item of the list at a path.
pub(super) fn each(object: &Value, list: &FieldPath, mut visit: impl FnMut(&FieldPath)) {
    let count = list
        .get(object)
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    (0..count).for_each(|index| visit(&list.index(index)));
}

/// Adds the Secret that the text at a path names, if there is one.
pub(super) fn name(object: &Value, at: FieldPath, how: How, found: &mut Vec<Found>) {
    let text = at.get(object).and_then(Value::as_str).unwrap_or_default();
    if !text.is_empty() {
        found.push(Found {
            secret: text.to_owned(),
            at,
            how,
        });
    }
}

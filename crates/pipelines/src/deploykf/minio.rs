//! What deployKF refuses about its embedded MinIO.

use std::collections::BTreeSet;

use bowline_core::Severity;

use crate::finding::Rule;
use crate::reading::{Reader, View};

const ROOT_SECRET: Rule = Rule::refusal("minio-root-secret");
const UNNAMED: Rule = Rule::refusal("minio-unnamed");
const TWICE: Rule = Rule::refusal("minio-twice");
const KEY_LENGTH: Rule = Rule::silent("minio-key-length", Severity::Error);

pub(super) fn check(reader: &mut Reader<'_>, minio: &View<'_>) {
    let root = minio.child("rootUser");
    let generate = root.child("generateSecret");
    let existing = root.child("existingSecret");
    if reader.truth(&generate, false) && !existing.is_truthy() {
        let message = format!(
            "`{}` must be non-empty if `{}` is true",
            existing.path, generate.path
        );
        reader.report(ROOT_SECRET, &generate, message, "name the Secret to make");
    }
    unique(
        reader,
        &root.child("serviceAccounts"),
        "existingSecret",
        false,
    );
    unique(reader, &minio.child("buckets"), "name", true);
    unique(reader, &minio.child("policies"), "name", true);
    lengths(reader, &root.child("serviceAccounts"));
}

/// Elements of a list that must differ in one of their members, and may have to have it.
fn unique(reader: &mut Reader<'_>, list: &View<'_>, key: &str, is_needed: bool) {
    let mut seen = BTreeSet::new();
    for (index, item) in reader.items(list).into_iter().enumerate() {
        let view = item.child(key);
        let name = reader.text(&view, "");
        let generates = item.child("generateSecret").is_truthy();
        if name.is_empty() {
            if is_needed || generates {
                let message = format!(
                    "elements of `{}` must have non-empty `{key}`, but element {index} does not",
                    list.path
                );
                reader.report(UNNAMED, &view, message, format!("set `{key}`"));
            }
        } else if !seen.insert(name.clone()) {
            let message = format!(
                "elements of `{}` must have unique `{key}`, but '{name}' appears more than once",
                list.path
            );
            reader.report(TWICE, &view, message, "remove one, or rename it");
        }
    }
}

/// MinIO's own limits, which only its job would hit.
fn lengths(reader: &mut Reader<'_>, list: &View<'_>) {
    for item in reader.items(list) {
        for (key, least, most) in [("accessKey", 3, 20), ("secretKey", 8, 40)] {
            let view = item.child(key);
            let length = reader.text(&view, "").chars().count();
            if length > 0 && !(least..=most).contains(&length) {
                let message = format!("`{}` must have {least} to {most} characters", view.path);
                reader.report(KEY_LENGTH, &view, message, "choose another key");
            }
        }
    }
}

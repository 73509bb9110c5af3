//! Labels and annotations that follow from type and values: they change with what they follow from,
//! as far as they were as they would have been written. What a person set otherwise stays.

use std::collections::BTreeMap;

use bowline_core::{Secret, names, storage_config};

use super::{Changes, Edited, Subject};
use crate::draft::marks as marks_of;
use crate::keys;
use crate::values::Stored;

/// The marks of type and protocol. With another type they are written as for a new connection.
pub(super) fn marks(subject: Subject<'_>, wanted: &Stored, edited: &mut Edited) {
    let secret = subject.secret;
    let mut before = marks_of(subject.type_, &secret.data);
    let after = marks_of(subject.other_type.or(subject.type_), wanted);
    if subject.other_type.is_some() {
        // Whatever says what it was: stale marks would contradict the new ones.
        for key in [
            names::PROTOCOL,
            names::ALAUDA_PROTOCOL,
            names::LEGACY_TYPE,
            names::TYPE_REF,
            names::ALAUDA_TYPE_REF,
            keys::TYPE_REVISION,
        ] {
            match secret.annotations.get(key) {
                Some(value) => before.annotations.insert(key.to_owned(), value.clone()),
                None => before.annotations.remove(key),
            };
        }
        for key in after.labels.keys() {
            match secret.labels.get(key) {
                Some(value) => before.labels.insert(key.clone(), value.clone()),
                None => before.labels.remove(key),
            };
        }
    } else if !edited.data.is_empty() && secret.annotations.contains_key(keys::TYPE_REVISION) {
        // The values have just been checked against the type as it is now.
        let revision = secret.annotations.get(keys::TYPE_REVISION).cloned();
        before
            .annotations
            .extend(revision.map(|text| (keys::TYPE_REVISION.to_owned(), text)));
    }
    follow(
        &secret.labels,
        &before.labels,
        &after.labels,
        &mut edited.labels,
    );
    follow(
        &secret.annotations,
        &before.annotations,
        &after.annotations,
        &mut edited.annotations,
    );
}

/// KServe's annotations: those that Bowline wrote are core's to keep, and those that somebody else
/// wrote as Bowline would have follow as well.
pub(super) fn kserve(secret: &Secret, wanted: &Stored, edited: &mut Edited) {
    let after = applied(secret, edited);
    let has_bundle = secret
        .annotations
        .contains_key(names::KSERVE_S3_CA_BUNDLE_CONFIGMAP);
    let kept = storage_config::annotations(&after, has_bundle);
    let before = derived(secret, &secret.data, has_bundle);
    let derived = derived(&after, wanted, has_bundle);
    let mut changes = Changes::new();
    follow(&secret.annotations, &before, &derived, &mut changes);
    changes.remove(names::KSERVE_WRITTEN);
    // An endpoint without its scheme leads somewhere else.
    if changes.contains_key(names::KSERVE_S3_ENDPOINT) {
        let is_https = derived.get(names::KSERVE_S3_USE_HTTPS);
        if secret.annotations.get(names::KSERVE_S3_USE_HTTPS) != is_https {
            changes.insert(names::KSERVE_S3_USE_HTTPS.to_owned(), is_https.cloned());
        }
    }
    changes.extend(kept);
    edited.annotations.extend(changes);
}

/// What KServe's annotations would be had nobody written any yet.
fn derived(secret: &Secret, data: &Stored, has_bundle: bool) -> BTreeMap<String, String> {
    let mut bare = Secret {
        data: data.clone(),
        ..secret.clone()
    };
    bare.annotations
        .retain(|key, _| !key.starts_with(names::KSERVE_S3_PREFIX) && key != names::KSERVE_WRITTEN);
    let annotations = storage_config::annotations(&bare, has_bundle).into_iter();
    annotations
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

/// Changes what is stored as it was to be before, to what it is to be now.
fn follow(
    stored: &BTreeMap<String, String>,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    changes: &mut Changes<String>,
) {
    for key in before.keys().chain(after.keys()) {
        let (was, is) = (before.get(key), after.get(key));
        if was != is && stored.get(key) == was {
            changes.insert(key.clone(), is.cloned());
        }
    }
}

/// The Secret as it will be.
pub(super) fn applied(secret: &Secret, edited: &Edited) -> Secret {
    let mut secret = secret.clone();
    apply(&mut secret.labels, &edited.labels);
    apply(&mut secret.annotations, &edited.annotations);
    apply(&mut secret.data, &edited.data);
    secret
}

fn apply<T: Clone>(map: &mut BTreeMap<String, T>, changes: &Changes<T>) {
    for (key, value) in changes {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}

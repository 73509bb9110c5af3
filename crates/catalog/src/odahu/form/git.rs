//! Git connections: an SSH login as Kubernetes knows it, or user and password for HTTPS.

use bowline_core::{Connection, Sensitive, names};

use super::super::record::{Member, Spec};
use super::{Form, text};

/// Kubernetes insists on this key in Secrets of the type, so it stays when the value goes.
pub(in super::super) const SSH_KEY: &str = "ssh-privatekey";
const KEYS: [(Member, &str); 6] = [
    (Member::Uri, "GIT_URL"),
    (Member::Username, "GIT_USERNAME"),
    (Member::Password, "GIT_PASSWORD"),
    (Member::KeySecret, SSH_KEY),
    (Member::PublicKey, "known_hosts"),
    (Member::Reference, "GIT_REF"),
];

pub(super) fn write(spec: &Spec, form: &mut Form) {
    form.annotate(names::TYPE_REF, "git");
    form.put(SSH_KEY, Some(&Sensitive::from("")));
    for (member, key) in KEYS {
        form.put(key, spec.get(member));
    }
}

pub(super) fn read(connection: &Connection, spec: Spec) -> Spec {
    KEYS.into_iter().fold(spec, |spec, (member, key)| {
        let value = connection.secret.value(key);
        let value = if member.is_encoded() {
            value
        } else {
            text(value)
        };
        spec.with(member, value)
    })
}

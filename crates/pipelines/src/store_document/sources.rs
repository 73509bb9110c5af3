//! What a document says about copies of Secrets, and nothing else: whoever copies needs neither the
//! store's address nor the values of its connection.

use std::collections::BTreeMap;

use super::auth::Auth;
use super::connection::Place;
use super::{KIND, KNOWN, NONE, others, profiles, version};
use crate::copies::Sources;
use crate::finding::{Located, Rule};
use crate::input::InputFile;
use crate::model::{Credentials, SecretRef};
use crate::reading::{Reader, View};
use crate::tree::Node;

const NAME: Rule = Rule::refusal("name");
/// Names are put into commands that people are told to run, so what is no name is not let in.
const LONGEST: usize = 253;

/// Reads the first `PipelineStore` of a file.
///
/// # Errors
/// With everything that refuses it.
pub fn sources(file: InputFile<'_>) -> Result<Sources, Vec<Located>> {
    let names = [file.name];
    let mut reader = Reader::new(&names);
    let documents = Node::documents(0, file.text).unwrap_or_else(|error| {
        reader.unreadable(file.name, &error);
        Vec::new()
    });
    let found = documents.iter().find(|node| node.is_kind(KIND));
    let sources = match found {
        Some(node) => Some(read(&mut reader, &View::root(node))),
        None if reader.findings.is_empty() => {
            let root = Node::nothing();
            let message = "there is no PipelineStore in the file";
            reader.report(
                NONE,
                &View::root(&root),
                message,
                "name the file that holds one",
            );
            None
        }
        None => None,
    };
    let mut refusals = reader.findings;
    refusals.retain(|found| found.is_refused);
    match sources {
        Some(sources) if refusals.is_empty() => Ok(sources),
        _ => Err(refusals),
    }
}

fn read(reader: &mut Reader<'_>, root: &View<'_>) -> Sources {
    KNOWN.check(reader, root);
    version(reader, root);
    let spec = root.child("spec");
    let namespace = reader.text_or(&root.at("metadata.namespace"), "kubeflow");
    // A claim's Secret has the name of the claim.
    let claim = reader.text(&spec.child("claim"), "");
    let name = reader.text_or(&spec.child("connection"), &claim);
    let auth = Auth::read(reader, &spec, &Place::of_secret(namespace, name));
    let others = others(reader, &spec, &auth);
    let kubeflow = reader.text_or(&spec.at("namespaces.kubeflow"), "kubeflow");
    let argo = reader.text_or(&spec.at("namespaces.argo"), &kubeflow);
    let backend = auth.backend();
    for shared in [&kubeflow, &argo] {
        check(reader, &spec.child("namespaces"), Some(shared), None);
    }
    check(reader, &spec.child("connection"), None, Some(&backend));
    let listed: BTreeMap<_, _> = profiles(reader, &spec, &auth)
        .into_iter()
        .map(|profile| (profile.name, profile.credentials))
        .collect();
    let list = spec.child("profiles");
    for (profile, credentials) in &listed {
        check(reader, &list, Some(profile), Some(credentials));
    }
    let any = others.as_ref().map(|others| others.of_profile("a"));
    check(reader, &spec.child("auth"), None, any.as_ref());
    Sources {
        shared: [kubeflow, argo].into(),
        backend,
        listed,
        others,
    }
}

/// Refuses what is no name of an object, or of a key.
fn check(
    reader: &mut Reader<'_>,
    view: &View<'_>,
    namespace: Option<&String>,
    credentials: Option<&Credentials>,
) {
    let secret = credentials.and_then(Credentials::keys);
    let names = |secret: &SecretRef| [secret.namespace.clone(), secret.name.clone()];
    let keys = |secret: &SecretRef| {
        let keys = [&secret.access_key_key, &secret.secret_key_key];
        keys.into_iter()
            .chain(&secret.session_token_key)
            .cloned()
            .collect::<Vec<_>>()
    };
    let objects = secret.into_iter().flat_map(names).chain(namespace.cloned());
    let bad = objects
        .filter(|name| !is_name(name))
        .chain(secret.into_iter().flat_map(keys).filter(|key| !is_key(key)));
    for name in bad.collect::<Vec<_>>() {
        let message = format!("`{}` holds {name:?}, which is no name", view.path);
        let help = "write the name of an object, or of a key in a Secret";
        reader.report(NAME, view, message, help);
    }
}

fn is_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (1..=LONGEST).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| is_inner(*byte) || b"-.".contains(byte))
        && [bytes.first(), bytes.last()]
            .into_iter()
            .flatten()
            .all(|byte| is_inner(*byte))
}

fn is_key(key: &str) -> bool {
    (1..=LONGEST).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

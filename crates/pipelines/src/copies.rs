//! Which namespace gets a copy of which Secret, decided from a store's document and from what a cluster
//! says of its namespaces and Secrets: those of profiles, and those of the parts that profiles share. Fetching, and carrying out what is decided, is left to the
//! operator.

mod standing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bowline_core::ownership::Owner;
use bowline_core::{Secret, Sensitive};

use crate::model::{Credentials, Deployment, SecretRef};
use crate::render::{
    NATIVE_ACCESS_KEY, NATIVE_COPY, NATIVE_SECRET_KEY, NATIVE_SESSION_TOKEN, OWNED,
};

pub use standing::{Controller, Standing};

/// The label by which a ConfigMap says that it holds a store's document.
pub const STORE: (&str, &str) = ("bowline.dev/pipelines", "store");
/// The key of the document in it.
pub const STORE_KEY: &str = "store.yaml";
/// The label by which a namespace opts in.
pub const OPTED_IN: (&str, &str) = ("bowline.dev/pipelines", "enabled");
/// The label of a copy that the operator keeps.
pub const COPY: (&str, &str) = ("bowline.dev/pipelines", "copy");
/// The annotation by which a Secret agrees to be copied.
pub const SOURCE: (&str, &str) = ("bowline.dev/pipelines-source", "true");
/// The annotation of a copy that names its source.
pub const COPIED_FROM: &str = "bowline.dev/copied-from";
/// The annotation of a copy that says which version of its source it was made from.
pub const COPIED_VERSION: &str = "bowline.dev/copied-version";
/// The ConfigMap that says how each profile stands.
pub const STATUS: &str = "pipelines-object-store-status";

/// Whose keys go where, as a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The namespaces of the parts that all profiles share.
    pub shared: BTreeSet<String>,
    /// How these sign in.
    pub backend: Credentials,
    /// How each listed profile signs in.
    pub listed: BTreeMap<String, Credentials>,
    /// How all others do, with `{profile_name}` in the place of theirs; `None` where only the listed
    /// are served.
    pub others: Option<Credentials>,
}

impl From<&Deployment> for Sources {
    fn from(deployment: &Deployment) -> Self {
        let profiles = deployment.profiles.iter();
        let namespaces = &deployment.namespaces;
        Self {
            shared: [namespaces.kubeflow.clone(), namespaces.argo.clone()].into(),
            backend: deployment.backend.clone(),
            listed: profiles
                .map(|one| (one.name.clone(), one.credentials.clone()))
                .collect(),
            others: deployment.others.clone(),
        }
    }
}

impl Sources {
    /// How what is in a namespace signs in; `None` where nobody serves it.
    pub fn of(&self, namespace: &str) -> Option<Credentials> {
        match self.listed.get(namespace) {
            Some(credentials) => Some(credentials.clone()),
            None if self.shared.contains(namespace) => Some(self.backend.clone()),
            None => Some(self.others.as_ref()?.of_profile(namespace)),
        }
    }

    /// The namespaces that the document names.
    pub fn named(&self) -> impl Iterator<Item = &String> {
        self.listed.keys().chain(&self.shared)
    }

    /// Whether it names this one.
    pub fn is_named(&self, namespace: &str) -> bool {
        self.listed.contains_key(namespace) || self.shared.contains(namespace)
    }
}

/// What is to be kept in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// No copy, and there is nothing to say.
    Nothing,
    /// No copy, and people should know why.
    Told(Status),
    /// The keys of this Secret, if it agrees.
    Copy(SecretRef),
}

/// How a profile stands, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It has a copy of this Secret's keys.
    Copied(String),
    /// Something that is needed is not there.
    Missing(String),
    /// Something says no.
    Refused(String),
}

impl Status {
    /// Whether a Secret, or a key in it, is what is missing.
    pub fn is_source_missing(text: &str) -> bool {
        text.starts_with("missing: Secret ")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copied(source) => write!(f, "copied from {source}"),
            Self::Missing(what) => write!(f, "missing: {what}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// What is to be kept in a namespace, by the document and by how namespaces stand; `None` is one that
/// is not there.
pub fn decide(
    sources: &Sources,
    name: &str,
    standing: impl Fn(&str) -> Option<Standing>,
) -> Decision {
    let here = standing(name);
    let is_wanted = here.is_some_and(Standing::is_opted_in) || sources.is_named(name);
    let source = match sources.of(name) {
        Some(Credentials::Keys(source)) if is_wanted => source,
        // It opted in, and nobody would tell it that this is not enough.
        None if here.is_some_and(|here| here.is_opted_in() && here.is_profile()) => {
            return Decision::Told(Status::Refused(format!(
                "the store serves listed profiles only; add `{name}` to its `profiles`"
            )));
        }
        _ => return Decision::Nothing,
    };
    // Who stores the document says which namespaces the shared parts are in.
    let is_shared = sources.shared.contains(name);
    let fits = receives(name, here, is_shared).and_then(|()| gives(&source, name, standing));
    match fits {
        Ok(()) => Decision::Copy(source),
        Err(status) => Decision::Told(status),
    }
}

/// Whether a namespace may be given keys.
fn receives(name: &str, here: Option<Standing>, is_shared: bool) -> Result<(), Status> {
    let Some(here) = here else {
        let what = match is_shared {
            true => "it".to_owned(),
            false => format!("the Profile `{name}`"),
        };
        return Err(Status::Missing(format!(
            "namespace `{name}` is not there; create {what}"
        )));
    };
    if !is_shared && !here.is_profile() {
        return Err(Status::Refused(format!(
            "namespace `{name}` is no profile's: it has no Profile `{name}` as its controller, or lacks the \
             label `{}`; copies go to profiles only",
            standing::PROFILE_LABEL.0
        )));
    }
    let (label, value) = OPTED_IN;
    let who = if is_shared { "namespace" } else { "profile" };
    match here.is_opted_in() {
        true => Ok(()),
        false => Err(Status::Refused(format!(
            "the {who} has not opted in; `kubectl label namespace {name} {label}={value}`"
        ))),
    }
}

/// Whether a source is one that a namespace may be given, by where it is.
fn gives(
    source: &SecretRef,
    name: &str,
    standing: impl Fn(&str) -> Option<Standing>,
) -> Result<(), Status> {
    if source.namespace == name {
        return match source.name == NATIVE_COPY {
            // Keys that change places would be written without end.
            true => Err(Status::Refused(format!(
                "{} is the copy itself; name another Secret in the store",
                named(source)
            ))),
            false => Ok(()),
        };
    }
    match standing(&source.namespace).is_some_and(Standing::is_somebodys) {
        true => Err(Status::Refused(format!(
            "{} belongs to another profile; put the keys into a Secret of a namespace that is no profile's",
            named(source)
        ))),
        false => Ok(()),
    }
}

fn named(source: &SecretRef) -> String {
    format!("Secret `{}/{}`", source.namespace, source.name)
}

/// What a source that is not there means.
pub fn missing(source: &SecretRef) -> Status {
    Status::Missing(format!("{} is not there; create it", named(source)))
}

/// Whether a source agrees to be copied, by its annotations.
///
/// # Errors
/// When it does not: who may write a document must not thereby reach every Secret.
pub fn agrees(source: &SecretRef, annotations: &BTreeMap<String, String>) -> Result<(), Status> {
    let (annotation, value) = SOURCE;
    if annotations
        .get(annotation)
        .is_some_and(|text| text == value)
    {
        return Ok(());
    }
    Err(Status::Refused(format!(
        "{} does not agree to be copied; `kubectl annotate secret {} -n {} {annotation}={value}`",
        named(source),
        source.name,
        source.namespace
    )))
}

/// What a copy holds: these keys and no others.
pub type Keys = BTreeMap<&'static str, Sensitive>;

/// The keys of a source, under the names that they have in copies.
///
/// # Errors
/// When one is not there.
pub fn keys(source: &SecretRef, secret: &Secret) -> Result<Keys, Status> {
    let names = [
        (NATIVE_ACCESS_KEY, Some(&source.access_key_key)),
        (NATIVE_SECRET_KEY, Some(&source.secret_key_key)),
        (NATIVE_SESSION_TOKEN, source.session_token_key.as_ref()),
    ];
    let (mut keys, mut absent) = (Keys::new(), Vec::new());
    for (name, key) in names {
        let Some(key) = key else { continue };
        match secret.value(key).filter(|value| !value.is_empty()) {
            Some(value) => drop(keys.insert(name, value.clone())),
            None => absent.push(format!("`{key}`")),
        }
    }
    if absent.is_empty() {
        return Ok(keys);
    }
    Err(Status::Missing(format!(
        "{} has no value under {}; add it, or correct the name of the key in the store",
        named(source),
        absent.join(" and ")
    )))
}

/// Whether the operator keeps a Secret of the copies' name: what somebody applied is taken over where a
/// copy is to be, and left alone elsewhere.
pub fn is_kept(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> bool {
    let (label, value) = COPY;
    let is_copy = labels.get(label).is_some_and(|text| text == value);
    is_copy && is_ours(labels, annotations)
}

/// Whether a Secret of the copies' name is one of ours, by its metadata alone.
pub fn is_ours(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> bool {
    let (label, value) = COPY;
    let is_copy = labels.get(label).is_some_and(|text| text == value);
    (is_copy || labels.contains_key(OWNED)) && Owner::of(labels, annotations) == Owner::Bowline
}

/// What a Secret of the copies' name means that is not ours, or that nobody can change any more.
pub fn foreign(profile: &str) -> Status {
    Status::Refused(format!(
        "Secret `{profile}/{NATIVE_COPY}` was not made by Bowline, or cannot be changed; rename or delete it"
    ))
}

/// What a copied source means.
pub fn copied(source: &SecretRef) -> Status {
    Status::Copied(format!("{}/{}", source.namespace, source.name))
}

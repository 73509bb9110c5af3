//! Objects out: everything that the readers of one store need, as Kubernetes objects, in a stable
//! order. The parts of objects that both layouts share are in `render/`; which objects there are is
//! left to `render/deploykf.rs` and `render/native.rs`.

mod argo;
mod copies;
mod deploykf;
mod document;
mod env;
mod helm_values;
mod kustomize;
mod kyverno;
mod native;
mod object;
mod profile_parts;
mod providers;
mod proxy;
mod root;
mod server;
mod viewer;

use std::borrow::Cow;

use bowline_core::{Finding, Secret};
use serde_json::Value;

use crate::model::{Deployment, SecretRef};
use crate::stores;

pub use document::document;
pub use helm_values::{helm_values, unsayable};
pub use kustomize::{KUSTOMIZE_OBJECTS, Kustomization, kustomization};
pub(crate) use root::is_native_gcs;
pub use root::{deploykf_root, native_root};

/// The label of objects that are wholly ours: they may go when they are no longer rendered. Its value
/// is the installation that they belong to, as [`owner`] writes it.
pub const OWNED: &str = "bowline.dev/pipelines-of";
/// The longest value of a label.
const LONGEST_LABEL: usize = 63;
/// The ConfigMap from which the operator learns which copies to keep.
pub const NATIVE_STORE: &str = "pipelines-object-store";
/// The Secret that every reader uses in the native layout, in each namespace.
pub const NATIVE_COPY: &str = "pipelines-object-store";
/// The access key in it.
pub const NATIVE_ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
/// The secret key in it.
pub const NATIVE_SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// The session token in it, where there is one.
pub const NATIVE_SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

/// Whose names and ways the objects have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Ours: no Kyverno unless asked for, nothing put into people's containers where that can be
    /// avoided.
    Native,
    /// deployKF's own names and policies.
    Deploykf,
}

/// How objects are rendered.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whose names and ways they have.
    pub names: Names,
    /// Whether the native layout has Kyverno copy Secrets.
    pub kyverno: bool,
    /// The source Secrets, as far as they are known; copies of others are not rendered.
    pub secrets: Option<&'a [Secret]>,
}

/// Hands each object to `sink`, and returns what there is to say about the sources of copies.
///
/// The objects hold what the Secrets hold.
pub fn each(
    deployment: &Deployment,
    options: Options<'_>,
    sink: &mut dyn FnMut(Value),
) -> Vec<Finding> {
    let is_deploykfs = deployment.releases.deploykf.is_some();
    let deployment = match options.names {
        Names::Deploykf if is_deploykfs => Cow::Borrowed(deployment),
        _ => with_region(deployment),
    };
    let deployment = deployment.as_ref();
    let mut copies = copies::Copies::new(deployment, options.secrets);
    let owner = owner(deployment);
    let sink = &mut |object| sink(of_owner(object, &owner));
    match options.names {
        _ if deployment.server.is_some() => server::each(deployment, sink),
        Names::Deploykf => deploykf::each(deployment, &mut copies, sink),
        Names::Native => native::each(deployment, options.kyverno, &mut copies, sink),
    }
    copies.findings
}

/// The same with a region for every reader, where one can be told.
fn with_region(deployment: &Deployment) -> Cow<'_, Deployment> {
    let region = stores::region(&deployment.store);
    if region == deployment.store.region {
        return Cow::Borrowed(deployment);
    }
    let mut filled = deployment.clone();
    filled.store.region = region.to_owned();
    Cow::Owned(filled)
}

/// The value of the label that tells the objects of this installation from those of others.
pub fn owner(deployment: &Deployment) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name = &deployment.name;
    let has_ends =
        !name.is_empty() && !name.starts_with(['-', '_', '.']) && !name.ends_with(['-', '_', '.']);
    if has_ends && name.len() <= LONGEST_LABEL && name.chars().all(is_plain) {
        return name.clone();
    }
    // Names are told apart even where what is left of them is the same.
    kyverno::sha256(name)[..16].to_owned()
}

fn of_owner(mut object: Value, owner: &str) -> Value {
    if let Some(value) = object
        .pointer_mut("/metadata/labels")
        .and_then(|labels| labels.get_mut(OWNED))
    {
        *value = Value::from(owner);
    }
    object
}

/// All objects, and what there is to say about the sources of copies.
pub fn objects(deployment: &Deployment, options: Options<'_>) -> (Vec<Value>, Vec<Finding>) {
    let mut objects = Vec::new();
    let findings = each(deployment, options, &mut |object| objects.push(object));
    (objects, findings)
}

/// A pair of keys in a Secret of the reader's own namespace; what a reader is given.
#[derive(Debug, Clone)]
struct Pair {
    secret: String,
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
}

impl Pair {
    /// The keys of a source, in a copy that holds all of its data.
    fn of_clone(secret: &str, source: &SecretRef) -> Self {
        Self {
            secret: secret.to_owned(),
            access_key: source.access_key_key.clone(),
            secret_key: source.secret_key_key.clone(),
            session_token: None,
        }
    }

    /// The keys of a copy in the native layout.
    fn native(source: &SecretRef) -> Self {
        let token = source.session_token_key.as_ref();
        Self {
            secret: NATIVE_COPY.to_owned(),
            access_key: NATIVE_ACCESS_KEY.to_owned(),
            secret_key: NATIVE_SECRET_KEY.to_owned(),
            session_token: token.map(|_| NATIVE_SESSION_TOKEN.to_owned()),
        }
    }
}

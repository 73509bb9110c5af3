//! The place where the embedder looks at objects before they are stored or go: it may change them, warn
//! or refuse. What it decides is its own; this crate only asks and carries out.

use crate::identity::UserInfo;
use futures::future::BoxFuture;
use serde_json::Value;
use std::fmt;

/// Looks at objects before they are stored or go.
pub trait Admission: Send + Sync + 'static {
    /// Decides on one object. No lock is held meanwhile, so this may use the API itself.
    fn admit(&self, request: AdmissionRequest) -> BoxFuture<'_, Verdict>;
}

/// What is done to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It replaces `old_object`, by an update or a patch.
    Update,
    /// `old_object` goes: now, or once nothing holds it back. Each object of a collection is asked
    /// about by itself. The content of a namespace goes with it unasked.
    Delete,
}

/// A resource: group, version and plural name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupVersionResource {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The plural name.
    pub plural: String,
}

/// A kind: group, version and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupVersionKind {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
}

/// One question to an [`Admission`].
#[derive(Clone)]
pub struct AdmissionRequest {
    /// Unique to this question.
    pub uid: String,
    /// The resource asked for.
    pub resource: GroupVersionResource,
    /// Its kind.
    pub kind: GroupVersionKind,
    /// What is done.
    pub operation: Operation,
    /// Empty for a cluster-scoped object.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// Who asks.
    pub user: UserInfo,
    /// The object as it would be stored, defaults and all, but for `metadata.managedFields`; null
    /// where it goes.
    pub object: Value,
    /// The state before, for an update or a deletion, without `metadata.managedFields` too.
    pub old_object: Option<Value>,
    /// Nothing will be stored, so nothing else may be changed either.
    pub dry_run: bool,
    /// `status` where only that is written.
    pub subresource: Option<String>,
}

/// Names the object and leaves its content out: it may be a Secret.
impl fmt::Debug for AdmissionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionRequest")
            .field("uid", &self.uid)
            .field("kind", &self.kind)
            .field("operation", &self.operation)
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("user", &self.user.name)
            .field("dry_run", &self.dry_run)
            .field("subresource", &self.subresource)
            .finish_non_exhaustive()
    }
}

/// Work for after the object is stored; it returns further warnings.
pub type Afterwards = BoxFuture<'static, Vec<String>>;

/// The answer of an [`Admission`].
pub enum Verdict {
    /// The request may go on.
    Allow {
        /// The object to store instead, where it was changed; means nothing for a deletion.
        object: Option<Value>,
        /// What the caller should know.
        warnings: Vec<String>,
        /// Runs once the object is stored or gone; never for a dry run or a request that failed.
        afterwards: Option<Afterwards>,
    },
    /// The request is refused.
    Deny(Denial),
}

impl Verdict {
    /// Nothing to change and nothing to say.
    pub fn allow() -> Self {
        Self::Allow {
            object: None,
            warnings: Vec::new(),
            afterwards: None,
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The HTTP status code, between 400 and 599.
    pub code: u16,
    /// The machine-readable reason, such as `Forbidden`.
    pub reason: String,
    /// One sentence that says what to do.
    pub message: String,
}

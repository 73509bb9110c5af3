//! What admission asks of a cluster; `kubernetes` answers over any Kubernetes API, tests and
//! benchmarks from memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use bowline_core::Secret;
use bowline_core::plan::{Account, Variables};

use crate::controllers::term::Over;

/// Who makes a request, as the API server says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct User {
    /// User name.
    pub name: String,
    /// Stable identifier, where the authenticator gives one.
    pub uid: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Whatever else the authenticator says; authorizers may need it.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Why a cluster did not answer. Texts hold no values of Secrets.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The API server could not be reached, or refused us.
    #[error("the API server did not answer: {0}")]
    Api(String),
    /// The Secret is there, but is not one.
    #[error(transparent)]
    Secret(#[from] bowline_core::secret::SecretError),
    /// Only a leader may ask for it, and this replica is none.
    #[error(transparent)]
    Over(#[from] Over),
    /// The answer did not come in time.
    #[error("no answer within {0} s")]
    Deadline(u64),
    /// What went wrong for somebody who asked the same at the same time.
    #[error(transparent)]
    Shared(Arc<ClusterError>),
}

/// What was read of a Secret, without its values.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// What it gives to containers.
    pub variables: Arc<Variables>,
    /// Its `resourceVersion` then; empty where the cluster has none.
    pub version: String,
}

impl Sighting {
    /// Of a Secret that was at this version.
    pub fn of(secret: &Secret, version: impl Into<String>) -> Self {
        Self {
            variables: Arc::new(Variables::of(secret)),
            version: version.into(),
        }
    }
}

/// The part of a cluster that admission needs.
pub trait Cluster: Send + Sync + 'static {
    /// Reads a Secret; `None` when it does not exist.
    fn secret(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<Secret>, ClusterError>> + Send;

    /// Reads what a Secret gives to containers; `None` when it does not exist.
    fn sight(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<Sighting>, ClusterError>> + Send {
        async move {
            let secret = self.secret(namespace, name).await?;
            Ok(secret.map(|secret| Sighting::of(&secret, "")))
        }
    }

    /// Whether a user may `get` a Secret.
    fn may_get_secret(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<bool, ClusterError>> + Send;

    /// Whether a user may say how tests of a connection went.
    fn may_record(
        &self,
        user: &User,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<bool, ClusterError>> + Send;

    /// Sees to it that a ServiceAccount exists and links its Secret; changes nothing else of it.
    fn ensure_account(
        &self,
        namespace: &str,
        account: &Account,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
}

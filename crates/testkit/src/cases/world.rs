//! Where cases are played: something that holds Secrets, knows rights and answers reviews.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use super::Reach;

/// A world of its own for one file of cases.
pub trait World: Send {
    /// What the world can do; cases that need more are skipped.
    fn reach(&self) -> Reach;

    /// Empties the namespace of the cases: no Secrets, no accounts but the platform's, all rights.
    fn reset(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Creates or replaces a Secret, given as its object.
    fn put_secret(&mut self, secret: &Value) -> impl Future<Output = Result<()>> + Send;

    /// Deletes a Secret, which may be gone already.
    fn delete_secret(&mut self, name: &str) -> impl Future<Output = Result<()>> + Send;

    /// Creates or replaces a ServiceAccount that links these Secrets.
    fn put_account(
        &mut self,
        name: &str,
        links: &[String],
    ) -> impl Future<Output = Result<()>> + Send;

    /// Says which Secrets the requester may not `get`; all others it may.
    fn forbid(&mut self, names: &[String]) -> impl Future<Output = Result<()>> + Send;

    /// Says which Secrets cannot be read. Called with names only where the reach is
    /// [`Reach::Memory`].
    fn disconnect(&mut self, names: &[String]) -> impl Future<Output = Result<()>> + Send;

    /// Posts an `AdmissionReview` to `/mutate` and gives back the answer's text.
    fn post(&mut self, review: &Value) -> impl Future<Output = Result<String>> + Send;

    /// The ServiceAccounts with the Secrets that they link, without the platform's own.
    fn accounts(&mut self) -> impl Future<Output = Result<BTreeMap<String, Vec<String>>>> + Send;
}

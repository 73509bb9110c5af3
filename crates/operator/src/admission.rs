//! Fetch, decide, act for one workload: reads the Secrets and rights that the plan needs, asks
//! core, and sees to accounts afterwards. Wire formats are left to `review` and to the embedder.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bowline_core::plan::{Account, Denial, Found, Lookup, Needs, Plan, Request, Warning};
use bowline_core::{Secret, needs, plan, result, validate};
use futures::future::{join, join_all};
use futures::poll;
use serde_json::Value;

use crate::cluster::{Cluster, ClusterError, User};

/// How long one decision may take in all, below the 10 s that API servers wait by default.
pub const DEADLINE: Duration = Duration::from_secs(8);

/// Admission over one cluster.
#[derive(Debug)]
pub struct Admission<C> {
    cluster: C,
}

impl<C: Cluster> Admission<C> {
    /// Admission that looks things up in `cluster`.
    pub const fn new(cluster: C) -> Self {
        Self { cluster }
    }

    /// Decides what a workload request means for this user. Changes nothing anywhere.
    ///
    /// # Errors
    /// A [`Denial`] for the person who made the request.
    pub async fn decide(&self, request: &Request<'_>, user: &User) -> Result<Plan, Denial> {
        let needs = needs(request);
        let lookup = if needs.read.is_empty() {
            Lookup::new()
        } else {
            self.fetch(&needs, request.namespace, user).await
        };
        plan(request, &lookup)
    }

    /// A Secret without what its sender says about tests and may not; `None` where nothing of that is
    /// in the request, or the sender may say it. What cannot be found out is not allowed.
    pub async fn without_claims(
        &self,
        object: &Value,
        before: Option<&Value>,
        namespace: &str,
        user: &User,
    ) -> Option<Value> {
        let kept = result::kept(object, before)?;
        // A name that the API server is yet to make is one that nobody has a right for.
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let may_record = self.cluster.may_record(user, namespace, name);
        match within(DEADLINE, may_record).await {
            Ok(true) => None,
            Ok(false) => Some(kept),
            Err(error) => {
                tracing::warn!(namespace, %error, "who may record results is not known");
                Some(kept)
            }
        }
    }

    /// Carries out what an admitted plan asks for, once the object is stored, in this time: what is
    /// left of [`DEADLINE`] where somebody still waits for the answer.
    ///
    /// Returns what went wrong as warnings; the workload stands by then.
    pub async fn carry_out(
        &self,
        namespace: &str,
        accounts: &[Account],
        time: Duration,
    ) -> Vec<Warning> {
        let work = accounts.iter().map(|account| async move {
            let done = within(time, self.cluster.ensure_account(namespace, account)).await;
            done.err().map(|error| {
                tracing::warn!(account = account.name, namespace, %error, "account not linked");
                Warning::new(format!(
                    "ServiceAccount `{}` is not linked: {error}",
                    account.name
                ))
            })
        });
        join_all(work).await.into_iter().flatten().collect()
    }

    /// Reads no more of a Secret than the plan needs.
    async fn read(
        &self,
        needs: &Needs,
        namespace: &str,
        name: &str,
    ) -> Result<Found, ClusterError> {
        let found = if needs.values {
            let secret = self.cluster.secret(namespace, name).await?;
            secret.map(Found::Secret)
        } else {
            let sighting = self.cluster.sight(namespace, name).await?;
            sighting.map(|it| Found::Variables(it.variables))
        };
        Ok(found.unwrap_or(Found::Missing))
    }

    /// Reads all Secrets and asks all rights at once: 32 connections take one round trip. Rights
    /// are asked first, since an access review takes longer than a read.
    async fn fetch<'a>(&self, needs: &'a Needs, namespace: &str, user: &User) -> Lookup {
        let right = |name: &'a String| async move {
            if !needs.authorize.contains(name) {
                return Ok(true);
            }
            within(DEADLINE, self.cluster.may_get_secret(user, namespace, name)).await
        };
        let secret = |name: &'a String| within(DEADLINE, self.read(needs, namespace, name));
        let (rights, secrets) = match needs.read.as_slice() {
            // The usual case, without what it takes to wait for many.
            [only] => {
                let (right, secret) = join(right(only), secret(only)).await;
                (vec![right], vec![secret])
            }
            all => {
                let rights = join_all(all.iter().map(right));
                join(rights, join_all(all.iter().map(secret))).await
            }
        };
        let answers = needs.read.iter().zip(rights.into_iter().zip(secrets));
        let found = answers.map(|(name, answer)| {
            let found = match answer {
                (Ok(true), Ok(found)) => found,
                (Ok(false), _) => Found::Forbidden,
                (Err(error), _) | (_, Err(error)) => {
                    tracing::warn!(secret = name, namespace, %error, "connection not read");
                    Found::Unavailable(error.to_string())
                }
            };
            (name.clone(), found)
        });
        found.collect()
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    let mut work = pin!(work);
    // What is known already needs no clock.
    if let Poll::Ready(outcome) = poll!(&mut work) {
        return outcome;
    }
    tokio::time::timeout(time, work)
        .await
        .unwrap_or(Err(ClusterError::Deadline(time.as_secs())))
}

/// What is said to somebody whose word about a test is not kept.
pub fn claim_warning() -> Warning {
    Warning::new(
        "only Bowline says how tests of a connection went, so that was taken back; run `bowline test`",
    )
}

/// What a person should know about a Secret that they create or change; never a reason to refuse.
pub fn secret_warnings(object: &Value) -> Vec<Warning> {
    let Ok(secret) = Secret::from_value(object) else {
        return Vec::new();
    };
    validate::findings(&secret)
        .into_iter()
        .filter(|finding| finding.severity >= bowline_core::Severity::Warning)
        .map(|finding| Warning::new(finding.message))
        .collect()
}

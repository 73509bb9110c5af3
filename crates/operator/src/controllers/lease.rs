//! Which replica leads: one Lease that the leader renews and the others watch run out. What a
//! leader does is left to the loop.

use std::time::Duration;

use bowline_core::names::MANAGED_BY;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PostParams};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::term::Term;
use crate::kubernetes::{describe, is_written};

/// How long things take in an election.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long a lease counts that is not renewed.
    pub lasts: Duration,
    /// How often it is renewed, or looked at.
    pub renew: Duration,
    /// When a leader that cannot renew gives up; sooner than `lasts`, so that two never overlap.
    pub give_up: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lasts: Duration::from_secs(9),
            renew: Duration::from_secs(2),
            give_up: Duration::from_secs(5),
        }
    }
}

/// One replica's part in the election.
pub struct Election {
    api: Api<Lease>,
    name: String,
    identity: String,
    terms: Terms,
    term: Term,
    rival: Rival,
}

impl Election {
    /// A candidate for the Lease `name`; `identity` must be unique among the replicas. `term` lasts
    /// while it leads.
    pub const fn new(
        api: Api<Lease>,
        name: String,
        identity: String,
        terms: Terms,
        term: Term,
    ) -> Self {
        Self {
            api,
            name,
            identity,
            terms,
            term,
            rival: Rival(None),
        }
    }

    /// Takes part until `stopping`; says on `leads` whether this replica leads. A leader that is
    /// stopped gives the lease back, so that the next one need not wait.
    pub async fn run(mut self, leads: watch::Sender<bool>, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            let asked_at = Instant::now();
            let attempt = tokio::time::timeout(self.terms.renew / 2, self.try_hold()).await;
            match attempt {
                Ok(Ok(true)) => self.term.prolong(asked_at + self.terms.give_up),
                Ok(Ok(false)) => self.term.end(),
                Ok(Err(error)) => {
                    let error = describe(error);
                    tracing::warn!(lease = self.name, %error, "lease not renewed");
                }
                Err(_) => tracing::warn!(lease = self.name, "lease not renewed in time"),
            }
            let is_held = !self.term.is_over();
            if tell(&leads, is_held) {
                tracing::info!(lease = self.name, identity = self.identity, leads = is_held);
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(self.terms.renew) => {}
            }
        }
        self.term.end();
        if tell(&leads, false) {
            let _ = tokio::time::timeout(self.terms.renew, self.release()).await;
        }
    }

    /// Takes or renews the lease if that can be; whether it is ours now.
    async fn try_hold(&mut self) -> Result<bool, kube::Error> {
        let Some(found) = self.api.get_opt(&self.name).await? else {
            let lease = self.lease(None, 0);
            return is_written(self.api.create(&PostParams::default(), &lease).await);
        };
        let version = found.metadata.resource_version.clone().unwrap_or_default();
        let spec = found.spec.unwrap_or_default();
        let transitions = spec.lease_transitions.unwrap_or(0);
        let holder = spec.holder_identity.unwrap_or_default();
        let stated = spec.lease_duration_seconds;
        let stated = stated.and_then(|seconds| u64::try_from(seconds).ok());
        let lasts = stated.map_or(self.terms.lasts, Duration::from_secs);
        let lease = if holder == self.identity {
            self.lease(Some(version), transitions)
        } else if holder.is_empty() || self.rival.has_run_out(&version, lasts) {
            self.lease(Some(version), transitions.saturating_add(1))
        } else {
            return Ok(false);
        };
        let params = PostParams::default();
        is_written(self.api.replace(&self.name, &params, &lease).await)
    }

    async fn release(&self) -> Result<(), kube::Error> {
        let mut lease = self.api.get(&self.name).await?;
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = None;
            let params = PostParams::default();
            self.api.replace(&self.name, &params, &lease).await?;
        }
        Ok(())
    }

    fn lease(&self, version: Option<String>, transitions: i32) -> Lease {
        let (key, value) = MANAGED_BY;
        Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                resource_version: version,
                labels: Some([(key.to_owned(), value.to_owned())].into()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(self.terms.lasts.as_secs()).ok(),
                lease_transitions: Some(transitions),
                renew_time: Some(MicroTime(Timestamp::now())),
                ..LeaseSpec::default()
            }),
        }
    }
}

/// The version of another's lease, and when it was first seen here. Ages are measured by this
/// machine's own steady clock: times written by others may be hours off.
struct Rival(Option<(String, Instant)>);

impl Rival {
    /// Whether the lease has been of this version for as long as it lasts.
    fn has_run_out(&mut self, version: &str, lasts: Duration) -> bool {
        match &self.0 {
            Some((seen, since)) if seen == version => since.elapsed() >= lasts,
            _ => {
                self.0 = Some((version.to_owned(), Instant::now()));
                false
            }
        }
    }
}

/// Says whether this replica leads; whether that is news. What is no news wakes nobody.
fn tell(leads: &watch::Sender<bool>, is_held: bool) -> bool {
    leads.send_if_modified(|leads| std::mem::replace(leads, is_held) != is_held)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(9);
    const ALMOST: Duration = Duration::from_millis(8999);

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_renewed_never_runs_out() {
        let mut rival = Rival(None);
        for version in ["1", "2", "3", "4"] {
            assert!(!rival.has_run_out(version, LASTS), "new: {version}");
            tokio::time::advance(ALMOST).await;
            assert!(!rival.has_run_out(version, LASTS), "old: {version}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_not_renewed_runs_out_after_its_time() {
        let mut rival = Rival(None);
        rival.has_run_out("1", LASTS);
        tokio::time::advance(LASTS).await;
        assert!(rival.has_run_out("1", LASTS));
    }
}

//! A leader by a Lease: one of several, and another one once it is gone.

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use super::{Harbour, parsed, status, until};

const SECONDS: i32 = 1;

/// Somebody who wants to lead.
struct Candidate {
    name: &'static str,
    leases: Api<Lease>,
}

impl Candidate {
    fn lease(&self, found: Option<Lease>) -> Lease {
        let mut lease: Lease =
            found.unwrap_or_else(|| parsed(json!({"metadata": {"name": "pilot"}})));
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        if spec.holder_identity.as_deref() != Some(self.name) {
            spec.holder_identity = Some(self.name.to_owned());
            spec.acquire_time = Some(MicroTime(Timestamp::now()));
            let changes = spec.lease_transitions.unwrap_or_default() + 1;
            spec.lease_transitions = Some(changes);
        }
        spec.lease_duration_seconds = Some(SECONDS);
        spec.renew_time = Some(MicroTime(Timestamp::now()));
        lease
    }

    /// Takes or renews the lease, unless another one holds it.
    async fn leads(&self) -> Result<bool, kube::Error> {
        let found = self.leases.get_opt("pilot").await?;
        let Some(found) = found else {
            let lease = self.lease(None);
            return self
                .leases
                .create(&PostParams::default(), &lease)
                .await
                .map(|_| true);
        };
        let spec = found.spec.clone().unwrap_or_default();
        let is_ours = spec.holder_identity.as_deref() == Some(self.name);
        let until = spec
            .renew_time
            .map(|renewed| renewed.0 + SignedDuration::from_secs(i64::from(SECONDS)));
        if !is_ours && until.is_some_and(|until| until > Timestamp::now()) {
            return Ok(false);
        }
        let lease = self.lease(Some(found));
        let params = PostParams::default();
        let written = self.leases.replace("pilot", &params, &lease).await;
        written.map(|_| true)
    }
}

fn candidates(harbour: &Harbour) -> [Candidate; 2] {
    ["anna", "bert"].map(|name| Candidate {
        name,
        leases: harbour.api(),
    })
}

#[tokio::test]
async fn the_next_one_leads_once_the_leader_has_gone() {
    let harbour = Harbour::new().await;
    let [anna, bert] = candidates(&harbour);
    assert!(anna.leads().await.expect("an answer"));
    for _ in 0..5 {
        assert!(anna.leads().await.expect("an answer"), "who leads goes on");
        assert!(
            !bert.leads().await.expect("an answer"),
            "and nobody else does"
        );
    }
    // Anna renews no more.
    until("bert leads", || async {
        bert.leads().await.expect("an answer")
    })
    .await;
    let lease = bert.leases.get("pilot").await.expect("the lease");
    let spec = lease.spec.expect("its content");
    assert_eq!(spec.holder_identity.as_deref(), Some("bert"));
    assert_eq!(spec.lease_transitions, Some(2));
    assert!(!anna.leads().await.expect("an answer"));
}

#[tokio::test]
async fn of_two_who_take_a_lease_at_once_one_is_refused() {
    let harbour = Harbour::new().await;
    let [anna, bert] = candidates(&harbour);
    let (one, other) = tokio::join!(anna.leads(), bert.leads());
    assert_eq!(winners(one, other), 1, "who makes it");
    for _ in 0..20 {
        let found = anna.leases.get("pilot").await.expect("the lease");
        let (first, second) = (anna.lease(Some(found.clone())), bert.lease(Some(found)));
        let params = PostParams::default();
        let (one, other) = tokio::join!(
            anna.leases.replace("pilot", &params, &first),
            bert.leases.replace("pilot", &params, &second),
        );
        assert_eq!(
            winners(one.map(|_| true), other.map(|_| true)),
            1,
            "who takes it"
        );
    }
}

/// How many succeeded; the others must have been too late.
fn winners(one: Result<bool, kube::Error>, other: Result<bool, kube::Error>) -> usize {
    let mut winners = 0;
    for outcome in [one, other] {
        match outcome {
            Ok(leads) => winners += usize::from(leads),
            Err(error) => {
                let status = status(error);
                assert!(
                    status.is_conflict() || status.is_already_exists(),
                    "{status:?}"
                );
            }
        }
    }
    winners
}

//! Which replica leads: taking, keeping, losing and handing over the lease.

use std::time::Duration;

use anyhow::Result;
use bowline_operator::controllers::lease::{Election, Terms};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::TestApi;

const QUICK: Terms = Terms {
    lasts: Duration::from_secs(2),
    renew: Duration::from_millis(300),
    give_up: Duration::from_millis(1200),
};

struct Candidate {
    leads: watch::Receiver<bool>,
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

fn candidate(api: &TestApi, identity: &str) -> Candidate {
    let leases: Api<Lease> = Api::namespaced(api.client_as(identity), "default");
    let election = Election::new(leases, "bowline".to_owned(), identity.to_owned(), QUICK);
    let (sender, leads) = watch::channel(false);
    let stopping = CancellationToken::new();
    let task = tokio::spawn(election.run(sender, stopping.clone()));
    Candidate {
        leads,
        stopping,
        task,
    }
}

async fn leads(candidate: &mut Candidate) -> Result<()> {
    let wait = candidate.leads.wait_for(|leads| *leads);
    tokio::time::timeout(Duration::from_secs(10), wait).await??;
    Ok(())
}

#[tokio::test]
async fn one_of_two_leads_and_the_other_takes_over_when_it_dies() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first");
    leads(&mut first).await?;
    let mut second = candidate(&api, "second");
    tokio::time::sleep(QUICK.lasts * 2).await;
    assert!(
        !*second.leads.borrow(),
        "a lease that is renewed is not taken"
    );
    first.task.abort();
    leads(&mut second).await?;
    Ok(())
}

#[tokio::test]
async fn a_leader_that_is_stopped_hands_over_at_once() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first");
    leads(&mut first).await?;
    let mut second = candidate(&api, "second");
    let start = tokio::time::Instant::now();
    first.stopping.cancel();
    leads(&mut second).await?;
    assert!(
        start.elapsed() < QUICK.lasts,
        "it waited for the lease to run out"
    );
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_takes_no_lease_from_anybody() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first");
    leads(&mut first).await?;
    let leases: Api<Lease> = Api::namespaced(api.client.clone(), "default");
    let second = candidate(&api, "second");
    for hours in [-1, 1] {
        let time =
            k8s_openapi::jiff::Timestamp::now() + k8s_openapi::jiff::Span::new().hours(hours);
        let patch = json!({"spec": {"renewTime": format!("{time:.6}")}});
        leases
            .patch("bowline", &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert!(*first.leads.borrow() && !*second.leads.borrow());
    }
    Ok(())
}

#[tokio::test]
async fn a_leader_that_cannot_renew_stops_before_anybody_else_may_start() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first");
    leads(&mut first).await?;
    let leases: Api<Lease> = Api::namespaced(api.client.clone(), "default");
    let patch = json!({"spec": {"holderIdentity": "somebody-else"}});
    leases
        .patch("bowline", &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    let wait = first.leads.wait_for(|leads| !*leads);
    tokio::time::timeout(QUICK.lasts, wait).await??;
    Ok(())
}

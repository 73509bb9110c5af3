//! Which replica leads: taking, keeping, losing and handing over the lease.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use axum::http::Request;
use bowline_operator::controllers::lease::{Election, Terms};
use bowline_operator::controllers::term::Term;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::client::Body;
use rstest::rstest;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::{PATIENCE, TestApi, until};

/// An election in which a lease soon runs out: on a machine that stalls also one that is renewed.
const QUICK: Terms = Terms {
    lasts: Duration::from_secs(2),
    renew: Duration::from_millis(300),
    give_up: Duration::from_millis(1200),
};

/// An election in which no lease runs out while a test lasts, however slow the machine is.
pub(crate) const LONG: Terms = Terms {
    lasts: Duration::from_secs(3600),
    renew: Duration::from_millis(300),
    give_up: Duration::from_secs(3000),
};

struct Candidate {
    leads: watch::Receiver<bool>,
    term: Term,
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

fn candidate(api: &TestApi, identity: &str, terms: Terms) -> Candidate {
    candidate_by(api.client_as(identity), identity, terms)
}

fn candidate_by(client: kube::Client, identity: &str, terms: Terms) -> Candidate {
    let leases: Api<Lease> = Api::namespaced(client, "default");
    let term = Term::default();
    let (name, own) = ("bowline".to_owned(), identity.to_owned());
    let election = Election::new(leases, name, own, terms, term.clone());
    let (sender, leads) = watch::channel(false);
    let stopping = CancellationToken::new();
    let task = tokio::spawn(election.run(sender, stopping.clone()));
    Candidate {
        leads,
        term,
        stopping,
        task,
    }
}

async fn leads(candidate: &mut Candidate) -> Result<()> {
    let wait = candidate.leads.wait_for(|leads| *leads);
    tokio::time::timeout(PATIENCE, wait).await??;
    Ok(())
}

#[tokio::test]
async fn of_two_one_leads() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first", LONG);
    leads(&mut first).await?;
    let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/bowline";
    let (client, looks) = api.client_that_counts_reads(path);
    let second = candidate_by(client, "second", LONG);
    until(|| looks.load(Ordering::Relaxed) > 2).await?;
    assert!(*first.leads.borrow() && !*second.leads.borrow());
    Ok(())
}

#[tokio::test]
async fn another_takes_over_when_the_leader_dies() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first", QUICK);
    leads(&mut first).await?;
    let mut second = candidate(&api, "second", QUICK);
    first.task.abort();
    leads(&mut second).await
}

#[tokio::test]
async fn a_renewal_is_no_news() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first", LONG);
    leads(&mut first).await?;
    let leases: Api<Lease> = Api::namespaced(api.client.clone(), "default");
    let mut versions = BTreeSet::new();
    let renewals = async {
        while versions.len() <= 5 {
            versions.insert(leases.get("bowline").await?.metadata.resource_version);
            tokio::time::sleep(LONG.renew / 10).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, renewals).await??;
    assert!(!first.leads.has_changed()?, "it was told what it knew");
    Ok(())
}

#[tokio::test]
async fn a_leader_that_is_stopped_hands_over_at_once() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first", LONG);
    leads(&mut first).await?;
    let mut second = candidate(&api, "second", LONG);
    first.stopping.cancel();
    // Its lease has not run out.
    leads(&mut second).await
}

#[rstest]
#[case::behind(-1)]
#[case::ahead(1)]
#[tokio::test]
async fn a_clock_that_is_an_hour_off_takes_no_lease_from_anybody(#[case] hours: i64) -> Result<()> {
    let api = TestApi::start().await?;
    let leases: Api<Lease> = Api::namespaced(api.client.clone(), "default");
    let renewed = Timestamp::now() + SignedDuration::from_hours(hours);
    let lease = Lease {
        metadata: ObjectMeta {
            name: Some("bowline".to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some("somebody".to_owned()),
            lease_duration_seconds: Some(i32::try_from(QUICK.lasts.as_secs())?),
            renew_time: Some(MicroTime(renewed)),
            ..LeaseSpec::default()
        }),
    };
    leases.create(&PostParams::default(), &lease).await?;
    let start = Instant::now();
    let mut candidate = candidate(&api, "first", QUICK);
    leads(&mut candidate).await?;
    let waited = start.elapsed();
    assert!(waited >= QUICK.lasts, "it waited for {waited:?} only");
    Ok(())
}

#[tokio::test]
async fn a_leader_that_cannot_renew_stops_before_anybody_else_may_start() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first", LONG);
    leads(&mut first).await?;
    let leases: Api<Lease> = Api::namespaced(api.client.clone(), "default");
    let patch = json!({"spec": {"holderIdentity": "somebody-else"}});
    leases
        .patch("bowline", &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    let wait = first.leads.wait_for(|leads| !*leads);
    tokio::time::timeout(PATIENCE, wait).await??;
    Ok(())
}

async fn write(client: &kube::Client, name: &str) -> Result<(), kube::Error> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "team-a");
    let map = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    };
    maps.create(&PostParams::default(), &map).await.map(drop)
}

#[tokio::test]
async fn a_replica_writes_while_it_leads_and_reads_always() -> Result<()> {
    let api = TestApi::start().await?;
    let mut first = candidate(&api, "first", LONG);
    let client = first.term.client(api.client.clone());
    let refusal = write(&Term::default().client(api.client.clone()), "never").await;
    let refusal = refusal.expect_err("no term was won").to_string();
    assert!(refusal.contains("leads no more"), "{refusal}");
    leads(&mut first).await?;
    write(&client, "in-the-term").await?;
    first.stopping.cancel();
    first.leads.wait_for(|leads| !*leads).await?;
    write(&client, "afterwards").await.expect_err("it is over");
    let maps: Api<ConfigMap> = Api::namespaced(client, "team-a");
    let written = maps.list(&ListParams::default()).await?.items;
    let names = written
        .iter()
        .filter_map(|map| map.metadata.name.as_deref());
    let names: Vec<_> = names.filter(|name| *name != "kube-root-ca.crt").collect();
    assert_eq!(names, ["in-the-term"]);
    Ok(())
}

#[tokio::test]
async fn a_write_that_waits_until_the_term_is_over_is_not_sent() -> Result<()> {
    let api = TestApi::start().await?;
    let (waits, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (waiting, going_on, service) =
        (Arc::clone(&waits), Arc::clone(&goes_on), api.client.clone());
    // As a client does that tries again after a pause.
    let slow = tower::service_fn(move |request: Request<Body>| {
        let (waits, goes_on) = (Arc::clone(&waiting), Arc::clone(&going_on));
        let service = service.clone();
        async move {
            waits.notify_one();
            goes_on.notified().await;
            service.send(request).await
        }
    });
    let term = Term::default();
    term.prolong(Instant::now() + Duration::from_secs(60));
    let client = term.client(kube::Client::new(slow, "default"));
    let writing = tokio::spawn(async move { write(&client, "late").await });
    waits.notified().await;
    term.end();
    goes_on.notify_one();
    writing.await?.expect_err("the term is over");
    let maps: Api<ConfigMap> = Api::namespaced(api.client.clone(), "team-a");
    assert!(maps.get_opt("late").await?.is_none());
    Ok(())
}

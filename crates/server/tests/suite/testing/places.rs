//! Where tests go, and what is told of places that may be none of the sender's business.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use bowline_server::testing::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use super::stub::Stub;
use super::{TIDES, UNSAVED, events, outcome, post, store, tides};
use crate::world::{Who, World};

/// As `bowline server` has it, but loopback stands for the network around it.
fn in_cluster(settings: &mut Settings) {
    settings.is_open = false;
    settings.probe.total = Duration::from_millis(1500);
    settings.probe.answer = Duration::from_millis(500);
    settings.rate.burst = 1000;
}

async fn tested(world: &World, endpoint: &str, accept: &str) -> Result<(String, Duration)> {
    let unsaved = json!({"connection": tides(endpoint, "AKIATIDES", "a-secret-key")});
    let request = world
        .request(Who::Editor, Method::POST, UNSAVED)
        .json(&unsaved);
    let started = Instant::now();
    let text = request
        .header("accept", accept)
        .send()
        .await?
        .text()
        .await?;
    // The time of the fields' own check differs, and tells nothing.
    let fields = |mut data: Value| {
        for pointer in ["/steps/0/milliseconds", "/milliseconds"] {
            if let Some(time) = data.pointer_mut(pointer) {
                *time = 0.into();
            }
        }
        data.to_string()
    };
    let shown = match accept {
        "text/event-stream" => events(&text)
            .into_iter()
            .map(|(name, data)| name + &fields(data))
            .collect(),
        _ => fields(serde_json::from_str(&text)?),
    };
    Ok((shown, started.elapsed()))
}

#[tokio::test]
async fn tests_through_the_server_are_no_way_to_scan_its_network() -> Result<()> {
    let world = World::with(|settings| in_cluster(&mut settings.testing)).await?;
    let (tarpit, other) = (
        Stub::saying("").await?,
        Stub::saying("SSH-2.0-OpenSSH_9.9\r\n").await?,
    );
    let closed = Stub::saying("").await?.url();
    let targets = [
        tarpit.url(),
        other.url(),
        closed,
        other.url().replace("http", "https"),
        "http://minio.team-b.svc".to_owned(),
    ];
    for accept in ["application/json", "text/event-stream"] {
        // A machine that has other work to do is late now and then, and not always for the same.
        let mut apart = Vec::new();
        while !apart
            .iter()
            .any(|apart| *apart < Duration::from_millis(400))
        {
            assert!(apart.len() < 3, "{accept}: {apart:?} apart");
            let (mut answers, mut times) = (BTreeSet::new(), BTreeSet::new());
            for target in &targets {
                let (answer, time) = tested(&world, target, accept).await?;
                answers.insert(answer);
                times.insert(time);
            }
            assert_eq!(answers.len(), 1, "{answers:#?}");
            let (least, most) = (times.first(), times.last());
            apart.push(
                most.zip(least)
                    .map(|(most, least)| *most - *least)
                    .unwrap_or_default(),
            );
        }
    }
    assert!(tarpit.taken() > 0 && other.taken() > 0);
    Ok(())
}

#[tokio::test]
async fn the_servers_own_addresses_are_refused_unless_they_are_allowed() -> Result<()> {
    let world = World::with(|settings| settings.testing.bounds.is_own_allowed = false).await?;
    let stub = Stub::saying("").await?;
    let unsaved = json!({"connection": tides(&stub.url(), "AKIATIDES", "a-secret-key")});
    let answer = post(&world, Who::Editor, UNSAVED, &unsaved).await?;
    assert_eq!(outcome(answer).await?, "address-own");
    assert_eq!(stub.taken(), 0);
    Ok(())
}

#[tokio::test]
async fn connections_without_a_check_of_certificates_can_be_refused() -> Result<()> {
    let world = World::with(|settings| settings.testing.bounds.require_verified_tls = true).await?;
    let stub = Stub::saying("").await?;
    let mut lax = tides(&stub.url(), "AKIATIDES", "a-secret-key");
    lax["values"]["AWS_S3_VERIFY_SSL"] = "false".into();
    let answer = post(&world, Who::Editor, UNSAVED, &json!({"connection": lax})).await?;
    assert_eq!(outcome(answer).await?, "tls-check-required");
    assert_eq!(stub.taken(), 0);
    Ok(())
}

#[tokio::test]
async fn lists_may_differ_by_project() -> Result<()> {
    let world = World::with(|settings| {
        settings.testing.bounds.denied = ["team-a=127.0.0.0/8"]
            .map(|rule| rule.parse().expect("a rule"))
            .into();
    })
    .await?;
    let unsaved = json!({"connection": tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key")});
    let denied = post(&world, Who::Editor, UNSAVED, &unsaved).await?;
    assert_eq!(outcome(denied).await?, "address-denied");
    let other = post(&world, Who::Other, "/api/v1/projects/team-b/test", &unsaved).await?;
    assert_eq!(outcome(other).await?, "connect-refused");
    Ok(())
}

/// Whoever changes the endpoint does not get the stored key sent there.
#[tokio::test]
async fn a_changed_endpoint_is_tested_only_with_secrets_that_come_with_it() -> Result<()> {
    let world = World::new().await?;
    store(
        &world,
        &tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key"),
    )
    .await?;
    let stub = Stub::saying("").await?;
    let change = json!({"change": {"values": {"AWS_S3_ENDPOINT": stub.url()}}});
    let refused = post(&world, Who::Editor, TIDES, &change).await?;
    assert_eq!(refused.status(), 422);
    assert_eq!(stub.taken(), 0);
    let bucket = json!({"change": {"values": {"AWS_S3_BUCKET": "other"}}});
    let answer = post(&world, Who::Editor, TIDES, &bucket).await?;
    assert_eq!(outcome(answer).await?, "connect-refused");
    let viewer = post(&world, Who::Viewer, TIDES, &bucket).await?;
    assert_eq!(viewer.status(), 403);
    Ok(())
}

//! How many tests run, for how long, and how often.

use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::Method;
use serde_json::json;

use super::stub::Stub;
use super::{TIDES, UNSAVED, outcome, post, store, tides};
use crate::world::{Who, World, problem};

/// A project that keeps all of its places busy is told to come back; another has its own.
#[tokio::test]
async fn a_tarpit_of_one_project_costs_another_nothing() -> Result<()> {
    let world = World::new().await?;
    let stub = Stub::saying("").await?;
    store(&world, &tides(&stub.url(), "AKIATIDES", "a-secret-key")).await?;
    let slow: Vec<_> = (0..4)
        .map(|_| {
            let request = world
                .request(Who::Editor, Method::POST, TIDES)
                .json(&json!({}));
            tokio::spawn(request.send())
        })
        .collect();
    stub.until_open(4).await?;
    let plain = json!({});
    let fifth = post(&world, Who::Editor, TIDES, &plain);
    let (busy, other) = tokio::join!(fifth, async {
        let started = Instant::now();
        let unsaved =
            json!({"connection": tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key")});
        let answer = post(&world, Who::Other, "/api/v1/projects/team-b/test", &unsaved).await?;
        assert_eq!(outcome(answer).await?, "connect-refused");
        Ok::<_, anyhow::Error>(started.elapsed())
    });
    assert!(other? < Duration::from_secs(3));
    let busy = busy?;
    // A place may have become free just in time.
    if busy.status() != 200 {
        assert_eq!(busy.status(), 503);
        assert_eq!(busy.headers()["retry-after"], "5");
        assert_eq!(problem(busy).await?["title"], "It does not work now");
    }
    slow.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

#[tokio::test]
async fn a_test_ends_when_nobody_waits_for_it_any_more() -> Result<()> {
    for accept in ["application/json", "text/event-stream"] {
        let world = World::new().await?;
        let stub = Stub::saying("").await?;
        let unsaved = json!({"connection": tides(&stub.url(), "AKIATIDES", "a-secret-key")});
        let request = world
            .request(Who::Editor, Method::POST, UNSAVED)
            .json(&unsaved);
        let request = request.header("accept", accept);
        let waiting = tokio::spawn(async move {
            let answer = request.send().await?;
            answer.bytes().await
        });
        stub.until_open(1).await?;
        let started = Instant::now();
        waiting.abort();
        stub.until_open(0).await?;
        // Well before the service would have been too slow.
        assert!(started.elapsed() < Duration::from_secs(8), "{accept}");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_tests_without_end_is_told_to_wait() -> Result<()> {
    let world = World::with(|settings| settings.testing.rate.burst = 3).await?;
    store(
        &world,
        &tides("http://127.0.0.1:1", "AKIATIDES", "a-secret-key"),
    )
    .await?;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = post(&world, Who::Editor, TIDES, &json!({})).await?;
        statuses.push(answer.status().as_u16());
    }
    assert!(
        statuses[..3].iter().all(|status| *status == 200),
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
    Ok(())
}

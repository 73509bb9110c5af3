//! Work that hangs, panics or piles up: what else there is to do gets done.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::http::Request;
use bowline_operator::controllers::Key;
use bowline_operator::controllers::inventory::WorkloadRef;
use bowline_operator::controllers::queue::Priority;
use kube::client::Body;
use serde_json::Value;
use tokio::sync::Notify;

use crate::api::{Loop, TestApi};
use crate::tied::{notebook, secret};

/// More than are worked on at the same time.
const MANY: usize = 20;

fn has_status(object: &Value) -> bool {
    object["metadata"]["annotations"]["bowline.dev/connection-status"].is_string()
}

/// A client that does something first, before it sends a request about a Notebook whose name begins
/// so.
fn client_with<F>(api: &TestApi, name: &str, first: impl Fn() -> F + Send + 'static) -> kube::Client
where
    F: Future<Output = ()> + Send + 'static,
{
    let (service, place) = (api.client.clone(), format!("/notebooks/{name}"));
    let answer = move |request: Request<Body>| {
        let is_meant = request.uri().path().contains(&place);
        let first = is_meant.then(&first);
        let service = service.clone();
        async move {
            if let Some(first) = first {
                first.await;
            }
            service.send(request).await
        }
    };
    kube::Client::new(tower::service_fn(answer), "default")
}

fn counted(running: &Loop, outcome: &str) -> bool {
    let counter = "bowline_reconciles_total{controller=\"status\",outcome=";
    let text = running.metrics.encode();
    text.contains(&format!("{counter}\"{outcome}\"}}"))
}

async fn until(what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, wait)
        .await
        .with_context(|| format!("waited in vain until {what}"))
}

#[tokio::test]
async fn work_that_hangs_when_a_term_ends_is_dropped_and_counted() -> Result<()> {
    let api = TestApi::start().await?;
    let asked = Arc::new(Notify::new());
    let heard = Arc::clone(&asked);
    let client = client_with(&api, "lab", move || {
        heard.notify_one();
        std::future::pending()
    });
    api.create(secret("https://a.example/1")).await?;
    api.create(notebook("other")).await?;
    let running = Loop::start(&client);
    api.until(&notebook("other"), has_status).await?;
    api.create(notebook("lab")).await?;
    asked.notified().await;
    let leads = running.leads.as_ref().context("nobody says who leads")?;
    leads.send_replace(false);
    until("it is counted", || counted(&running, "dropped")).await?;
    assert_eq!(running.queue.len(), 1, "whoever leads next has it");
    Ok(())
}

#[tokio::test]
async fn work_that_panics_ends_no_worker() -> Result<()> {
    let api = TestApi::start().await?;
    let client = client_with(&api, "bad", || async { panic!("a defect") });
    api.create(secret("https://a.example/1")).await?;
    for n in 0..MANY {
        api.create(notebook(&format!("bad-{n}"))).await?;
    }
    let running = Loop::start(&client);
    until("they fail", || counted(&running, "failed")).await?;
    api.create(notebook("good")).await?;
    api.until(&notebook("good"), has_status).await?;
    until("only those that panic are left", || {
        running.queue.len() == MANY
    })
    .await
}

#[tokio::test]
async fn a_new_workload_overtakes_two_thousand_refreshes() -> Result<()> {
    let api = TestApi::start().await?;
    // As slow as in a cluster: by themselves they take five seconds.
    let slow = || tokio::time::sleep(Duration::from_millis(40));
    let client = client_with(&api, "", slow);
    api.create(secret("https://a.example/1")).await?;
    let running = Loop::start(&client);
    running.until_idle().await?;
    for n in 0..2000 {
        let reference = WorkloadRef {
            namespace: "team-a".to_owned(),
            kind: "Notebook",
            name: format!("old-{n}"),
        };
        running.queue.add(Key::Status(reference), Priority::Refresh);
    }
    api.create(notebook("new")).await?;
    api.until(&notebook("new"), has_status).await?;
    // How long that takes is measured by the benchmark `operator_convergence`.
    let waiting = running.queue.len();
    assert!(waiting > 200, "only {waiting} refreshes were overtaken");
    Ok(())
}

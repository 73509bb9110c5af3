//! What is in the audit log of those who do not wait for an answer.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::meddle::Way;
use crate::world::Who;

const PATH: &str = "/api/v1/connection";

/// Sends each line of the audit log of this thread to a test.
struct Lines(UnboundedSender<String>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bowline::audit"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let _ = self.0.send(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

/// The request arrives at the Kubernetes API by `held`, and its answer never comes.
#[rstest]
#[case::create(Method::POST, PATH, "fresh", "POST", "create")]
#[case::change(Method::PUT, PATH, "tides", "PATCH", "change")]
#[case::delete(
    Method::DELETE,
    "/api/v1/connection/tides",
    "tides",
    "DELETE",
    "delete"
)]
#[case::values(
    Method::GET,
    "/api/v1/connection/tides/decrypted",
    "tides",
    "GET",
    "read-values"
)]
#[tokio::test]
async fn what_nobody_waits_for_any_more_is_in_the_audit_log(
    #[case] method: Method,
    #[case] path: &str,
    #[case] id: &str,
    #[case] held: &'static str,
    #[case] verb: &str,
) -> Result<()> {
    let world = super::world(|_| ()).await?;
    let git = |id: &str| json!({"id": id, "spec": {"type": "git", "uri": "git@git-host.example:a/b.git", "keySecret": "YQ=="}});
    let stored = world.request(Who::Editor, Method::POST, PATH);
    let stored = stored.body(git("tides").to_string()).send().await?;
    ensure!(stored.status() == 201, "{}", stored.text().await?);
    world.meddler.ask(move |method, uri| {
        let is_held = method == held && uri.path().contains("/secrets");
        async move { if is_held { Way::Held } else { Way::On } }
    });
    let (send, mut lines) = unbounded_channel();
    let _lines = tracing::subscriber::set_default(Lines(send));
    let request = world.request(Who::Editor, method, path);
    let waiting = tokio::spawn(request.body(git(id).to_string()).send());
    world.meddler.until_held().await;
    waiting.abort();
    let line = tokio::time::timeout(Duration::from_secs(20), lines.recv()).await;
    let line = line.context("no line")?.context("no subscriber")?;
    for part in [
        format!("verb=\"{verb}\""),
        format!("name=\"{id}\""),
        "user=\"editor\"".to_owned(),
        "verdict=\"cancelled\"".to_owned(),
    ] {
        assert!(line.contains(&part), "{part} is not in {line}");
    }
    Ok(())
}

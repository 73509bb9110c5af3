//! What is in the audit log of those who do not wait for an answer.

use anyhow::{Result, ensure};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use crate::audit_lines::AuditLines;
use crate::meddle::Way;
use crate::world::Who;

const PATH: &str = "/api/v1/connection";

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
    let mut lines = AuditLines::follow();
    let request = world.request(Who::Editor, method, path);
    let waiting = tokio::spawn(request.body(git(id).to_string()).send());
    world.meddler.until_held().await;
    waiting.abort();
    let line = lines.next().await?;
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

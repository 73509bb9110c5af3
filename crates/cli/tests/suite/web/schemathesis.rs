//! schemathesis makes requests up from the served document, and looks for answers that it does not
//! describe and for faults of the server.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bowline_testkit::s3::UNAVAILABLE;
use bowline_testkit::server::Server;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PostParams};
use serde_json::json;

use super::http;

const BINARY: &str = env!("CARGO_BIN_EXE_bowline");
/// Requests for each operation.
const EXAMPLES: &str = "25";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,unsupported_method";

/// What the examples of the document name.
async fn plant(server: &Server) -> Result<()> {
    let project = json!({"metadata": {"name": "team-a"}});
    let projects: Api<Namespace> = Api::all(server.client().await?);
    projects
        .create(&PostParams::default(), &serde_json::from_value(project)?)
        .await?;
    let tides = json!({"type": "s3", "displayName": "Tides", "values": {
        "AWS_ACCESS_KEY_ID": "AKIATIDES", "AWS_SECRET_ACCESS_KEY": "a-secret-key",
        "AWS_S3_ENDPOINT": "https://s3.example.org", "AWS_S3_BUCKET": "tides", "AWS_DEFAULT_REGION": "us-east-1"}});
    let url = format!("{}/api/v1/projects/team-a/connections", server.ready.http);
    let made = http()?
        .post(url)
        .bearer_auth(&server.ready.token)
        .json(&tides)
        .send()
        .await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    Ok(())
}

#[tokio::test]
async fn no_request_is_answered_otherwise_than_the_document_says() -> Result<()> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/schemathesis.sh");
    let found = Command::new(script).output()?;
    if found.status.code() == Some(UNAVAILABLE) {
        anstream::eprintln!(
            "SKIPPED: there is no schemathesis here: {}",
            String::from_utf8_lossy(&found.stderr)
        );
        return Ok(());
    }
    ensure!(
        found.status.success(),
        "{}",
        String::from_utf8_lossy(&found.stderr)
    );
    let schemathesis = String::from_utf8(found.stdout)?;
    let data = tempfile::tempdir()?;
    let server = Server::start_with(BINARY, data.path(), "info")?;
    plant(&server).await?;
    let output = Command::new(schemathesis.trim())
        .args([
            "run",
            "--no-color",
            "--seed",
            "1",
            "--max-examples",
            EXAMPLES,
            "--checks",
            CHECKS,
        ])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--rate-limit",
            "40/s",
            "--request-timeout",
            "10",
            "--max-time",
            "100",
        ])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", server.ready.token))
        .arg(format!("{}/api/v1/openapi.json", server.ready.http))
        .current_dir(data.path())
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .context("schemathesis does not start")?;
    let said = String::from_utf8_lossy(&output.stdout).replace(&server.ready.token, "TOKEN");
    ensure!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

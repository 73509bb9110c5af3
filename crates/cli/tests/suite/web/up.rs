//! The web server of `bowline up`: signing in, further users, health and metrics.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use assert_cmd::Command;
use bowline_testkit::Canaries;
use bowline_testkit::server::Server;
use serde_json::json;
use tempfile::TempDir;

use super::{WHOAMI, http, whoami};

const BINARY: &str = env!("CARGO_BIN_EXE_bowline");

/// Whether a link signs a browser in as the administrator, once, and is in no log.
async fn signs_in_once(server: &Server, link: &str) -> Result<()> {
    let http = http()?;
    let first = http.get(link).send().await?;
    assert_eq!(first.status(), 303);
    let cookie = first.headers()["set-cookie"].to_str()?;
    let cookie = cookie.split(';').next().context("a cookie")?.to_owned();
    let request = http
        .get(format!("{}{WHOAMI}", server.ready.http))
        .header("cookie", cookie);
    assert_eq!(
        whoami(request).await?.map(|(user, _)| user).as_deref(),
        Some("bowline-admin")
    );
    assert_eq!(http.get(link).send().await?.status(), 403);
    let code = link.rsplit('/').next().context("a code")?;
    assert!(
        !fs::read_to_string(&server.log)?.contains(code),
        "the log tells the code"
    );
    Ok(())
}

#[tokio::test]
async fn the_link_that_is_said_at_the_start_signs_a_browser_in_once() -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start(BINARY, data.path())?;
    signs_in_once(&server, &server.ready.login).await
}

#[test]
fn a_machine_without_authorities_starts_with_an_issuer_all_the_same() -> Result<()> {
    let data = tempfile::tempdir()?;
    // As in the image, which has nothing but the program.
    let environment = [
        ("SSL_CERT_FILE", "/nowhere"),
        ("SSL_CERT_DIR", "/nowhere"),
        ("BOWLINE_OIDC_ISSUER_URL", "https://issuer.example"),
        ("BOWLINE_OIDC_CLIENT_ID", "bowline"),
    ];
    Server::start_in(BINARY, data.path(), &environment)?.stop()?;
    Ok(())
}

/// What `bowline login` says of this state.
fn login(data: &Path) -> Result<std::process::Output> {
    let mut command = Command::cargo_bin("bowline")?;
    Ok(command.arg("login").arg("--data").arg(data).output()?)
}

#[tokio::test]
async fn each_link_that_is_asked_for_signs_a_browser_in_once() -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start(BINARY, data.path())?;
    for _ in 0..2 {
        let said = login(data.path())?;
        let link = String::from_utf8(said.stdout)?;
        let link = link.strip_suffix('\n').context("one line")?;
        assert!(
            link.starts_with(&format!("{}/login/", server.ready.http)),
            "{link}"
        );
        assert_eq!(
            String::from_utf8(said.stderr)?,
            "good once, for 5 minutes\n"
        );
        signs_in_once(&server, link).await?;
    }
    Ok(())
}

#[test]
fn where_nothing_serves_there_is_no_link() -> Result<()> {
    let data = tempfile::tempdir()?;
    let said = login(data.path())?;
    let words = String::from_utf8(said.stderr)?;
    assert!(said.stdout.is_empty());
    assert!(
        words.contains("no `bowline up` serves") && words.contains("start `bowline up`"),
        "{words}"
    );
    Ok(())
}

/// A file of tokens with a mode.
fn token_file(data: &TempDir, text: &str, mode: u32) -> Result<String> {
    let path = data.path().join("tokens.csv");
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    Ok(path.to_str().context("a path")?.to_owned())
}

#[tokio::test]
async fn users_of_a_token_file_have_the_rights_of_their_name_and_groups() -> Result<()> {
    let data = tempfile::tempdir()?;
    let file = token_file(&data, "a-token,ada,1,\"team-a,readers\"\n", 0o600)?;
    let environment = [("RUST_LOG", "trace"), ("BOWLINE_TOKEN_AUTH_FILE", &file)];
    let server = Server::start_in(BINARY, data.path(), &environment)?;
    let http = http()?;
    let url = |path: &str| format!("{}{path}", server.ready.http);
    let who = whoami(http.get(url(WHOAMI)).bearer_auth("a-token"))
        .await?
        .context("known")?;
    assert_eq!(
        who,
        (
            "ada".to_owned(),
            ["team-a", "readers", "system:authenticated"]
                .map(str::to_owned)
                .into()
        )
    );
    let list = http
        .get(url("/api/v1/projects/default/connections"))
        .bearer_auth("a-token");
    assert_eq!(list.send().await?.status(), 403);
    let types = http
        .get(url("/api/v1/connection-types"))
        .bearer_auth("a-token");
    assert_eq!(types.send().await?.status(), 200);
    assert_eq!(
        whoami(http.get(url(WHOAMI)).bearer_auth("another")).await?,
        None
    );
    Ok(())
}

/// What `bowline up` says when it does not start.
fn refused(data: &Path, file: &str) -> Result<String> {
    let mut command = Command::cargo_bin("bowline")?;
    let flags = [
        "up",
        "--kubernetes-port",
        "0",
        "--admission-port",
        "0",
        "--http-port",
        "0",
    ];
    command
        .args(flags)
        .arg("--data")
        .arg(data)
        .args(["--token-auth-file", file]);
    let output = command.output()?;
    assert_eq!(output.status.code(), Some(2));
    Ok(String::from_utf8(output.stderr)?)
}

#[test]
fn a_token_file_that_others_can_read_is_refused() -> Result<()> {
    let data = tempfile::tempdir()?;
    let file = token_file(&data, "a-token,ada,1\n", 0o644)?;
    assert!(refused(data.path(), &file)?.contains("cause: the file can be read by others"));
    Ok(())
}

#[test]
fn a_token_file_that_is_not_understood_is_refused_without_telling_a_token() -> Result<()> {
    let data = tempfile::tempdir()?;
    let file = token_file(&data, "a-token,ada,1\nanother-token,bob\n", 0o600)?;
    let said = refused(data.path(), &file)?;
    assert!(
        said.contains("line 2: there are not 3 or 4 columns"),
        "{said}"
    );
    assert!(
        !said.contains("a-token") && !said.contains("another-token"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn every_change_and_every_read_of_values_is_in_the_audit_log_without_the_values() -> Result<()>
{
    let data = tempfile::tempdir()?;
    let server = Server::start(BINARY, data.path())?;
    let mut canaries = Canaries::default();
    let mut plant = |key: &str| canaries.plant(format!("a connection made over REST, {key}"));
    let body = json!({"type": "s3", "displayName": "Charts", "values": {
        "AWS_ACCESS_KEY_ID": plant("AWS_ACCESS_KEY_ID"), "AWS_SECRET_ACCESS_KEY": plant("AWS_SECRET_ACCESS_KEY"),
        "AWS_S3_ENDPOINT": "https://s3.example.org", "AWS_S3_BUCKET": "charts", "AWS_DEFAULT_REGION": "us-east-1"}});
    let http = http()?;
    let url = format!("{}/api/v1/projects/default/connections", server.ready.http);
    let token = &server.ready.token;
    let created = http
        .post(&url)
        .bearer_auth(token)
        .json(&body)
        .send()
        .await?;
    assert_eq!(created.status(), 201);
    http.get(format!("{url}/charts/values"))
        .bearer_auth(token)
        .send()
        .await?
        .error_for_status()?;
    http.delete(format!("{url}/nothing"))
        .bearer_auth(token)
        .send()
        .await?;
    let log = fs::read_to_string(&server.log)?;
    let audited: Vec<_> = log
        .lines()
        .filter(|line| line.contains("bowline::audit"))
        .collect();
    for (line, parts) in audited.iter().zip([
        ["bowline-admin create connection", "verdict=\"done\""],
        ["bowline-admin read-values connection", "verdict=\"done\""],
        ["bowline-admin delete connection", "verdict=\"failed\""],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    assert_eq!(audited.len(), 3);
    assert!(canaries.leaks(&log).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_test_that_nobody_waits_for_any_more_is_in_the_audit_log() -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start(BINARY, data.path())?;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let location = format!("http://{}/", silent.local_addr()?);
    let body = json!({"connection": {"type": "uri-v1", "values": {"URI": location}}});
    let url = format!("{}/api/v1/projects/default/test", server.ready.http);
    let request = http()?.post(&url).bearer_auth(&server.ready.token);
    let waiting = tokio::spawn(request.json(&body).send());
    let _taken = silent.accept().await?;
    waiting.abort();
    let is_told = || -> Result<bool> {
        let log = fs::read_to_string(&server.log)?;
        let is_ours = |line: &str| {
            line.contains("bowline-admin test connection") && line.contains("verdict=\"cancelled\"")
        };
        Ok(log.lines().any(is_ours))
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while !is_told()? {
        assert!(std::time::Instant::now() < deadline, "no line was written");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test]
async fn one_scrape_tells_of_the_operator_and_of_requests() -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start(BINARY, data.path())?;
    let http = http()?;
    let get = |path: &str| http.get(format!("{}{path}", server.ready.http)).send();
    assert_eq!(get("/readyz").await?.text().await?, "ok\n");
    get(WHOAMI).await?;
    let metrics = get("/metrics").await?;
    let media_type = metrics.headers()["content-type"].to_str()?.to_owned();
    assert!(
        media_type.starts_with("application/openmetrics-text"),
        "{media_type}"
    );
    let text = metrics.text().await?;
    for family in [
        "bowline_leader 1",
        "bowline_panics_total",
        "bowline_http_requests_total{method=\"GET\",route=\"/api/v1/whoami\",status=\"401\"} 1",
    ] {
        assert!(text.contains(family), "{family}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
    Ok(())
}

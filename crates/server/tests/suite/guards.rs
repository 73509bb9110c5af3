//! What every request and every answer goes through: hosts, headers, limits, problem documents.

mod senders;

use std::time::{Duration, Instant};

use anyhow::Result;
use bowline_server::listen::Patience;
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{Who, World, problem};

const WHOAMI: &str = "/api/v1/whoami";

#[rstest]
#[case::another_site("evil.test")]
#[case::another_site_on_our_port("evil.test:PORT")]
#[case::another_port("127.0.0.1:1")]
#[tokio::test]
async fn a_request_for_another_host_is_refused(#[case] host: &str) -> Result<()> {
    let world = World::new().await?;
    let port = world.url.rsplit(':').next().unwrap_or_default();
    let request = world.request(Who::Admin, Method::GET, WHOAMI);
    let answer = request
        .header("host", host.replace("PORT", port))
        .send()
        .await?;
    assert_eq!(answer.status(), 421);
    assert_eq!(
        problem(answer).await?["type"],
        "https://bowline.dev/problems/misdirected"
    );
    Ok(())
}

#[rstest]
#[case::data(
    WHOAMI,
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)]
#[case::a_refusal(
    "/nowhere",
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)]
#[case::documentation(
    "/docs/",
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)]
#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful(
    #[case] path: &str,
    #[case] policy: &str,
) -> Result<()> {
    let world = World::new().await?;
    let answer = world.get(Who::Admin, path).await?;
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    assert_eq!(header("content-security-policy"), Some(policy));
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert_eq!(header("x-frame-options"), Some("DENY"));
    assert_eq!(header("referrer-policy"), Some("no-referrer"));
    assert_eq!(header("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(header("access-control-allow-origin"), None);
    let is_data = path != "/docs/";
    assert_eq!(header("cache-control"), is_data.then_some("no-store"));
    Ok(())
}

#[tokio::test]
async fn the_pages_of_the_documentation_have_no_script_of_their_own() -> Result<()> {
    let world = World::new().await?;
    let page = world.get(Who::Anonymous, "/docs/").await?.text().await?;
    assert!(
        page.contains("<script src=\"./swagger-ui-bundle.js\""),
        "{page}"
    );
    let inline = page
        .split("<script")
        .skip(1)
        .any(|script| !script.trim_start().starts_with("src="));
    assert!(
        !inline && !page.contains("<style") && !page.contains("http://"),
        "{page}"
    );
    Ok(())
}

#[rstest]
#[case::no_path(Method::GET, "/api/v1/nothing", 404, "not-found")]
#[case::no_method(Method::DELETE, WHOAMI, 405, "method-not-allowed")]
#[case::nobody(Method::GET, WHOAMI, 401, "unauthenticated")]
#[tokio::test]
async fn every_refusal_is_a_problem_document(
    #[case] method: Method,
    #[case] path: &str,
    #[case] status: u16,
    #[case] word: &str,
) -> Result<()> {
    let world = World::new().await?;
    let answer = world
        .request(Who::Anonymous, method, path)
        .header("x-request-id", "my-own-1")
        .send()
        .await?;
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["x-request-id"], "my-own-1");
    let allowed = answer
        .headers()
        .get("allow")
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    assert_eq!(allowed.as_deref(), (status == 405).then_some("GET,HEAD"));
    let document = problem(answer).await?;
    assert_eq!(
        document["type"],
        format!("https://bowline.dev/problems/{word}")
    );
    assert_eq!(
        (&document["status"], &document["requestId"]),
        (&json!(status), &json!("my-own-1"))
    );
    Ok(())
}

#[tokio::test]
async fn who_is_not_known_is_told_how_to_say_so() -> Result<()> {
    let world = World::new().await?;
    let answer = world.get(Who::Anonymous, WHOAMI).await?;
    assert_eq!(
        answer.headers()["www-authenticate"],
        "Bearer realm=\"bowline\""
    );
    Ok(())
}

#[tokio::test]
async fn head_is_get_without_a_body() -> Result<()> {
    let world = World::new().await?;
    let answer = world
        .request(Who::Admin, Method::HEAD, WHOAMI)
        .send()
        .await?;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn who_sends_too_much_waits_and_others_do_not() -> Result<()> {
    let world = World::with(|settings| {
        settings.limits.rate.burst = 3;
        settings.limits.rate.per_second = 1;
    })
    .await?;
    let mut last = None;
    for _ in 0..5 {
        last = Some(world.get(Who::Viewer, WHOAMI).await?);
    }
    let last = last.expect("five answers");
    assert_eq!(last.status(), 429);
    assert_eq!(last.headers()["retry-after"], "1");
    problem(last).await?;
    assert_eq!(world.get(Who::Editor, WHOAMI).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_defect_costs_its_own_request_only() -> Result<()> {
    let world = World::new().await?;
    let answer = world.get(Who::Anonymous, "/defect").await?;
    assert_eq!(answer.status(), 500);
    let text = problem(answer).await?.to_string();
    assert!(
        text.contains("requestId") && !text.contains("on purpose"),
        "{text}"
    );
    assert_eq!(world.get(Who::Admin, WHOAMI).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn more_requests_at_a_time_than_there_is_room_for_are_told_to_come_back() -> Result<()> {
    let world = World::with(|settings| settings.limits.in_flight = 0).await?;
    let answer = world.get(Who::Admin, WHOAMI).await?;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    problem(answer).await?;
    Ok(())
}

/// Sends bytes as they are, and returns what comes back until the server closes.
async fn raw(world: &World, bytes: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    let _ = read.await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_let_go() -> Result<()> {
    let patience = Patience {
        headers: Duration::from_millis(300),
        ..Patience::default()
    };
    let world = World::patient(patience, |_| ()).await?;
    let started = Instant::now();
    raw(&world, b"GET /api/v1/whoami HTTP/1.1\r\nHost: loc").await?;
    assert!(started.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[rstest]
#[case::nothing(b"")]
#[case::half_a_preface(b"PRI * HTTP/2.0\r\n")]
#[case::a_preface(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
#[tokio::test]
async fn a_client_that_asks_nothing_is_let_go(#[case] first: &[u8]) -> Result<()> {
    let patience = Patience {
        headers: Duration::from_millis(300),
        ..Patience::default()
    };
    let world = World::patient(patience, |_| ()).await?;
    let started = Instant::now();
    raw(&world, first).await?;
    assert!(started.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[tokio::test]
async fn headers_without_end_are_refused() -> Result<()> {
    let world = World::new().await?;
    let host = world.url.trim_start_matches("http://");
    let long = "a".repeat(40_000);
    let request = format!("GET {WHOAMI} HTTP/1.1\r\nHost: {host}\r\nX-Long: {long}\r\n\r\n");
    let answer = raw(&world, request.as_bytes());
    assert!(answer.await?.starts_with("HTTP/1.1 431"));
    Ok(())
}

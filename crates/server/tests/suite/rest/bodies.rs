//! Bodies of requests: their form, their media type, their size, and whether they come at all.

use anyhow::Result;
use reqwest::Method;
use rstest::rstest;

use super::{CONNECTIONS, tides};
use crate::world::{Who, World, problem};

#[rstest]
#[case::not_json("{", 400)]
#[case::another_form("{\"type\": 7}", 422)]
#[case::not_an_object("[1]", 422)]
#[tokio::test]
async fn a_body_that_is_not_understood_is_not_repeated(
    #[case] body: &str,
    #[case] status: u16,
) -> Result<()> {
    let world = World::new().await?;
    let body = body.replace(
        '7',
        "\"Canary/0123456789abcdef+0123456789abcdef\", \"name\": 7",
    );
    let request = world
        .request(Who::Editor, Method::POST, CONNECTIONS)
        .header("content-type", "application/json");
    let answer = request.body(body).send().await?;
    assert_eq!(answer.status(), status);
    let text = problem(answer).await?.to_string();
    assert!(
        text.contains("line 1") && !text.contains("0123456789abcdef"),
        "{text}"
    );
    Ok(())
}

#[rstest]
#[case::text("text/plain", 415)]
#[case::a_form("application/x-www-form-urlencoded", 415)]
#[case::json("application/json; charset=utf-8", 201)]
#[tokio::test]
async fn bodies_are_json(#[case] media_type: &str, #[case] status: u16) -> Result<()> {
    let world = World::new().await?;
    let request = world
        .request(Who::Editor, Method::POST, CONNECTIONS)
        .header("content-type", media_type);
    let answer = request.body(tides().to_string()).send().await?;
    assert_eq!(answer.status(), status);
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_however_it_is_sent() -> Result<()> {
    let world = World::new().await?;
    let large = vec![b' '; bowline_server::guard::MAX_BODY + 1];
    let whole = world
        .request(Who::Editor, Method::POST, CONNECTIONS)
        .header("content-type", "application/json");
    assert_eq!(whole.body(large.clone()).send().await?.status(), 413);
    let pieces = futures::stream::iter(
        large
            .chunks(65_536)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect::<Vec<_>>(),
    );
    let streamed = world
        .request(Who::Editor, Method::POST, CONNECTIONS)
        .header("content-type", "application/json");
    let answer = streamed
        .body(reqwest::Body::wrap_stream(pieces))
        .send()
        .await?;
    assert_eq!(answer.status(), 413);
    Ok(())
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() -> Result<()> {
    let world =
        World::with(|settings| settings.limits.time = std::time::Duration::from_millis(300))
            .await?;
    let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = world
        .request(Who::Editor, Method::POST, CONNECTIONS)
        .header("content-type", "application/json");
    let answer = request
        .body(reqwest::Body::wrap_stream(never))
        .send()
        .await?;
    assert_eq!(answer.status(), 408);
    Ok(())
}

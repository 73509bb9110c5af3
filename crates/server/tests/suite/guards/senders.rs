//! What finding out who sends a request may cost: it is limited like everything after it, and nobody
//! tries out tokens quickly.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use reqwest::{Method, StatusCode};

use super::WHOAMI;
use crate::world::{ENDLESS, Who, World, problem};

/// A server that takes three of everything from everybody, and never more.
async fn world() -> Result<World> {
    World::with(|settings| {
        settings.limits.rate.burst = 3;
        settings.limits.rate.per_second = 0;
    })
    .await
}

async fn status(world: &World, token: &str) -> Result<u16> {
    let request = world.request(Who::Anonymous, Method::GET, WHOAMI);
    Ok(request.bearer_auth(token).send().await?.status().as_u16())
}

/// Tries out more tokens than an address may.
async fn guess(world: &World) -> Result<Vec<u16>> {
    let mut seen = Vec::new();
    for guess in 0..5 {
        seen.push(status(world, &format!("guess-{guess}")).await?);
    }
    Ok(seen)
}

#[tokio::test]
async fn wrong_tokens_cannot_be_tried_quickly() -> Result<()> {
    assert_eq!(guess(&world().await?).await?, [401, 401, 401, 429, 429]);
    Ok(())
}

#[tokio::test]
async fn whoever_has_tried_too_many_tokens_makes_us_ask_nobody() -> Result<()> {
    let world = world().await?;
    guess(&world).await?;
    assert_eq!(world.asked.load(Ordering::Relaxed), 3);
    Ok(())
}

#[tokio::test]
async fn who_guesses_keeps_out_nobody_who_works_at_the_same_address() -> Result<()> {
    let world = world().await?;
    assert_eq!(world.get(Who::Viewer, WHOAMI).await?.status(), 200);
    guess(&world).await?;
    assert_eq!(world.get(Who::Viewer, WHOAMI).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn who_guesses_ends_no_session_at_the_same_address() -> Result<()> {
    let world = world().await?;
    let link = format!("/login/{}", world.code);
    let begun = world.get(Who::Anonymous, &link).await?;
    let cookie = begun.headers()["set-cookie"].to_str()?.to_owned();
    let cookie = cookie.split(';').next().unwrap_or_default();
    guess(&world).await?;
    let request = world.request(Who::Anonymous, Method::GET, WHOAMI);
    let answer = request.header("cookie", cookie).send().await?;
    assert_eq!(answer.status(), 200);
    Ok(())
}

#[tokio::test]
async fn good_tokens_cost_nothing_of_what_an_address_may_guess() -> Result<()> {
    let world = world().await?;
    for who in [Who::Viewer, Who::Editor, Who::Admin, Who::Other] {
        assert_eq!(world.get(who, WHOAMI).await?.status(), 200, "{who:?}");
    }
    assert_eq!(guess(&world).await?[..3], [401, 401, 401]);
    Ok(())
}

#[tokio::test]
async fn without_a_place_nobody_is_asked_who_sends_a_request() -> Result<()> {
    let world = World::with(|settings| settings.limits.in_flight = 0).await?;
    assert_eq!(world.get(Who::Admin, WHOAMI).await?.status(), 503);
    assert_eq!(world.asked.load(Ordering::Relaxed), 0);
    Ok(())
}

#[tokio::test]
async fn finding_out_who_sends_a_request_takes_no_longer_than_the_request_may() -> Result<()> {
    let world = World::with(|settings| settings.limits.time = Duration::from_millis(100)).await?;
    let request = world.request(Who::Anonymous, Method::GET, WHOAMI);
    let answer = request
        .bearer_auth(ENDLESS)
        .timeout(Duration::from_secs(20));
    let answer = answer.send().await?;
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    problem(answer).await?;
    Ok(())
}

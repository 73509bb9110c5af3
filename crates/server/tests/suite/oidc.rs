//! Signing in at a real OpenID provider.

mod browser;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bowline_core::Sensitive;
use bowline_server::session::oidc;
use bowline_testkit::Oidc;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::world::{Who, World, problem};
use browser::Browser;

const WHOAMI: &str = "/api/v1/whoami";

fn settings(provider: &Oidc) -> oidc::Settings {
    let ready = &provider.ready;
    oidc::Settings {
        issuer_url: ready.issuer.clone(),
        client_id: ready.client_id.clone(),
        client_secret: Some(Sensitive::from(ready.client_secret.as_str())),
        username_claim: "sub".to_owned(),
        groups_claim: "groups".to_owned(),
        ca: None,
    }
}

async fn world(settings: oidc::Settings) -> Result<World> {
    let oidc = Arc::new(oidc::Oidc::new(settings)?);
    World::with(|settings| settings.oidc = Some(oidc)).await
}

/// Signs in as somebody, as far as the page that the server shows at the end.
async fn sign_in(
    browser: &mut Browser,
    world: &World,
    provider: &Oidc,
    user: &str,
) -> Result<reqwest::Response> {
    let form = browser.follow(&format!("{}/oidc/login", world.url)).await?;
    ensure!(
        form.status() == StatusCode::OK,
        "no login page: {}",
        form.text().await?
    );
    let at = form.url().to_string();
    browser
        .submit(
            &at,
            &[("user", user), ("password", &provider.ready.password)],
        )
        .await
}

async fn whoami(browser: &mut Browser, world: &World) -> Result<Value> {
    Ok(browser
        .follow(&format!("{}{WHOAMI}", world.url))
        .await?
        .json()
        .await?)
}

#[tokio::test]
async fn whoever_signs_in_at_the_provider_has_a_session() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let world = world(settings(&provider)).await?;
    let mut browser = Browser::new()?;
    let page = sign_in(&mut browser, &world, &provider, "ada").await?;
    assert_eq!(page.status(), 200);
    let cookies: Vec<_> = page
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    assert!(
        cookies
            .iter()
            .any(|cookie| cookie.starts_with("bowline-session=")
                && cookie.ends_with("Path=/; HttpOnly; SameSite=Strict")),
        "{} cookies",
        cookies.len()
    );
    let who = whoami(&mut browser, &world).await?;
    assert_eq!(who["user"], format!("{}#ada", provider.ready.issuer));
    Ok(())
}

#[tokio::test]
async fn a_provider_cannot_give_away_the_groups_of_kubernetes() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let world = world(settings(&provider)).await?;
    let mut browser = Browser::new()?;
    sign_in(&mut browser, &world, &provider, "ada").await?;
    let who = whoami(&mut browser, &world).await?;
    assert_eq!(
        who["groups"],
        serde_json::json!(["team-a", "system:authenticated"])
    );
    Ok(())
}

#[tokio::test]
async fn a_client_without_a_secret_signs_in_by_its_verifier_alone() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let mut settings = settings(&provider);
    settings
        .client_id
        .clone_from(&provider.ready.public_client_id);
    settings.client_secret = None;
    let world = world(settings).await?;
    let mut browser = Browser::new()?;
    let page = sign_in(&mut browser, &world, &provider, "bob").await?;
    assert_eq!(page.status(), 200);
    Ok(())
}

#[tokio::test]
async fn an_email_address_that_nobody_checked_names_nobody() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let mut settings = settings(&provider);
    settings.username_claim = "email".to_owned();
    let world = world(settings).await?;
    let refused = sign_in(&mut Browser::new()?, &world, &provider, "bob").await?;
    assert_eq!(refused.status(), 403);
    let mut browser = Browser::new()?;
    sign_in(&mut browser, &world, &provider, "ada").await?;
    assert_eq!(
        whoami(&mut browser, &world).await?["user"],
        "ada@example.org"
    );
    Ok(())
}

#[tokio::test]
async fn what_came_back_is_good_once_and_in_the_same_browser_only() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let world = world(settings(&provider)).await?;
    let mut browser = Browser::new()?;
    let page = sign_in(&mut browser, &world, &provider, "ada").await?;
    let back = page.url().to_string();
    ensure!(back.contains("/oidc/callback?code="), "{back}");
    for browser in [&mut browser, &mut Browser::new()?] {
        let again = browser.follow(&back).await?;
        assert_eq!(again.status(), 403);
        problem(again).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_sign_in_that_another_browser_began_is_refused() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let world = world(settings(&provider)).await?;
    let begun = world.get(Who::Anonymous, "/oidc/login").await?;
    let location = begun.headers()["location"].to_str()?.to_owned();
    let mut victim = Browser::new()?;
    let form = victim.follow(&location).await?;
    let at = form.url().to_string();
    let end = victim
        .submit(
            &at,
            &[("user", "ada"), ("password", &provider.ready.password)],
        )
        .await?;
    assert_eq!(end.status(), 403);
    assert!(end.headers().get("set-cookie").is_none());
    Ok(())
}

#[tokio::test]
async fn an_id_token_is_a_bearer_token_for_its_own_audience_only() -> Result<()> {
    let Some(provider) = Oidc::start()? else {
        return Ok(());
    };
    let world = world(settings(&provider)).await?;
    let secret = Some(provider.ready.client_secret.as_str());
    let own = browser::id_token(&provider, &provider.ready.client_id, secret).await?;
    let other = browser::id_token(&provider, &provider.ready.public_client_id, None).await?;
    for (token, status) in [(own, 200), (other, 401)] {
        let request = world.request(Who::Anonymous, Method::GET, WHOAMI);
        assert_eq!(request.bearer_auth(token).send().await?.status(), status);
    }
    Ok(())
}

#[tokio::test]
async fn tokens_by_a_new_key_of_the_provider_are_taken() -> Result<()> {
    let Some(mut provider) = Oidc::start()? else {
        return Ok(());
    };
    let world = world(settings(&provider)).await?;
    let secret = provider.ready.client_secret.clone();
    let token = browser::id_token(&provider, &provider.ready.client_id, Some(&secret)).await?;
    assert_eq!(status(&world, &token).await?, 200);
    provider.rotate()?;
    let token = browser::id_token(&provider, &provider.ready.client_id, Some(&secret)).await?;
    // Unknown keys make the server look for new ones only now and then.
    let deadline = Instant::now() + Duration::from_secs(20);
    while status(&world, &token).await? != 200 {
        ensure!(Instant::now() < deadline, "the new key is not taken");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn status(world: &World, token: &str) -> Result<u16> {
    let request = world.request(Who::Anonymous, Method::GET, WHOAMI);
    Ok(request.bearer_auth(token).send().await?.status().as_u16())
}

//! Who a request is taken for: tokens, trusted proxies, and headers that others make up.

use anyhow::Result;
use bowline_server::callers::Proxies;
use reqwest::Method;
use rstest::rstest;
use serde_json::Value;

use crate::world::{Who, World};

const WHOAMI: &str = "/api/v1/whoami";

async fn whoami(world: &World, who: Who, headers: &[(&str, &str)]) -> Result<Option<String>> {
    let mut request = world.request(who, Method::GET, WHOAMI);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await?;
    if answer.status() == 401 {
        return Ok(None);
    }
    let who: Value = answer.error_for_status()?.json().await?;
    Ok(who["user"].as_str().map(str::to_owned))
}

async fn behind_a_proxy() -> Result<World> {
    World::with(|settings| {
        settings.proxies = Proxies(vec!["127.0.0.1".parse().expect("an address")])
    })
    .await
}

#[rstest]
#[case("x-remote-user")]
#[case("x-forwarded-user")]
#[tokio::test]
async fn a_trusted_proxy_says_who_it_is(#[case] header: &str) -> Result<()> {
    let world = behind_a_proxy().await?;
    assert_eq!(
        whoami(&world, Who::Anonymous, &[(header, "viewer")])
            .await?
            .as_deref(),
        Some("viewer")
    );
    Ok(())
}

#[rstest]
#[case("x-remote-user")]
#[case("x-forwarded-user")]
#[case("impersonate-user")]
#[tokio::test]
async fn nobody_else_does(#[case] header: &str) -> Result<()> {
    let world = World::new().await?;
    assert_eq!(
        whoami(&world, Who::Anonymous, &[(header, "admin")]).await?,
        None
    );
    assert_eq!(
        whoami(&world, Who::Viewer, &[(header, "admin")])
            .await?
            .as_deref(),
        Some("viewer")
    );
    Ok(())
}

#[tokio::test]
async fn impersonation_headers_are_dropped_even_from_an_administrator_or_a_proxy() -> Result<()> {
    let world = behind_a_proxy().await?;
    let headers = [
        ("impersonate-user", "viewer"),
        ("impersonate-group", "system:masters"),
    ];
    assert_eq!(
        whoami(&world, Who::Admin, &headers).await?.as_deref(),
        Some("admin")
    );
    assert_eq!(whoami(&world, Who::Anonymous, &headers).await?, None);
    Ok(())
}

#[rstest]
#[case("Basic YWRtaW46YWRtaW4=")]
#[case("Bearer")]
#[case("Bearer wrong")]
#[case("token-of-admin")]
#[tokio::test]
async fn an_authorization_that_is_no_token_of_ours_is_refused(
    #[case] authorization: &str,
) -> Result<()> {
    let world = World::new().await?;
    assert_eq!(
        whoami(&world, Who::Anonymous, &[("authorization", authorization)]).await?,
        None
    );
    Ok(())
}

#[tokio::test]
async fn a_change_that_another_site_makes_a_browser_send_through_a_proxy_is_refused() -> Result<()>
{
    let world = behind_a_proxy().await?;
    let request = world
        .request(Who::Anonymous, Method::POST, "/logout")
        .header("x-remote-user", "viewer");
    let answer = request
        .header("sec-fetch-site", "cross-site")
        .send()
        .await?;
    assert_eq!(answer.status(), 403);
    Ok(())
}

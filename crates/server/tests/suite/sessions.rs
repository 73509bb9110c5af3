//! Sessions of browsers: one-time links, cookies, changes from other sites, sign-out.

use anyhow::Result;
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::Value;

use crate::world::{Who, World, problem};

const WHOAMI: &str = "/api/v1/whoami";

/// Follows a one-time link; the cookie, and what browsers are told about it.
async fn sign_in(world: &World) -> Result<(String, String)> {
    let answer = world
        .get(Who::Anonymous, &format!("/login/{}", world.code))
        .await?;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/docs/");
    let cookie = answer.headers()["set-cookie"].to_str()?.to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap_or_default();
    Ok((pair.to_owned(), attributes.to_owned()))
}

async fn with_cookie(
    world: &World,
    method: Method,
    path: &str,
    cookie: &str,
    headers: &[(&str, &str)],
) -> Result<Response> {
    let mut request = world
        .request(Who::Anonymous, method, path)
        .header("cookie", cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

#[tokio::test]
async fn a_one_time_link_begins_a_session_of_whom_it_was_made_for() -> Result<()> {
    let world = World::new().await?;
    let (cookie, attributes) = sign_in(&world).await?;
    assert_eq!(
        attributes,
        "Max-Age=43200; Path=/; HttpOnly; SameSite=Strict"
    );
    let who: Value = with_cookie(&world, Method::GET, WHOAMI, &cookie, &[])
        .await?
        .json()
        .await?;
    assert_eq!(who["user"], "admin");
    Ok(())
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_only() -> Result<()> {
    let world = World::with(|settings| {
        settings.is_secure = true;
        settings.sessions = std::sync::Arc::new(bowline_server::session::Sessions::new(true));
    })
    .await?;
    let (cookie, attributes) = sign_in(&world).await?;
    assert!(cookie.starts_with("__Host-bowline-session="), "{cookie}");
    assert_eq!(
        attributes,
        "Max-Age=43200; Path=/; HttpOnly; SameSite=Strict; Secure"
    );
    Ok(())
}

#[tokio::test]
async fn a_link_is_good_once() -> Result<()> {
    let world = World::new().await?;
    sign_in(&world).await?;
    let again = world
        .get(Who::Anonymous, &format!("/login/{}", world.code))
        .await?;
    assert_eq!(
        (again.status().as_u16(), again.headers().get("set-cookie")),
        (403, None)
    );
    problem(again).await?;
    Ok(())
}

#[rstest]
#[case::looked_at_only(Method::HEAD, None)]
#[case::from_another_site(Method::GET, Some("cross-site"))]
#[tokio::test]
async fn a_link_that_nobody_follows_by_hand_is_not_used_up(
    #[case] method: Method,
    #[case] site: Option<&str>,
) -> Result<()> {
    let world = World::new().await?;
    let mut request = world.request(Who::Anonymous, method, &format!("/login/{}", world.code));
    if let Some(site) = site {
        request = request.header("sec-fetch-site", site);
    }
    assert_eq!(request.send().await?.status(), 403);
    sign_in(&world).await?;
    Ok(())
}

#[rstest]
#[case::none("", 401)]
#[case::a_guess("bowline-session=abcdefghijkmnpqrstuvwxyz23456789", 401)]
#[case::another_name("session=COOKIE", 401)]
#[case::two("bowline-session=COOKIE; bowline-session=x", 401)]
#[case::among_others("theme=dark; bowline-session=COOKIE; a=b", 200)]
#[tokio::test]
async fn only_the_very_cookie_is_a_session(
    #[case] cookie: &str,
    #[case] status: u16,
) -> Result<()> {
    let world = World::new().await?;
    let (own, _) = sign_in(&world).await?;
    let value = own
        .split_once('=')
        .map(|(_, value)| value)
        .unwrap_or_default();
    let answer = with_cookie(
        &world,
        Method::GET,
        WHOAMI,
        &cookie.replace("COOKIE", value),
        &[],
    )
    .await?;
    assert_eq!(answer.status(), status);
    Ok(())
}

#[rstest]
#[case::from_our_page(&[("x-bowline-csrf", "1"), ("sec-fetch-site", "same-origin")], 204)]
#[case::a_form_of_another_site(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")], 403)]
#[case::a_script_of_another_site(&[("x-bowline-csrf", "1"), ("sec-fetch-site", "cross-site")], 403)]
#[case::another_port_of_this_host(&[("x-bowline-csrf", "1"), ("sec-fetch-site", "same-site")], 403)]
#[case::an_old_browser(&[("origin", "https://evil.test"), ("x-bowline-csrf", "1")], 403)]
#[case::without_the_header(&[("sec-fetch-site", "same-origin")], 403)]
#[tokio::test]
async fn a_change_by_a_session_must_come_from_our_own_pages(
    #[case] headers: &[(&str, &str)],
    #[case] status: u16,
) -> Result<()> {
    let world = World::new().await?;
    let (cookie, _) = sign_in(&world).await?;
    let answer = with_cookie(&world, Method::POST, "/logout", &cookie, headers).await?;
    assert_eq!(answer.status(), status);
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_session_for_everybody_who_has_the_cookie() -> Result<()> {
    let world = World::new().await?;
    let (cookie, _) = sign_in(&world).await?;
    let out = with_cookie(
        &world,
        Method::POST,
        "/logout",
        &cookie,
        &[("x-bowline-csrf", "1")],
    )
    .await?;
    assert_eq!(
        out.headers()["set-cookie"],
        "bowline-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"
    );
    let after = with_cookie(&world, Method::GET, WHOAMI, &cookie, &[]).await?;
    assert_eq!(after.status(), 401);
    assert_eq!(
        problem(after).await?["detail"],
        "who sends the request is not known: the session has ended"
    );
    Ok(())
}

/// A page of another site can make a browser send it, and the answer would be obeyed.
#[tokio::test]
async fn signing_out_without_a_session_takes_no_cookie_away() -> Result<()> {
    let world = World::new().await?;
    let out = world.request(Who::Anonymous, Method::POST, "/logout");
    let out = out.send().await?;
    assert_eq!(
        (out.status().as_u16(), out.headers().get("set-cookie")),
        (204, None)
    );
    Ok(())
}

#[tokio::test]
async fn without_a_provider_nobody_signs_in_at_one() -> Result<()> {
    let world = World::new().await?;
    for path in ["/oidc/login", "/oidc/callback?code=a&state=b"] {
        assert_eq!(
            world.get(Who::Anonymous, path).await?.status(),
            404,
            "{path}"
        );
    }
    Ok(())
}

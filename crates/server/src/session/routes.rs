//! The pages by which sessions begin and end: one-time links, sign-in at a provider, sign-out.

mod sign_ins;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde::Deserialize;

use super::cookie;
use super::oidc::{Oidc, OidcError};
use crate::App;
use crate::callers::Credentials;
use crate::problem::Problem;
pub(crate) use sign_ins::SignIns;

/// Where browsers go once they are signed in.
const HOME: &str = "/docs/";
/// Where the provider sends browsers back to.
const CALLBACK: &str = "/oidc/callback";

/// All of them; those of a provider answer 404 where none is configured.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(|| async { Redirect::to(HOME) }))
        .route("/login/{code}", get(accept))
        .route("/logout", post(sign_out))
        .route("/oidc/login", get(begin))
        .route(CALLBACK, get(finish))
}

/// Uses up a one-time link. Only `GET`: a `HEAD` of something that looks at links costs nothing.
async fn accept(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_by_hand = site.is_none_or(|site| site == b"none" || site == b"same-origin");
    if method != Method::GET || !is_by_hand {
        return Err(used_up());
    }
    let credentials = app.settings.sessions.accept(&code).ok_or_else(used_up)?;
    let cookie = app.settings.sessions.begin(credentials, None);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(HOME)).into_response())
}

fn used_up() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "the link is not good, or was used before",
    )
    .help("ask `bowline login` for another one, or send a bearer token")
}

async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = app.settings.sessions.end(&headers) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

async fn begin(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let redirect = format!("{}{CALLBACK}", app.settings.origin(&headers, &uri));
    let begun = oidc
        .begin(redirect)
        .await
        .map_err(|error| refused(&error))?;
    let cookie = sign_in_cookie(&app).set(&begun.state, super::oidc::PATIENCE);
    app.sign_ins.remember(&begun.state, begun.pending);
    let location = Redirect::to(begun.location.as_str());
    Ok(([(header::SET_COOKIE, cookie)], location).into_response())
}

/// What the provider sends back with the browser.
#[derive(Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
}

async fn finish(
    State(app): State<Arc<App>>,
    Query(back): Query<Back>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let own = sign_in_cookie(&app).of(&headers);
    let state = back
        .state
        .filter(|state| method == Method::GET && own == Some(state.as_str()));
    let pending = state.and_then(|state| app.sign_ins.take(&state));
    let pending = pending
        .ok_or_else(|| not_begun("the sign-in did not begin in this browser, or long ago"))?;
    let code = back
        .code
        .ok_or_else(|| not_begun("the provider refused the sign-in"))?;
    let (token, person) = oidc
        .finish(&code, &pending)
        .await
        .map_err(|error| refused(&error))?;
    tracing::info!(target: "bowline::audit", user = person.user.name, verb = "sign-in", verdict = "done");
    let session = app
        .settings
        .sessions
        .begin(Credentials::Token(token), Some(person.ends));
    // A redirect would still count as coming from the provider, and browsers would leave out the
    // new cookie; a page of ours that moves on does not.
    let page = Html(format!(
        "<!doctype html><title>Bowline</title><meta http-equiv=\"refresh\" content=\"0;url={HOME}\">\
         <p>Signed in. <a href=\"{HOME}\">Go on</a></p>"
    ));
    let mut answer = page.into_response();
    for cookie in [session, sign_in_cookie(&app).unset()] {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

fn provider(app: &App) -> Result<&Oidc, Problem> {
    app.settings.oidc.as_deref().ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "no OpenID provider is configured")
            .help("use the link that `bowline login` says, or a bearer token")
    })
}

fn sign_in_cookie(app: &App) -> cookie::Name {
    cookie::Name::sign_in(app.settings.is_secure)
}

fn not_begun(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, detail).help("begin again at `/oidc/login`")
}

fn refused(error: &OidcError) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "a sign-in failed");
    let status = match error {
        OidcError::Token(_) => StatusCode::FORBIDDEN,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    Problem::new(status, error.to_string()).help("begin again at `/oidc/login`")
}

//! Signing in to a registry: user and password, or a token that a service which the registry names
//! gives for them. What the token is good for is left to the steps after.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_core::docker_config::Login;
use bowline_core::{Kind, Sensitive};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::challenge::Challenge;
use crate::http::{Answer, Call};
use crate::outcome::{self, Outcome};
use crate::session::Session;
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;

/// What shows the registry who is there.
pub(super) struct Pass {
    header: Option<Sensitive>,
    /// Whether the registry asked for it.
    pub is_asked: bool,
    /// What it means when the registry refuses it.
    pub refused: &'static Outcome,
}

impl Pass {
    /// A request that shows it.
    pub(super) fn call(&self, method: Method, url: Url) -> Call {
        let call = Call::new(method, url);
        match self.header.as_ref().and_then(Sensitive::expose_str) {
            Some(header) => call.secret(AUTHORIZATION, header),
            None => call,
        }
    }
}

/// Signs in, with a token for `scope` where the registry takes tokens.
pub(super) async fn sign_in(
    session: &mut Session<'_>,
    base: &Url,
    login: Option<&Login>,
    scope: Option<&str>,
) -> Result<Pass, Trouble> {
    let answer = ask(session, Call::new(Method::GET, base.clone())).await?;
    let refused = match login {
        Some(_) => &outcome::MAY_NOT_PULL,
        None => &outcome::REGISTRY_LOGIN_NEEDED,
    };
    let header = match answer.status {
        StatusCode::OK => {
            return Ok(Pass {
                header: None,
                is_asked: false,
                refused,
            });
        }
        StatusCode::UNAUTHORIZED => header(session, base, &answer, login, scope).await?,
        status => {
            let detail = format!("status {} at `/v2/`", status.as_u16());
            return Err(Trouble::new(&outcome::ANSWER_UNKNOWN).detail(detail));
        }
    };
    Ok(Pass {
        header,
        is_asked: true,
        refused,
    })
}

async fn header(
    session: &mut Session<'_>,
    base: &Url,
    answer: &Answer,
    login: Option<&Login>,
    scope: Option<&str>,
) -> Result<Option<Sensitive>, Trouble> {
    let headers = answer.headers.get_all(WWW_AUTHENTICATE).iter();
    let headers: Vec<&str> = headers.filter_map(|header| header.to_str().ok()).collect();
    match (Challenge::find(&headers), login) {
        (_, Some(Login::Bearer(token))) => {
            let header = bearer(token.expose_str().unwrap_or_default());
            checked(session, base, header).await.map(Some)
        }
        (Some(Challenge::Basic), Some(Login::Password { username, password })) => {
            checked(session, base, basic(username, password))
                .await
                .map(Some)
        }
        (Some(Challenge::Basic), Some(Login::Identity(_))) => {
            Err(Trouble::new(&outcome::LOGIN_KIND_WRONG).detail("`identitytoken`"))
        }
        (Some(Challenge::Basic), None) => Err(Trouble::new(&outcome::REGISTRY_LOGIN_NEEDED)),
        (Some(Challenge::Bearer { realm, service }), login) => {
            let realm = self::realm(base, &realm)?;
            let desk = Desk {
                realm,
                service,
                login,
            };
            desk.token(session, scope)
                .await
                .map(|token| Some(bearer(&token)))
        }
        (None, _) => {
            Err(Trouble::new(&outcome::ANSWER_UNKNOWN).detail("it does not say how to sign in"))
        }
    }
}

/// Shows a header to the registry.
async fn checked(
    session: &mut Session<'_>,
    base: &Url,
    header: Sensitive,
) -> Result<Sensitive, Trouble> {
    let text = header.expose_str().unwrap_or_default();
    let call = Call::new(Method::GET, base.clone()).secret(AUTHORIZATION, text);
    let answer = ask(session, call).await?;
    match answer.status {
        StatusCode::OK => Ok(header),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(wrong_login(base)),
        _ => Err(otherwise(&answer, None)),
    }
}

fn bearer(token: &str) -> Sensitive {
    Sensitive::new(format!("Bearer {token}"))
}

fn basic(username: &str, password: &Sensitive) -> Sensitive {
    let pair = [username.as_bytes(), b":", password.expose()].concat();
    Sensitive::new(format!(
        "Basic {}",
        STANDARD.encode(Sensitive::new(pair).expose())
    ))
}

/// Logins of Amazon's registry end by themselves, which is the likelier cause there.
fn wrong_login(base: &Url) -> Trouble {
    let host = base.host_str().unwrap_or_default();
    let is_amazon = super::ecr::region(host).is_some();
    Trouble::new(if is_amazon {
        &outcome::REGISTRY_LOGIN_EXPIRED
    } else {
        &outcome::WRONG_REGISTRY_LOGIN
    })
}

/// Where tokens are given, as the registry says. A login that travels to the registry by TLS does
/// not travel on in clear.
fn realm(base: &Url, text: &str) -> Result<Url, Trouble> {
    let unknown = || Trouble::new(&outcome::ANSWER_UNKNOWN).detail("its token service has no URL");
    let realm = Url::parse(text).map_err(|_| unknown())?;
    match realm.scheme() {
        "https" => Ok(realm),
        "http" if base.scheme() == "http" => Ok(realm),
        "http" => Err(Trouble::new(&outcome::REALM_PLAIN)),
        _ => Err(Trouble::new(&outcome::REALM_FORBIDDEN)),
    }
}

/// Where tokens are given, and to whom.
struct Desk<'a> {
    realm: Url,
    service: Option<String>,
    login: Option<&'a Login>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Desk<'_> {
    async fn token(
        &self,
        session: &mut Session<'_>,
        scope: Option<&str>,
    ) -> Result<String, Trouble> {
        let answer = self.ask(session, scope).await?;
        match answer.status {
            StatusCode::OK => {
                let unknown = || Trouble::new(&outcome::ANSWER_UNKNOWN).detail("no token came");
                let token: Token = serde_json::from_slice(&answer.body).map_err(|_| unknown())?;
                token
                    .token
                    .or(token.access_token)
                    .filter(|text| !text.is_empty())
                    .ok_or_else(unknown)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.why(session, scope).await),
            _ => Err(otherwise(&answer, None)),
        }
    }

    /// Some services refuse a right login when it lacks the right that is asked for; without asking
    /// for one it must be taken.
    async fn why(&self, session: &mut Session<'_>, scope: Option<&str>) -> Trouble {
        if self.login.is_none() {
            return Trouble::new(&outcome::REGISTRY_LOGIN_NEEDED);
        }
        if scope.is_some()
            && self
                .ask(session, None)
                .await
                .is_ok_and(|it| it.status == StatusCode::OK)
        {
            return Trouble::new(&outcome::MAY_NOT_PULL);
        }
        Trouble::new(&outcome::WRONG_REGISTRY_LOGIN)
    }

    async fn ask(&self, session: &mut Session<'_>, scope: Option<&str>) -> Result<Answer, Trouble> {
        let call = self.call(scope);
        let host = self.realm.host_str().unwrap_or_default().to_owned();
        ask(session, call)
            .await
            .map_err(|trouble| match trouble.outcome.kind {
                Some(Kind::Forbidden) => Trouble::new(&outcome::REALM_FORBIDDEN).detail(host),
                _ => trouble.or_detail(host),
            })
    }

    fn call(&self, scope: Option<&str>) -> Call {
        let mut url = self.realm.clone();
        let service = self.service.as_deref().map(|text| ("service", text));
        let asked = service.into_iter().chain(scope.map(|text| ("scope", text)));
        if let Some(Login::Identity(token)) = self.login {
            let mut form = Serializer::new(String::new());
            form.extend_pairs(asked)
                .append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "bowline");
            form.append_pair("refresh_token", token.expose_str().unwrap_or_default());
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            let mut call = Call::new(Method::POST, url).header(CONTENT_TYPE, kind);
            call.body = form.finish().into();
            return call;
        }
        url.query_pairs_mut().extend_pairs(asked);
        let call = Call::new(Method::GET, url);
        match self.login {
            Some(Login::Password { username, password }) => call.secret(
                AUTHORIZATION,
                basic(username, password).expose_str().unwrap_or_default(),
            ),
            _ => call,
        }
    }
}

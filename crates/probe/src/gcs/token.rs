//! Getting a token for a key file: a service account signs a claim (RFC 7523), a person's refresh
//! token is exchanged. As "Using OAuth 2.0 for Server to Server Applications" of Google describes it.
//! Workloads are left to `federation`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowline_core::{Kind as Failure, Sensitive};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use url::form_urlencoded::Serializer;

use super::key::{Key, Kind, sign};
use crate::http::{Answer, Call};
use crate::outcome;
use crate::session::Session;
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;

/// Reading and writing data.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
/// Seconds for which a claim is good.
const LIFE: i64 = 300;

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) access_token: Sealed,
}

/// Text that is taken over at once, and never quoted in an error.
pub(super) struct Sealed(pub(super) Sensitive);

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from).map_err(|_| serde::de::Error::custom("no text"))?;
        Ok(Self(Sensitive::new(text)))
    }
}

#[derive(Deserialize, Default)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) error: String,
    #[serde(default)]
    error_description: String,
}

pub(super) async fn get(session: &mut Session<'_>, key: &Key) -> Result<Sensitive, Trouble> {
    let url = Url::parse(&key.tokens).ok().filter(|url| url.has_host());
    let url = url.ok_or_else(|| Trouble::new(&outcome::TOKENS_FORBIDDEN))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let now = (session.settings.now)().as_second();
    let mut call = Call::new(Method::POST, url);
    call = call.header(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    call.body = form(key, now)?.into();
    let answer = ask(session, call)
        .await
        .map_err(|trouble| match trouble.outcome.kind {
            Some(Failure::Forbidden) => Trouble::new(&outcome::TOKENS_FORBIDDEN).detail(host),
            _ => trouble.or_detail(host),
        })?;
    if answer.status != StatusCode::OK {
        return Err(refused(key, &answer));
    }
    let unknown = || Trouble::new(&outcome::ANSWER_UNKNOWN).detail("no token came");
    let token: Token = serde_json::from_slice(&answer.body).map_err(|_| unknown())?;
    Ok(token.access_token.0)
}

fn form(key: &Key, now: i64) -> Result<String, Trouble> {
    let mut form = Serializer::new(String::new());
    match &key.kind {
        Kind::Account {
            email,
            id,
            key: private,
        } => {
            let mut header = json!({"alg": "RS256", "typ": "JWT"});
            if let Some(id) = id {
                header["kid"] = json!(id);
            }
            let claims = json!({
                "iss": email, "scope": SCOPE, "aud": key.tokens, "iat": now, "exp": now + LIFE,
            });
            let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let text = format!("{}.{}", encoded(&header), encoded(&claims));
            let unusable = || Trouble::new(&outcome::PRIVATE_KEY_UNREADABLE);
            let signature = sign(private, &text).ok_or_else(unusable)?;
            let assertion = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
            form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
            form.append_pair("assertion", &assertion);
        }
        Kind::Person {
            client,
            secret,
            token,
        } => {
            form.append_pair("grant_type", "refresh_token")
                .append_pair("client_id", client);
            form.append_pair("client_secret", secret.expose_str().unwrap_or_default());
            form.append_pair("refresh_token", token.expose_str().unwrap_or_default());
        }
    }
    Ok(form.finish())
}

/// Why Google gives no token. Its words only choose among our outcomes.
fn refused(key: &Key, answer: &Answer) -> Trouble {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = &refusal.error_description;
    let says = |text: &str| words.contains(text);
    let is_person = matches!(key.kind, Kind::Person { .. });
    let outcome = match refusal.error.as_str() {
        "invalid_grant" | "invalid_client" | "unauthorized_client" if is_person => {
            &outcome::REFRESH_TOKEN_REFUSED
        }
        "invalid_grant" if says("account not found") => &outcome::UNKNOWN_SERVICE_ACCOUNT,
        "invalid_grant" if says("short-lived") || says("timeframe") => &outcome::CLOCK_OFF,
        "invalid_grant" => &outcome::WRONG_SERVICE_ACCOUNT_KEY,
        "disabled_client" | "account_disabled" => &outcome::UNKNOWN_SERVICE_ACCOUNT,
        code => return otherwise(answer, Some(code).filter(|code| !code.is_empty())),
    };
    Trouble::new(outcome)
}

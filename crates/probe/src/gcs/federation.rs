//! Workload identity federation: a workload shows Google the token that its cluster made for it, gets
//! one of Google's in return, and with that one of a service account where the credentials name one.
//! Everything else about tokens is left to `token`.
//!
//! After "Configure Workload Identity Federation with Kubernetes" of Google Cloud and RFC 8693. Whoever
//! writes a connection chooses pool and account, but not where a token is sent.

use bowline_core::{Connection, Sensitive};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use url::form_urlencoded::Serializer;

use super::key::text;
use super::token::{Refusal, SCOPE, Sealed, Token};
use crate::http::{Answer, Call};
use crate::outcome;
use crate::session::{Session, quoted};
use crate::status::{ask, otherwise};
use crate::trouble::Trouble;

/// What the credentials may say about where tokens are given; they are given at the settings' place.
const TOKENS: &str = "https://sts.googleapis.com/v1/token";
/// What stands around an account's name in the address that gives its tokens.
const ACCOUNT: [&str; 2] = [
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/",
    ":generateAccessToken",
];
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// Seconds for which the account's token is good.
const LIFE: &str = "300s";

#[derive(Deserialize)]
struct File {
    r#type: String,
    audience: Option<String>,
    subject_token_type: Option<String>,
    token_url: Option<String>,
    service_account_impersonation_url: Option<String>,
    credential_source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    file: Option<String>,
}

/// Whom a workload is taken for.
#[derive(Debug)]
pub(super) struct Federation {
    /// The provider that vouches for the workload.
    audience: String,
    /// The service account that it acts as.
    pub(super) account: Option<String>,
}

/// The audience of the token by which a workload uses this connection; `None` where it needs none.
///
/// Only a provider of a pool of Google's can be one, so that the token is good for nothing else.
pub fn token_audience(connection: &Connection) -> Option<String> {
    let federation = Federation::of(text(connection))?;
    Some(format!("https:{}", federation.audience))
}

impl Federation {
    /// What credentials say; `None` where they do not name the token of a pod and a provider of a pool
    /// of Google's, or send anywhere else, which is not tried.
    pub(super) fn of(text: &str) -> Option<Self> {
        let file: File = serde_json::from_str(text).ok()?;
        let is_pod = file.r#type == "external_account"
            && file
                .credential_source
                .is_some_and(|from| from.file.is_some())
            && file.subject_token_type.as_deref() == Some(JWT)
            && file.token_url.is_none_or(|url| url == TOKENS);
        let account = match file.service_account_impersonation_url {
            Some(url) => Some(account_in(&url)?),
            None => None,
        };
        let audience = file.audience.filter(|audience| is_provider(audience))?;
        is_pod.then_some(Self { audience, account })
    }
}

/// Whether a text is `//iam.googleapis.com/projects/…/workloadIdentityPools/…/providers/…`.
fn is_provider(audience: &str) -> bool {
    let parts: Vec<&str> = audience.split('/').collect();
    let is_word = |part: &str| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".:-".contains(c);
        !part.is_empty() && part.chars().all(is_plain)
    };
    match parts[..] {
        [
            "",
            "",
            "iam.googleapis.com",
            "projects",
            project,
            "locations",
            "global",
            "workloadIdentityPools",
            pool,
            "providers",
            provider,
        ] => [project, pool, provider].into_iter().all(is_word),
        _ => false,
    }
}

/// The account that an address gives tokens of.
fn account_in(url: &str) -> Option<String> {
    let name = url.strip_prefix(ACCOUNT[0])?.strip_suffix(ACCOUNT[1])?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@.-".contains(c);
    (!name.is_empty() && name.chars().all(is_plain)).then(|| name.to_owned())
}

/// A token of Google's for that of a workload.
pub(super) async fn get(
    session: &mut Session<'_>,
    federation: &Federation,
    shown: &Sensitive,
) -> Result<Sensitive, Trouble> {
    let token = exchange(session, federation, shown).await?;
    match &federation.account {
        Some(account) => act_as(session, account, &token).await,
        None => Ok(token),
    }
}

async fn exchange(
    session: &mut Session<'_>,
    federation: &Federation,
    shown: &Sensitive,
) -> Result<Sensitive, Trouble> {
    let url = place(&session.settings.google_sts)?;
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    let mut call = Call::new(Method::POST, url).header(CONTENT_TYPE, form_type);
    call.body = form(federation, shown).into();
    let answer = ask(session, call).await?;
    if answer.status != StatusCode::OK {
        return Err(not_exchanged(federation, &answer));
    }
    let token: Token = serde_json::from_slice(&answer.body).map_err(|_| nothing_came())?;
    Ok(token.access_token.0)
}

fn form(federation: &Federation, shown: &Sensitive) -> String {
    // What it takes to ask for an account's token, as the client library of Google asks for it.
    let scope = match federation.account {
        Some(_) => "https://www.googleapis.com/auth/iam",
        None => SCOPE,
    };
    Serializer::new(String::new())
        .append_pair(
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        )
        .append_pair("audience", &federation.audience)
        .append_pair("scope", scope)
        .append_pair(
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        )
        .append_pair("subject_token_type", JWT)
        .append_pair("subject_token", shown.expose_str().unwrap_or_default())
        .finish()
}

/// Why Google takes no token. Its words only choose among our outcomes.
fn not_exchanged(federation: &Federation, answer: &Answer) -> Trouble {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    match refusal.error.as_str() {
        "invalid_target" => {
            Trouble::new(&outcome::IDENTITY_POOL_UNKNOWN).detail(quoted(&federation.audience))
        }
        "invalid_grant" | "unauthorized_client" | "access_denied" => {
            Trouble::new(&outcome::WORKLOAD_IDENTITY_REFUSED)
        }
        code => otherwise(answer, Some(code).filter(|code| !code.is_empty())),
    }
}

async fn act_as(
    session: &mut Session<'_>,
    account: &str,
    token: &Sensitive,
) -> Result<Sensitive, Trouble> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        access_token: Sealed,
    }
    let mut url = place(&session.settings.google_iam)?;
    let action = format!("{account}{}", ACCOUNT[1]);
    if let Ok(mut segments) = url.path_segments_mut() {
        let path = ["v1", "projects", "-", "serviceAccounts", &action];
        segments.pop_if_empty().extend(path);
    }
    let bearer = format!("Bearer {}", token.expose_str().unwrap_or_default());
    let mut call = Call::new(Method::POST, url)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .secret(AUTHORIZATION, &bearer);
    let wanted = json!({"scope": [SCOPE], "lifetime": LIFE});
    call.body = wanted.to_string().into();
    let answer = ask(session, call).await?;
    let named = |outcome| Trouble::new(outcome).detail(quoted(account));
    match answer.status {
        StatusCode::OK => {}
        StatusCode::FORBIDDEN => return Err(named(&outcome::MAY_NOT_ACT_AS)),
        StatusCode::NOT_FOUND => return Err(named(&outcome::UNKNOWN_SERVICE_ACCOUNT)),
        _ => return Err(otherwise(&answer, None)),
    }
    let given: Given = serde_json::from_slice(&answer.body).map_err(|_| nothing_came())?;
    Ok(given.access_token.0)
}

fn place(address: &str) -> Result<Url, Trouble> {
    Url::parse(address).map_err(|_| Trouble::new(&outcome::ADDRESS_UNREADABLE))
}

fn nothing_came() -> Trouble {
    Trouble::new(&outcome::ANSWER_UNKNOWN).detail("no token came")
}
